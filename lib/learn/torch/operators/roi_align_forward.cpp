// SPDX-License-Identifier: Apache-2.0
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "learn/torch/operators/roi_align_kernels.h"
#include "learn/torch/operators/roi_align_taps.h"
#include "learn/torch/operators/vector_width.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

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

// ---- Contiguous: each channel is a plane, and loops run along its rows.

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

}  // namespace maskmill::learn
