// SPDX-License-Identifier: Apache-2.0
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <limits>

#include "learn/torch/operators/cuda/kernels.h"
#include "learn/torch/operators/cuda/roi_align_threads.h"

namespace maskmill::learn::cuda {
namespace {

constexpr int kThreads = 256;

/// Calls handle(region, which of its values) for those of a thread: of one value, in blockIdx.x and
/// threadIdx.x, and some regions, from blockIdx.y on.
template <bool ChannelsLast, class Value, class Handle>
__device__ void each_value(const RegionJob<Value>& job, const Handle& handle) {
  const std::int64_t thread = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (thread >= job.values) return;
  const RegionValue at = region_value<ChannelsLast>(job, static_cast<std::int32_t>(thread));
  for (std::int64_t region = blockIdx.y; region < job.regions; region += gridDim.y) handle(region, at);
}

template <bool ChannelsLast, class Value>
__global__ void __launch_bounds__(kThreads)
    pool(const RegionJob<Value> job, const Value* maps, Value* pooled) {
  each_value<ChannelsLast>(job, [&](std::int64_t region, const RegionValue& at) {
    pool_value<ChannelsLast>(job, region, at, maps, pooled);
  });
}

template <bool ChannelsLast, class Value>
__global__ void __launch_bounds__(kThreads)
    spread(const RegionJob<Value> job, const Value* grads, const GradStrides strides, SumOf<Value>* sums) {
  each_value<ChannelsLast>(job, [&](std::int64_t region, const RegionValue& at) {
    spread_value<ChannelsLast>(job, region, at, grads, strides, [&](std::int64_t pixel, SumOf<Value> value) {
      atomicAdd(sums + pixel, value);
    });
  });
}

Refusal refusal(cudaError_t error) {
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

/// Calls launch(job, grid) with a job of the maps' type.
template <class Launch>
Refusal with_job(const Stream& on, const Maps& maps, const RegionList& regions, const Pooling& pooling,
                 const Launch& launch) {
  const auto values = static_cast<std::int32_t>(maps.size.channels * pooling.height * pooling.width);
  if (values == 0 || regions.count == 0) return nullptr;
  if (const cudaError_t error = cudaSetDevice(on.device); error != cudaSuccess) return refusal(error);
  const dim3 grid((static_cast<unsigned>(values) + kThreads - 1) / kThreads,
                  static_cast<unsigned>(std::min<std::int64_t>(regions.count, 65535)));
  const auto with = [&](auto type) {
    using Value = decltype(type);
    launch(RegionJob<Value>{maps.size, pooling, static_cast<const SumOf<Value>*>(regions.rois), regions.count,
                            values},
           grid);
  };
  switch (maps.type) {
    case ValueType::float32:
      with(float{});
      break;
    case ValueType::float64:
      with(double{});
      break;
    case ValueType::float16:
      with(__half{});
      break;
    case ValueType::bfloat16:
      with(__nv_bfloat16{});
      break;
  }
  return refusal(cudaGetLastError());
}

template <class Value>  // not defined: for decltype
Value type_of(const RegionJob<Value>&);

}  // namespace

bool takes_region(std::int64_t channels, const Pooling& pooling) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  return pooling.height <= kMost / pooling.width && channels <= kMost / (pooling.height * pooling.width);
}

Refusal roi_align(const Maps& maps, const void* values, const RegionList& regions, const Pooling& pooling,
                  void* pooled, const Stream& on) {
  auto* const stream = static_cast<cudaStream_t>(on.handle);
  return with_job(on, maps, regions, pooling, [&](const auto& job, const dim3& grid) {
    using Value = decltype(type_of(job));
    const auto* const from = static_cast<const Value*>(values);
    auto* const to = static_cast<Value*>(pooled);
    if (maps.channels_last)
      pool<true><<<grid, kThreads, 0, stream>>>(job, from, to);
    else
      pool<false><<<grid, kThreads, 0, stream>>>(job, from, to);
  });
}

Refusal roi_align_backward(const Maps& maps, const void* grads, const std::array<std::int64_t, 4>& strides,
                           const RegionList& regions, const Pooling& pooling, void* sums, const Stream& on) {
  auto* const stream = static_cast<cudaStream_t>(on.handle);
  return with_job(on, maps, regions, pooling, [&](const auto& job, const dim3& grid) {
    using Value = decltype(type_of(job));
    const auto* const from = static_cast<const Value*>(grads);
    const GradStrides steps{strides[0], strides[1], strides[2], strides[3]};
    auto* const to = static_cast<SumOf<Value>*>(sums);
    if (maps.channels_last)
      spread<true><<<grid, kThreads, 0, stream>>>(job, from, steps, to);
    else
      spread<false><<<grid, kThreads, 0, stream>>>(job, from, steps, to);
  });
}

}  // namespace maskmill::learn::cuda
