// SPDX-License-Identifier: Apache-2.0
// Private to roi_align: where a region's samples lie and between which pixels, for every processor.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "learn/torch/operators/host_device.h"

namespace maskmill::learn {

/// How a region is divided and sampled.
struct Pooling {
  double spatial_scale;
  std::int64_t height, width;  ///< in bins
  std::int64_t sampling_ratio;
  bool aligned;
};

struct MapSize {
  std::int64_t batch, channels, height, width;
};

/// What values of a type are located and summed in.
template <class Value>
using SumOf = std::conditional_t<std::is_same_v<Value, double>, double, float>;

/// A region along one axis, in the map's pixels.
template <class Sum>
struct SampledLine {
  Sum begin, bin;  ///< where the first bin begins, and the length of each
  Sum samples;     ///< in a bin; none where it is not above 0
};

template <class Sum>
MASKMILL_HOST_DEVICE SampledLine<Sum> sampled_line(Sum low, Sum high, std::int64_t bins,
                                                   const Pooling& pooling) {
  const auto scale = static_cast<Sum>(pooling.spatial_scale);
  const Sum offset = pooling.aligned ? Sum{0.5} : Sum{0};
  const Sum begin = low * scale - offset;
  Sum size = high * scale - offset - begin;
  if (!pooling.aligned) size = size < 1 ? Sum{1} : size;  // what is not a number stays
  const Sum bin = size / static_cast<Sum>(bins);
  return {begin, bin, pooling.sampling_ratio > 0 ? static_cast<Sum>(pooling.sampling_ratio) : std::ceil(bin)};
}

/// Where a bin begins.
template <class Sum>
MASKMILL_HOST_DEVICE Sum begin_of(const SampledLine<Sum>& line, std::int64_t bin) {
  return line.begin + static_cast<Sum>(bin) * line.bin;
}

/// Where a sample of the bin that begins there lies.
template <class Sum>
MASKMILL_HOST_DEVICE Sum place_of(const SampledLine<Sum>& line, Sum bin_begin, std::int64_t sample) {
  return bin_begin + (static_cast<Sum>(sample) + Sum{0.5}) * line.bin / line.samples;
}

struct SampleRange {
  std::int64_t begin, end;
};

/// Not within the function: CUDA's compiler calls nothing there that is not its own, constant or not.
template <class Sum>
inline constexpr double kRounding = std::numeric_limits<Sum>::epsilon();

/// Of a bin's samples those that may lie on the map, so that a region of a million pixels costs no more than
/// the map. Generous: neighbours_of() looks at each.
template <class Sum>
MASKMILL_HOST_DEVICE SampleRange samples_near(const SampledLine<Sum>& line, Sum bin_begin,
                                              std::int64_t extent) {
  constexpr double kMost = 1LL << 40;
  constexpr Sum kFew = 32;  // are looked at sooner than this is worked out
  if (!(line.samples > 0) || extent == 0) return {0, 0};
  if (line.samples <= kFew) return {0, static_cast<std::int64_t>(line.samples)};
  if (!std::isfinite(bin_begin) || !std::isfinite(line.bin)) return {0, 0};
  const double step = static_cast<double>(line.bin) / static_cast<double>(line.samples);
  double low = 0, high = static_cast<double>(line.samples);
  if (step != 0) {
    const double from = static_cast<double>(bin_begin);
    const double slack = 2 + 4 * kRounding<Sum> *
                                 (std::fabs(from) + std::fabs(static_cast<double>(line.bin))) /
                                 std::fabs(step);
    const double to_low = (-1 - from) / step, to_high = (static_cast<double>(extent) - from) / step;
    const double first = std::floor((to_low < to_high ? to_low : to_high) - slack);
    const double last = std::ceil((to_low < to_high ? to_high : to_low) + slack);
    low = low < first ? first : low;
    high = last < high ? last : high;
  }
  return {static_cast<std::int64_t>(low < kMost ? low : kMost),
          static_cast<std::int64_t>(high < kMost ? high : kMost)};
}

/// The pixels of a line between which a sample lies.
template <class Sum>
struct Neighbours {
  std::int32_t low;  ///< -1 where the sample lies outside, and counts as 0
  bool two;          ///< there is one behind it, low + 1
  Sum share;         ///< of that one

  MASKMILL_HOST_DEVICE bool inside() const { return low >= 0; }
};

/// `extent`, of the line, is at least 1.
template <class Sum>
MASKMILL_HOST_DEVICE Neighbours<Sum> neighbours_of(Sum place, std::int64_t extent) {
  if (!(place >= -1 && place <= static_cast<Sum>(extent))) return {-1, false, 0};
  place = place < 0 ? Sum{0} : place;
  const auto low = static_cast<std::int32_t>(place);
  if (low >= extent - 1) return {static_cast<std::int32_t>(extent - 1), false, 0};
  return {low, true, place - static_cast<Sum>(low)};
}

template <class Sum>
struct SampledRegion {
  std::int64_t image;
  SampledLine<Sum> rows, columns;
};

/// `roi`: image, x1, y1, x2, y2.
template <class Sum>
MASKMILL_HOST_DEVICE SampledRegion<Sum> sampled_region(const Sum* roi, const Pooling& pooling) {
  return {static_cast<std::int64_t>(roi[0]), sampled_line(roi[2], roi[4], pooling.height, pooling),
          sampled_line(roi[1], roi[3], pooling.width, pooling)};
}

}  // namespace maskmill::learn
