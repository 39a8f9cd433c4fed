// SPDX-License-Identifier: Apache-2.0
// Private to roi_align on CPU, forward and backward: which pixels weigh how much in the bins of a region.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "learn/torch/operators/roi_align_samples.h"
#include "learn/torch/operators/vector_width.h"

namespace maskmill::learn {

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

  void fill(const SampledLine<Sum>& line, std::int64_t bins, std::int64_t extent) {
    taps.clear();
    begins.assign(1, 0);
    first = std::numeric_limits<std::int32_t>::max();
    last = -1;
    for (std::int64_t p = 0; p < bins; ++p) {
      const Sum begin = begin_of(line, p);
      const SampleRange samples = samples_near(line, begin, extent);
      for (std::int64_t i = samples.begin; i < samples.end; ++i)
        add(neighbours_of(place_of(line, begin, i), extent), line.samples);
      begins.push_back(taps.size());
    }
  }

 private:
  void add(const Neighbours<Sum>& pixels, Sum samples) {
    if (!pixels.inside()) return;
    add_tap(pixels.low, (1 - pixels.share) / samples);
    if (pixels.two) add_tap(pixels.low + 1, pixels.share / samples);
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
    const SampledRegion<Sum> region = sampled_region(roi, pooling);
    image = region.image;
    rows.fill(region.rows, pooling.height, height);
    columns.fill(region.columns, pooling.width, width);
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
