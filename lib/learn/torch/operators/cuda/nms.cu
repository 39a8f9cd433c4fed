// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "learn/torch/operators/cuda/kernels.h"
#include "learn/torch/operators/cuda/nms_threads.h"

namespace maskmill::learn::cuda {
namespace {

/// A thread for a box of the slab and a block from its own on: blockIdx.y and x.
template <class Value>
__global__ void __launch_bounds__(kBlock) find_overlaps(const Slab<Value> slab) {
  const std::int64_t row = slab.first + blockIdx.y, column = slab.first + blockIdx.x;
  if (!may_overlap(slab, row, column)) return;
  __shared__ Corners<Value> boxes[kBlock];
  __shared__ std::int64_t categories[kBlock];
  const int t = static_cast<int>(threadIdx.x);
  if (t < slab.boxes_in(column)) {
    boxes[t] = slab.boxes[column * kBlock + t];
    if (slab.categories != nullptr) categories[t] = slab.categories[column * kBlock + t];
  }
  __syncthreads();
  find_overlaps_of<Value>(slab, row, column, t, {boxes, categories});
}

constexpr int kParts = 4;  // of a block, each with threads of its own to gather what it suppresses
constexpr int kDeciders = kSlab * kParts;

/// One group of threads decides block after block, and what each suppresses of the slab.
template <class Value>
__global__ void __launch_bounds__(kDeciders) keep_greedily(const Slab<Value> slab, bool* is_kept) {
  __shared__ Word overlapped[kBlock];
  __shared__ Word suppressed[kSlab];
  const int t = static_cast<int>(threadIdx.x), column = t % kSlab, part = t / kSlab;
  constexpr int kPart = kBlock / kParts;
  if (t < slab.blocks) suppressed[t] = slab.suppressed[slab.first + t];
  for (int b = 0; b < slab.blocks; ++b) {
    if (t < kBlock) overlapped[t] = overlapped_within(slab, b, t);
    __syncthreads();
    const Word kept = kept_of(slab, b, suppressed[b], overlapped);
    if (column > b && column < slab.blocks) {
      const Word found = suppressed_by(slab, b, kept, slab.first + column, part * kPart, (part + 1) * kPart);
      if (found != 0) atomicOr(&suppressed[column], found);
    }
    const std::int64_t block = slab.first + b;
    if (t < slab.boxes_in(block)) is_kept[block * kBlock + t] = (kept >> t & 1) != 0;
    if (t == 0) slab.kept[b] = kept;
    __syncthreads();
  }
}

/// A thread for a block of the slab and one behind the slab: blockIdx.y, and x and threadIdx.x.
template <class Value>
__global__ void __launch_bounds__(kBlock) suppress_behind(const Slab<Value> slab) {
  const std::int64_t column =
      slab.first + slab.blocks + static_cast<std::int64_t>(blockIdx.x) * kBlock + threadIdx.x;
  if (column >= slab.total) return;
  const int b = static_cast<int>(blockIdx.y);
  const Word found = suppressed_by(slab, b, slab.kept[b], column, 0, kBlock);
  if (found != 0) atomicOr(&slab.suppressed[column], found);
}

std::int64_t blocks_of(std::int64_t count) {
  return (count + kBlock - 1) / kBlock;
}

Refusal refusal(cudaError_t error) {
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

template <class Value>
Refusal decide(const Value* boxes, const std::int64_t* categories, std::int64_t count, Value threshold,
               void* scratch, bool* is_kept, const Stream& on) {
  auto* const stream = static_cast<cudaStream_t>(on.handle);
  const std::int64_t total = blocks_of(count);
  auto* const words = static_cast<Word*>(scratch);
  Slab<Value> slab{reinterpret_cast<const Corners<Value>*>(boxes),
                   categories,
                   count,
                   total,
                   threshold,
                   0,
                   0,
                   words,
                   words + total,
                   words + total + kSlab};
  if (const cudaError_t error = cudaSetDevice(on.device); error != cudaSuccess) return refusal(error);
  if (const cudaError_t error = cudaMemsetAsync(slab.suppressed, 0, total * sizeof(Word), stream);
      error != cudaSuccess)
    return refusal(error);
  for (; slab.first < total; slab.first += kSlab) {
    slab.blocks = static_cast<int>(std::min<std::int64_t>(kSlab, total - slab.first));
    const auto to_end = static_cast<unsigned>(total - slab.first), rows = static_cast<unsigned>(slab.blocks);
    find_overlaps<<<dim3(to_end, rows), kBlock, 0, stream>>>(slab);
    keep_greedily<<<1, kDeciders, 0, stream>>>(slab, is_kept);
    if (to_end > rows)
      suppress_behind<<<dim3((to_end - rows + kBlock - 1) / kBlock, rows), kBlock, 0, stream>>>(slab);
    if (const cudaError_t error = cudaGetLastError(); error != cudaSuccess) return refusal(error);
  }
  return nullptr;
}

}  // namespace

std::int64_t nms_scratch_bytes(std::int64_t count) {
  const std::int64_t total = blocks_of(count);
  return static_cast<std::int64_t>(sizeof(Word)) *
         (total + kSlab + std::min<std::int64_t>(kSlab, total) * kBlock * total);
}

Refusal nms(const float* boxes, const std::int64_t* categories, std::int64_t count, float threshold,
            void* scratch, bool* kept, const Stream& stream) {
  return decide(boxes, categories, count, threshold, scratch, kept, stream);
}

Refusal nms(const double* boxes, const std::int64_t* categories, std::int64_t count, double threshold,
            void* scratch, bool* kept, const Stream& stream) {
  return decide(boxes, categories, count, threshold, scratch, kept, stream);
}

}  // namespace maskmill::learn::cuda
