// SPDX-License-Identifier: Apache-2.0
// Private to roi_align on CPU, forward and backward: which pixels weigh how much in the bins of a region.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "learn/torch/operators/roi_align_kernels.h"
#include "learn/torch/operators/vector_width.h"

namespace maskmill::learn {

template <class Value>
using SumOf = std::conditional_t<std::is_same_v<Value, double>, double, float>;

/// A pixel of a line, and how much it weighs in a bin.
template <class Sum>
struct Tap {
  std::int32_t at;
  Sum weight;
};

/// Samples form a grid, so that what a pixel weighs in a bin is a weight of its row times one of its column.
/// Of one of the two: each bin's pixels. Samples that share a pixel share its tap.
template <class Sum>
struct LineTaps {
  std::vector<Tap<Sum>> taps;
  std::vector<std::size_t> begins;                                           ///< bins + 1
  std::int32_t first = std::numeric_limits<std::int32_t>::max(), last = -1;  ///< of all bins' pixels

  bool empty() const { return taps.empty(); }

  void fill(Sum begin, Sum size, std::int64_t bins, std::int64_t ratio, std::int64_t extent) {
    taps.clear();
    begins.assign(1, 0);
    first = std::numeric_limits<std::int32_t>::max();
    last = -1;
    const Sum bin = size / static_cast<Sum>(bins);
    const Sum samples = ratio > 0 ? static_cast<Sum>(ratio) : std::ceil(size / static_cast<Sum>(bins));
    for (std::int64_t p = 0; p < bins; ++p) {
      const Sum from = begin + static_cast<Sum>(p) * bin;
      const auto [lowest, highest] = samples_near(from, bin, samples, extent);
      for (std::int64_t i = lowest; i < highest; ++i)
        add(from + (static_cast<Sum>(i) + Sum{0.5}) * bin / samples, samples, extent);
      begins.push_back(taps.size());
    }
  }

 private:
  /// Of a bin's samples those that may lie on the map, so that a region of a million pixels costs no more
  /// than the map. Generous: add() looks at each.
  static std::pair<std::int64_t, std::int64_t> samples_near(Sum from, Sum bin, Sum samples,
                                                            std::int64_t extent) {
    constexpr double kMost = 1LL << 40;
    if (!(samples > 0) || !std::isfinite(from) || !std::isfinite(bin) || extent == 0) return {0, 0};
    const double step = static_cast<double>(bin) / static_cast<double>(samples);
    double low = 0, high = static_cast<double>(samples);
    if (step != 0) {
      const double slack =
          2 + 4 * std::numeric_limits<Sum>::epsilon() *
                  (std::abs(static_cast<double>(from)) + std::abs(static_cast<double>(bin))) / std::abs(step);
      const double to_low = (-1 - static_cast<double>(from)) / step;
      const double to_high = (static_cast<double>(extent) - static_cast<double>(from)) / step;
      low = std::max(low, std::floor(std::min(to_low, to_high) - slack));
      high = std::min(high, std::ceil(std::max(to_low, to_high) + slack));
    }
    return {static_cast<std::int64_t>(std::min(low, kMost)),
            static_cast<std::int64_t>(std::min(high, kMost))};
  }

  void add(Sum at, Sum samples, std::int64_t extent) {
    if (!(at >= -1 && at <= static_cast<Sum>(extent))) return;
    at = std::max(at, Sum{0});
    auto low = static_cast<std::int32_t>(at);
    if (low >= extent - 1) {
      add_tap(static_cast<std::int32_t>(extent - 1), 1 / samples);
      return;
    }
    const Sum share = at - static_cast<Sum>(low);
    add_tap(low, (1 - share) / samples);
    add_tap(low + 1, share / samples);
  }

  void add_tap(std::int32_t at, Sum weight) {
    // Samples come in order, so that what one shares with those before it are the last taps.
    const std::size_t known = taps.size() - std::min<std::size_t>(taps.size() - begins.back(), 3);
    for (std::size_t i = taps.size(); i > known; --i)
      if (taps[i - 1].at == at) {
        taps[i - 1].weight += weight;
        return;
      }
    taps.push_back({at, weight});
    first = std::min(first, at);
    last = std::max(last, at);
  }
};

template <class Sum>
struct RegionTaps {
  std::int64_t image = 0;
  LineTaps<Sum> rows, columns;

  bool empty() const { return rows.empty() || columns.empty(); }

  void fill(const Sum* roi, const Pooling& pooling, std::int64_t height, std::int64_t width) {
    const auto scale = static_cast<Sum>(pooling.spatial_scale);
    const Sum offset = pooling.aligned ? Sum{0.5} : Sum{0};
    const Sum left = roi[1] * scale - offset, top = roi[2] * scale - offset;
    const Sum right = roi[3] * scale - offset, bottom = roi[4] * scale - offset;
    Sum across = right - left, down = bottom - top;
    if (!pooling.aligned) {
      across = across < 1 ? Sum{1} : across;  // what is not a number stays
      down = down < 1 ? Sum{1} : down;
    }
    image = static_cast<std::int64_t>(roi[0]);
    rows.fill(top, down, pooling.height, pooling.sampling_ratio, height);
    columns.fill(left, across, pooling.width, pooling.sampling_ratio, width);
  }
};

// Values of any type to a vector of what they are summed in.

template <class Sum, int Bytes>
[[gnu::always_inline]] inline void load(typename Vector<Sum, Bytes>::Type& to, const Sum* from) {
  std::memcpy(&to, from, Bytes);
}

template <class Sum, int Bytes>
[[gnu::always_inline]] inline void load(typename Vector<Sum, Bytes>::Type& to, const c10::BFloat16* from) {
  typename Vector<std::uint16_t, Bytes / 2>::Type halves;
  std::memcpy(&halves, from, Bytes / 2);
  using Words = typename Vector<std::uint32_t, Bytes>::Type;
  const Words words = __builtin_convertvector(halves, Words) << 16;
  std::memcpy(&to, &words, Bytes);
}

template <class Sum, int Bytes>
[[gnu::always_inline]] inline void load(typename Vector<Sum, Bytes>::Type& to, const c10::Half* from) {
  for (int i = 0; i < Vector<Sum, Bytes>::kCount; ++i) to[i] = static_cast<Sum>(from[i]);
}

/// Columns that taps name, and some more, where the plane has them, to make whole vectors.
struct Columns {
  std::int64_t first, count;
};

template <int Bytes, class Sum>
[[gnu::always_inline]] inline Columns whole_vectors(const LineTaps<Sum>& columns, std::int64_t width) {
  constexpr std::int64_t kCount = Vector<Sum, Bytes>::kCount;
  const std::int64_t count = (columns.last - columns.first + kCount) / kCount * kCount;
  if (count > width) return {columns.first, columns.last - columns.first + 1};
  return {std::min<std::int64_t>(columns.first, width - count), count};
}

/// Calls handle(first region, taps) with some regions' taps at a time: a few megabytes of them.
template <class Sum, class Handle>
void with_taps(const torch::Tensor& rois, const Pooling& pooling, std::int64_t height, std::int64_t width,
               Handle&& handle) {
  constexpr std::size_t kTaps = std::size_t{1} << 20;
  std::vector<RegionTaps<Sum>> taps;
  std::int64_t first = 0;
  std::size_t count = 0;
  for (std::int64_t k = 0; k < rois.size(0); ++k) {
    taps.emplace_back().fill(rois.const_data_ptr<Sum>() + k * 5, pooling, height, width);
    count += taps.back().rows.taps.size() + taps.back().columns.taps.size();
    if (count < kTaps && k + 1 < rois.size(0)) continue;
    handle(first, taps);
    first = k + 1;
    count = 0;
    taps.clear();
  }
}

/// In the type that values are summed in.
inline torch::Tensor rois_for(const torch::Tensor& values, const torch::Tensor& rois) {
  return rois.to(values.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32).contiguous();
}

}  // namespace maskmill::learn
