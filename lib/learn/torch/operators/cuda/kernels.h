// SPDX-License-Identifier: Apache-2.0
// Private to the operators: their kernels on CUDA, for C++ that knows no CUDA. Pointers are of the stream's
// device, and nothing waits for the stream.
#pragma once

#include <array>
#include <cstdint>

#include "learn/torch/operators/roi_align_samples.h"

namespace maskmill::learn::cuda {

/// Whether these are there to be called: MASKMILL_CUDA_KERNELS in lib/cmake/MaskmillCudaKernels.cmake.
#ifdef MASKMILL_CUDA_KERNELS
inline constexpr bool kBuilt = true;
#else
inline constexpr bool kBuilt = false;
#endif

struct Stream {
  int device;    ///< becomes the thread's current one
  void* handle;  ///< cudaStream_t
};

/// What CUDA says of a launch that it refused; nullptr where it took it.
using Refusal = const char*;

/// Bytes that nms() needs for itself: some 512 a box, for many boxes.
std::int64_t nms_scratch_bytes(std::int64_t count);

/// Of `boxes` (count, 4) by falling score, count at least 1, `kept` (count) says which those are that no kept
/// one before them suppresses. `categories` (count), or nullptr: all are one. `scratch`, of
/// nms_scratch_bytes(count), begins at a multiple of 8 bytes.
Refusal nms(const float* boxes, const std::int64_t* categories, std::int64_t count, float threshold,
            void* scratch, bool* kept, const Stream& stream);
Refusal nms(const double* boxes, const std::int64_t* categories, std::int64_t count, double threshold,
            void* scratch, bool* kept, const Stream& stream);

enum class ValueType { float32, float64, float16, bfloat16 };

/// A batch of feature maps, without gaps.
struct Maps {
  ValueType type;
  MapSize size;
  bool channels_last;
};

/// `rois` (count, 5), in the type that the maps' values are summed in, each of an image that is there.
struct RegionList {
  const void* rois;
  std::int64_t count;
};

/// Channels times bins below 2^31 are what a region may have.
bool takes_region(std::int64_t channels, const Pooling& pooling);

/// `pooled` (regions, channels, height, width), contiguous, of the maps' type.
Refusal roi_align(const Maps& maps, const void* values, const RegionList& regions, const Pooling& pooling,
                  void* pooled, const Stream& stream);

/// Adds to `sums`, maps as described but for their type, which is the one that values are summed in; in an
/// order that changes from call to call. `grads` (regions, channels, height, width), of the maps' type, with
/// these strides.
Refusal roi_align_backward(const Maps& maps, const void* grads, const std::array<std::int64_t, 4>& strides,
                           const RegionList& regions, const Pooling& pooling, void* sums,
                           const Stream& stream);

}  // namespace maskmill::learn::cuda
