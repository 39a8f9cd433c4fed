// SPDX-License-Identifier: Apache-2.0
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "learn/torch/operators/roi_align_kernels.h"
#include "learn/torch/operators/roi_align_taps.h"
#include "learn/torch/operators/vector_width.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

// ---- Channels last: the values of a pixel lie together, and loops run along them.

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

}  // namespace

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
