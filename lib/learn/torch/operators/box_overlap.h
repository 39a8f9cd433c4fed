// SPDX-License-Identifier: Apache-2.0
// Private to nms: the arithmetic of two boxes, for every processor. What is kept hangs on the last bit of it:
// no product may be fused with a sum. GCC and nvcc are told so by the command lines of those who include
// this.
#pragma once

#include <cmath>
#include <limits>

#include "learn/torch/operators/host_device.h"

#if defined(__clang__) && !defined(__CUDACC__)
#define MASKMILL_NOT_FUSED _Pragma("clang fp contract(off)")
#else
#define MASKMILL_NOT_FUSED
#endif

namespace maskmill::learn {

/// A row of boxes (N, 4).
template <class Value>
struct alignas(4 * sizeof(Value)) Corners {
  Value x1, y1, x2, y2;
};

template <class Value>
MASKMILL_HOST_DEVICE Value area_of(const Corners<Value>& box) {
  MASKMILL_NOT_FUSED
  return (box.x2 - box.x1) * (box.y2 - box.y1);
}

/// Whether `keeper` suppresses `other`: their intersection over union is above the threshold. The comparisons
/// are std::max's and std::min's, whose first argument wins over one that is not a number.
template <class Value>
MASKMILL_HOST_DEVICE bool suppresses(const Corners<Value>& keeper, Value keeper_area,
                                     const Corners<Value>& other, Value other_area, Value threshold) {
  MASKMILL_NOT_FUSED
  const Value from_x = keeper.x1 < other.x1 ? other.x1 : keeper.x1;
  const Value from_y = keeper.y1 < other.y1 ? other.y1 : keeper.y1;
  const Value to_x = other.x2 < keeper.x2 ? other.x2 : keeper.x2;
  const Value to_y = other.y2 < keeper.y2 ? other.y2 : keeper.y2;
  const Value across = to_x - from_x, down = to_y - from_y;
  const Value width = Value{0} < across ? across : Value{0};
  const Value height = Value{0} < down ? down : Value{0};
  const Value both = width * height;
  return both / (keeper_area + other_area - both) > threshold;
}

/// Overlaps are compared with the threshold as float64 numbers: those above it are the floats above the
/// largest float that is not.
template <class Value>
Value largest_not_above(double threshold) {
  const auto rounded = static_cast<Value>(threshold);
  return static_cast<double>(rounded) > threshold
             ? std::nextafter(rounded, -std::numeric_limits<Value>::infinity())
             : rounded;
}

}  // namespace maskmill::learn
