// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/operators/roi_align_kernels.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "learn/torch/operators/vector_width.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

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

// ---- Channels last: the values of a pixel lie together, and loops run along them.

template <class Value>
struct PoolChannelsLast {
  using Sum = SumOf<Value>;
  const Value* image;
  std::int64_t channels, width;
  const RegionTaps<Sum>* taps;
  const Pooling* pooling;
  Sum* bins;      ///< scratch: (bins, channels)
  Value* pooled;  ///< the region's: (channels, bins)
};

struct PoolRegionChannelsLast {
  template <int Bytes, class Value>
  [[gnu::always_inline]] static void run(const PoolChannelsLast<Value>& job) {
    using Sum = SumOf<Value>;
    constexpr int kCount = Vector<Sum, Bytes>::kCount;
    const LineTaps<Sum>& rows = job.taps->rows;
    const LineTaps<Sum>& columns = job.taps->columns;
    for (std::int64_t p = 0; p < job.pooling->height; ++p)
      for (std::int64_t q = 0; q < job.pooling->width; ++q) {
        const Tap<Sum>* const row = rows.taps.data() + rows.begins[p];
        const Tap<Sum>* const row_end = rows.taps.data() + rows.begins[p + 1];
        const Tap<Sum>* const column = columns.taps.data() + columns.begins[q];
        const Tap<Sum>* const column_end = columns.taps.data() + columns.begins[q + 1];
        Sum* const bin = job.bins + (p * job.pooling->width + q) * job.channels;
        std::int64_t c = 0;
        for (; c + 4 * kCount <= job.channels; c += 4 * kCount)
          sum_vectors<Bytes, 4>(job, c, row, row_end, column, column_end, bin);
        for (; c + kCount <= job.channels; c += kCount)
          sum_vectors<Bytes, 1>(job, c, row, row_end, column, column_end, bin);
        for (; c < job.channels; ++c) {
          Sum sum = 0;
          for (const Tap<Sum>* y = row; y != row_end; ++y)
            for (const Tap<Sum>* x = column; x != column_end; ++x)
              sum += y->weight * x->weight * static_cast<Sum>(pixel(job, *y, *x)[c]);
          bin[c] = sum;
        }
      }
    turn(job);
  }

 private:
  template <class Value, class Sum>
  [[gnu::always_inline]] static const Value* pixel(const PoolChannelsLast<Value>& job, const Tap<Sum>& y,
                                                   const Tap<Sum>& x) {
    return job.image + (y.at * job.width + x.at) * job.channels;
  }

  template <int Bytes, int Vectors, class Value, class Sum>
  [[gnu::always_inline]] static void sum_vectors(const PoolChannelsLast<Value>& job, std::int64_t c,
                                                 const Tap<Sum>* row, const Tap<Sum>* row_end,
                                                 const Tap<Sum>* column, const Tap<Sum>* column_end,
                                                 Sum* bin) {
    using Type = typename Vector<Sum, Bytes>::Type;
    constexpr int kCount = Vector<Sum, Bytes>::kCount;
    Type sum_0{}, sum_1{}, sum_2{}, sum_3{}, value;
    for (const Tap<Sum>* y = row; y != row_end; ++y)
      for (const Tap<Sum>* x = column; x != column_end; ++x) {
        const Value* const from = pixel(job, *y, *x) + c;
        const Sum weight = y->weight * x->weight;
        load<Sum, Bytes>(value, from);
        sum_0 += weight * value;
        if constexpr (Vectors == 4) {
          load<Sum, Bytes>(value, from + kCount);
          sum_1 += weight * value;
          load<Sum, Bytes>(value, from + 2 * kCount);
          sum_2 += weight * value;
          load<Sum, Bytes>(value, from + 3 * kCount);
          sum_3 += weight * value;
        }
      }
    std::memcpy(bin + c, &sum_0, Bytes);
    if constexpr (Vectors == 4) {
      std::memcpy(bin + c + kCount, &sum_1, Bytes);
      std::memcpy(bin + c + 2 * kCount, &sum_2, Bytes);
      std::memcpy(bin + c + 3 * kCount, &sum_3, Bytes);
    }
  }

  /// (bins, channels) to (channels, bins), some channels at a time, so that what is read stays in the first
  /// cache.
  template <class Value>
  [[gnu::always_inline]] static void turn(const PoolChannelsLast<Value>& job) {
    constexpr std::int64_t kChannels = 16;
    const std::int64_t bins = job.pooling->height * job.pooling->width;
    for (std::int64_t c = 0; c < job.channels; c += kChannels) {
      const std::int64_t end = std::min(c + kChannels, job.channels);
      for (std::int64_t d = c; d < end; ++d) {
        const auto* const from = job.bins + d;
        Value* const to = job.pooled + d * bins;
        for (std::int64_t b = 0; b < bins; ++b) to[b] = static_cast<Value>(from[b * job.channels]);
      }
    }
  }
};

template <class Sum>
struct SpreadChannelsLast {
  Sum* image;  ///< from the first of the channels on
  std::int64_t image_channels, width, channels;
  const RegionTaps<Sum>* taps;
  const Pooling* pooling;
  const Sum* bins;  ///< (bins, channels)
};

struct SpreadRegionChannelsLast {
  template <int Bytes, class Sum>
  [[gnu::always_inline]] static void run(const SpreadChannelsLast<Sum>& job) {
    using Type = typename Vector<Sum, Bytes>::Type;
    constexpr int kCount = Vector<Sum, Bytes>::kCount;
    const LineTaps<Sum>& rows = job.taps->rows;
    const LineTaps<Sum>& columns = job.taps->columns;
    for (std::int64_t p = 0; p < job.pooling->height; ++p)
      for (std::int64_t q = 0; q < job.pooling->width; ++q) {
        const Sum* const bin = job.bins + (p * job.pooling->width + q) * job.channels;
        for (std::size_t i = rows.begins[p]; i < rows.begins[p + 1]; ++i)
          for (std::size_t j = columns.begins[q]; j < columns.begins[q + 1]; ++j) {
            const Tap<Sum>&y = rows.taps[i], &x = columns.taps[j];
            Sum* const to = job.image + (y.at * job.width + x.at) * job.image_channels;
            const Sum weight = y.weight * x.weight;
            std::int64_t c = 0;
            for (; c + kCount <= job.channels; c += kCount) {
              Type sum, value;
              load<Sum, Bytes>(sum, to + c);
              load<Sum, Bytes>(value, bin + c);
              sum += weight * value;
              std::memcpy(to + c, &sum, Bytes);
            }
            for (; c < job.channels; ++c) to[c] += weight * bin[c];
          }
      }
  }
};

// ---- Contiguous: each channel is a plane, and loops run along its rows.

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

template <class Value>
struct PoolPlane {
  using Sum = SumOf<Value>;
  const Value* plane;
  std::int64_t width;
  const RegionTaps<Sum>* taps;
  const Pooling* pooling;
  Sum* line;  ///< scratch: (width)
  Value* pooled;
};

struct PoolRegionOfPlane {
  template <int Bytes, class Value>
  [[gnu::always_inline]] static void run(const PoolPlane<Value>& job) {
    using Sum = SumOf<Value>;
    using Type = typename Vector<Sum, Bytes>::Type;
    constexpr int kCount = Vector<Sum, Bytes>::kCount;
    const LineTaps<Sum>& rows = job.taps->rows;
    const LineTaps<Sum>& columns = job.taps->columns;
    const Columns used = whole_vectors<Bytes>(columns, job.width);
    const Tap<Sum>* const row_taps = rows.taps.data();
    for (std::int64_t p = 0; p < job.pooling->height; ++p) {
      const std::size_t row_begin = rows.begins[p], row_end = rows.begins[p + 1];
      std::int64_t x = used.first;
      const std::int64_t end = used.first + used.count;
      for (; x + kCount <= end; x += kCount) {
        Type sum{}, value;
        for (std::size_t i = row_begin; i < row_end; ++i) {
          load<Sum, Bytes>(value, job.plane + row_taps[i].at * job.width + x);
          sum += row_taps[i].weight * value;
        }
        std::memcpy(job.line + x, &sum, Bytes);
      }
      for (; x < end; ++x) {
        Sum sum = 0;
        for (std::size_t i = row_begin; i < row_end; ++i)
          sum += row_taps[i].weight * static_cast<Sum>(job.plane[row_taps[i].at * job.width + x]);
        job.line[x] = sum;
      }
      for (std::int64_t q = 0; q < job.pooling->width; ++q) {
        Sum sum = 0;
        for (std::size_t j = columns.begins[q]; j < columns.begins[q + 1]; ++j)
          sum += columns.taps[j].weight * job.line[columns.taps[j].at];
        job.pooled[p * job.pooling->width + q] = static_cast<Value>(sum);
      }
    }
  }
};

template <class Sum>
struct SpreadPlane {
  Sum* plane;
  std::int64_t width;
  const RegionTaps<Sum>* taps;
  const Pooling* pooling;
  Sum* line;        ///< scratch: (width)
  const Sum* bins;  ///< (bins)
};

struct SpreadRegionOnPlane {
  template <int Bytes, class Sum>
  [[gnu::always_inline]] static void run(const SpreadPlane<Sum>& job) {
    using Type = typename Vector<Sum, Bytes>::Type;
    constexpr int kCount = Vector<Sum, Bytes>::kCount;
    const LineTaps<Sum>& rows = job.taps->rows;
    const LineTaps<Sum>& columns = job.taps->columns;
    const Columns used = whole_vectors<Bytes>(columns, job.width);
    const std::int64_t end = used.first + used.count;
    for (std::int64_t p = 0; p < job.pooling->height; ++p) {
      if (rows.begins[p] == rows.begins[p + 1]) continue;
      std::fill(job.line + used.first, job.line + end, Sum{0});
      for (std::int64_t q = 0; q < job.pooling->width; ++q) {
        const Sum value = job.bins[p * job.pooling->width + q];
        for (std::size_t j = columns.begins[q]; j < columns.begins[q + 1]; ++j)
          job.line[columns.taps[j].at] += columns.taps[j].weight * value;
      }
      for (std::size_t i = rows.begins[p]; i < rows.begins[p + 1]; ++i) {
        const Sum weight = rows.taps[i].weight;
        Sum* const to = job.plane + rows.taps[i].at * job.width;
        std::int64_t x = used.first;
        for (; x + kCount <= end; x += kCount) {
          Type sum, value;
          load<Sum, Bytes>(sum, to + x);
          load<Sum, Bytes>(value, job.line + x);
          sum += weight * value;
          std::memcpy(to + x, &sum, Bytes);
        }
        for (; x < end; ++x) to[x] += weight * job.line[x];
      }
    }
  }
};

// ---- Over all regions.

/// Regions in an order in which neighbours share pixels: by image, bands of 32 rows, and columns.
template <class Sum>
std::vector<std::int64_t> by_place(const Sum* rois, std::int64_t count, double scale) {
  struct Placed {
    double image, band, column;
    std::int64_t region;
  };
  constexpr double kRows = 32;
  std::vector<Placed> placed(static_cast<std::size_t>(count));
  const auto finite = [](double value) { return std::isfinite(value) ? value : 0; };
  for (std::int64_t k = 0; k < count; ++k) {
    const Sum* const roi = rois + k * 5;
    placed[static_cast<std::size_t>(k)] = {std::trunc(static_cast<double>(roi[0])),
                                           std::floor(finite(static_cast<double>(roi[2])) * scale / kRows),
                                           finite(static_cast<double>(roi[1])), k};
  }
  std::ranges::sort(placed, [](const Placed& a, const Placed& b) {
    return std::tie(a.image, a.band, a.column, a.region) < std::tie(b.image, b.band, b.column, b.region);
  });
  std::vector<std::int64_t> order;
  for (const Placed& one : placed) order.push_back(one.region);
  return order;
}

template <class Value>
void pool_channels_last(const Tensor& input, const Tensor& rois, const Pooling& pooling, Tensor& pooled) {
  using Sum = SumOf<Value>;
  const std::int64_t channels = input.size(1), height = input.size(2), width = input.size(3);
  const std::int64_t bins = pooling.height * pooling.width;
  const auto* const values = input.const_data_ptr<Value>();
  const auto* const regions = rois.const_data_ptr<Sum>();
  auto* const results = pooled.mutable_data_ptr<Value>();
  const std::vector<std::int64_t> order = by_place(regions, rois.size(0), pooling.spatial_scale);
  at::parallel_for(0, rois.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    RegionTaps<Sum> taps;
    std::vector<Sum> scratch(static_cast<std::size_t>(bins * channels));
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t k = order[static_cast<std::size_t>(i)];
      taps.fill(regions + k * 5, pooling, height, width);
      Value* const result = results + k * channels * bins;
      if (taps.empty())
        std::fill_n(result, channels * bins, Value(0));
      else
        run_widest<PoolRegionChannelsLast>(
            PoolChannelsLast<Value>{values + taps.image * height * width * channels, channels, width, &taps,
                                    &pooling, scratch.data(), result});
    }
  });
}

/// Calls handle(first region, taps) with some regions' taps at a time: a few megabytes of them.
template <class Sum, class Handle>
void with_taps(const Tensor& rois, const Pooling& pooling, std::int64_t height, std::int64_t width,
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

template <class Value>
void pool_planes(const Tensor& input, const Tensor& rois, const Pooling& pooling, Tensor& pooled) {
  using Sum = SumOf<Value>;
  const std::int64_t channels = input.size(1), height = input.size(2), width = input.size(3);
  const std::int64_t bins = pooling.height * pooling.width;
  const auto* const values = input.const_data_ptr<Value>();
  auto* const results = pooled.mutable_data_ptr<Value>();
  with_taps<Sum>(
      rois, pooling, height, width, [&](std::int64_t first, const std::vector<RegionTaps<Sum>>& regions) {
        // A plane stays in the cache for all regions.
        at::parallel_for(0, channels, 1, [&](std::int64_t begin, std::int64_t end) {
          std::vector<Sum> line(static_cast<std::size_t>(width));
          for (std::int64_t c = begin; c < end; ++c)
            for (std::size_t i = 0; i < regions.size(); ++i) {
              const RegionTaps<Sum>& taps = regions[i];
              Value* const result = results + ((first + static_cast<std::int64_t>(i)) * channels + c) * bins;
              if (taps.empty())
                std::fill_n(result, bins, Value(0));
              else
                run_widest<PoolRegionOfPlane>(
                    PoolPlane<Value>{values + (taps.image * channels + c) * height * width, width, &taps,
                                     &pooling, line.data(), result});
            }
        });
      });
}

/// Of one region and some channels: to (bins, channels), from gradients in any layout.
template <class Value>
void gather_bins(const Value* from, at::IntArrayRef strides, const Pooling& pooling, std::int64_t channels,
                 SumOf<Value>* to) {
  for (std::int64_t p = 0; p < pooling.height; ++p)
    for (std::int64_t q = 0; q < pooling.width; ++q) {
      const Value* const bin = from + p * strides[2] + q * strides[3];
      SumOf<Value>* const line = to + (p * pooling.width + q) * channels;
      for (std::int64_t c = 0; c < channels; ++c) line[c] = static_cast<SumOf<Value>>(bin[c * strides[1]]);
    }
}

// A thread has channels for itself and takes all regions in their order: so no two add to one number, and the
// order in which a number is summed does not hang on their count.

template <class Value>
void spread_channels_last(const Tensor& grad, const Tensor& rois, const Pooling& pooling, const MapSize& size,
                          Tensor& found) {
  using Sum = SumOf<Value>;
  constexpr std::int64_t kWide = 64, kNarrow = 32;  // channels: multiples of the widest vector's
  const std::int64_t slab = size.channels >= kWide * at::get_num_threads() ? kWide : kNarrow;
  const std::int64_t bins = pooling.height * pooling.width;
  const auto* const grads = grad.const_data_ptr<Value>();
  const auto* const regions = rois.const_data_ptr<Sum>();
  auto* const results = found.mutable_data_ptr<Sum>();
  const auto strides = grad.strides();
  at::parallel_for(0, (size.channels + slab - 1) / slab, 1, [&](std::int64_t begin, std::int64_t end) {
    RegionTaps<Sum> taps;
    std::vector<Sum> scratch(static_cast<std::size_t>(bins * slab));
    for (std::int64_t s = begin; s < end; ++s)
      for (std::int64_t k = 0; k < rois.size(0); ++k) {
        taps.fill(regions + k * 5, pooling, size.height, size.width);
        if (taps.empty()) continue;
        const std::int64_t c = s * slab, channels = std::min(slab, size.channels - c);
        gather_bins(grads + k * strides[0] + c * strides[1], strides, pooling, channels, scratch.data());
        run_widest<SpreadRegionChannelsLast>(
            SpreadChannelsLast<Sum>{results + taps.image * size.height * size.width * size.channels + c,
                                    size.channels, size.width, channels, &taps, &pooling, scratch.data()});
      }
  });
}

template <class Value>
void spread_planes(const Tensor& grad, const Tensor& rois, const Pooling& pooling, const MapSize& size,
                   Tensor& found) {
  using Sum = SumOf<Value>;
  const std::int64_t plane = size.height * size.width;
  const auto* const grads = grad.const_data_ptr<Value>();
  auto* const results = found.mutable_data_ptr<Sum>();
  const auto strides = grad.strides();
  with_taps<Sum>(rois, pooling, size.height, size.width,
                 [&](std::int64_t first, const std::vector<RegionTaps<Sum>>& regions) {
                   at::parallel_for(0, size.channels, 1, [&](std::int64_t begin, std::int64_t end) {
                     std::vector<Sum> line(static_cast<std::size_t>(size.width));
                     std::vector<Sum> bins(static_cast<std::size_t>(pooling.height * pooling.width));
                     for (std::int64_t c = begin; c < end; ++c)
                       for (std::size_t i = 0; i < regions.size(); ++i) {
                         const RegionTaps<Sum>& taps = regions[i];
                         if (taps.empty()) continue;
                         const std::int64_t k = first + static_cast<std::int64_t>(i);
                         gather_bins(grads + k * strides[0] + c * strides[1], strides, pooling, 1,
                                     bins.data());
                         run_widest<SpreadRegionOnPlane>(
                             SpreadPlane<Sum>{results + (taps.image * size.channels + c) * plane, size.width,
                                              &taps, &pooling, line.data(), bins.data()});
                       }
                   });
                 });
}

Tensor rois_for(const Tensor& values, const Tensor& rois) {
  return rois.to(values.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32).contiguous();
}

}  // namespace

Tensor roi_align_on_cpu(const Tensor& any_input, const Tensor& any_rois, const Pooling& pooling) {
  const bool channels_last = any_input.suggest_memory_format() == torch::MemoryFormat::ChannelsLast;
  const Tensor input = any_input.contiguous(any_input.suggest_memory_format());
  const Tensor rois = rois_for(input, any_rois);
  Tensor pooled = torch::empty({rois.size(0), input.size(1), pooling.height, pooling.width},
                               input.options().memory_format(torch::MemoryFormat::Contiguous));
  AT_DISPATCH_FLOATING_TYPES_AND2(torch::kFloat16, torch::kBFloat16, input.scalar_type(), "roi_align", [&] {
    if (channels_last)
      pool_channels_last<scalar_t>(input, rois, pooling, pooled);
    else
      pool_planes<scalar_t>(input, rois, pooling, pooled);
  });
  return pooled;
}

Tensor roi_align_backward_on_cpu(const Tensor& grad, const Tensor& any_rois, const Pooling& pooling,
                                 const MapSize& size, bool channels_last) {
  const Tensor rois = rois_for(grad, any_rois);
  const auto format = channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
  // Not torch::zeros, which has no memory format.
  Tensor found = torch::empty({size.batch, size.channels, size.height, size.width},
                              grad.options().dtype(rois.scalar_type()).memory_format(format))
                     .zero_();
  AT_DISPATCH_FLOATING_TYPES_AND2(torch::kFloat16, torch::kBFloat16, grad.scalar_type(), "roi_align_backward",
                                  [&] {
                                    if (channels_last)
                                      spread_channels_last<scalar_t>(grad, rois, pooling, size, found);
                                    else
                                      spread_planes<scalar_t>(grad, rois, pooling, size, found);
                                  });
  return found.to(grad.scalar_type());
}

}  // namespace maskmill::learn
