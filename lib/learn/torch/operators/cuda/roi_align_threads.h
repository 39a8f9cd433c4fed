// SPDX-License-Identifier: Apache-2.0
// Private to roi_align on CUDA: what its threads do. The kernels of roi_align.cu are loops over these, and so
// are the unit tests, on a CPU.
#pragma once

#include <cstdint>

#include "learn/torch/operators/roi_align_samples.h"

namespace maskmill::learn::cuda {

/// What the kernels do, and of what: regions in the type that values are summed in.
template <class Value>
struct RegionJob {
  MapSize size;
  Pooling pooling;
  const SumOf<Value>* rois;
  std::int64_t regions;
  std::int32_t values;  ///< of a region's result
};

/// One number of a region's result.
struct RegionValue {
  std::int32_t channel, row, column;
};

/// Neighbours among threads take neighbours in memory: columns of a plane, or channels of a pixel. Those in
/// groups of 32, all bins of a group one after the other, so that what is written together lies together too.
template <bool ChannelsLast, class Value>
MASKMILL_HOST_DEVICE RegionValue region_value(const RegionJob<Value>& job, std::int32_t thread) {
  const auto channels = static_cast<std::int32_t>(job.size.channels);
  const auto columns = static_cast<std::int32_t>(job.pooling.width);
  const auto bins = static_cast<std::int32_t>(job.pooling.height) * columns;
  std::int32_t channel = 0, bin = 0;
  if (ChannelsLast) {
    constexpr std::int32_t kGroup = 32;
    const std::int32_t group = thread / bins / kGroup, first = group * kGroup;
    const std::int32_t of_group = channels - first < kGroup ? channels - first : kGroup;
    thread -= first * bins;
    channel = first + thread % of_group;
    bin = thread / of_group;
  } else {
    channel = thread / bins;
    bin = thread % bins;
  }
  return {channel, bin / columns, bin % columns};
}

/// Where a channel's values lie in a batch of maps without gaps.
struct Plane {
  std::int64_t begin, row, pixel;  ///< the first one; from one to the next
};

template <bool ChannelsLast>
MASKMILL_HOST_DEVICE Plane plane_of(std::int64_t image, std::int64_t channel, const MapSize& size) {
  const std::int64_t pixels = size.height * size.width;
  if (ChannelsLast)
    return {image * pixels * size.channels + channel, size.width * size.channels, size.channels};
  return {(image * size.channels + channel) * pixels, size.width, 1};
}

/// How many samples a bin has; 0 where it is the mean of none.
template <class Sum>
MASKMILL_HOST_DEVICE Sum samples_in(const SampledRegion<Sum>& region) {
  const Sum samples = region.rows.samples * region.columns.samples;
  return samples > 0 ? samples : Sum{0};
}

/// A bin along one axis.
template <class Sum>
struct BinLine {
  SampledLine<Sum> line;  ///< begins with the bin
  SampleRange samples;
  std::int32_t extent;  ///< of the map
};

template <class Sum>
MASKMILL_HOST_DEVICE BinLine<Sum> bin_line(SampledLine<Sum> line, std::int64_t bin, std::int64_t extent) {
  line.begin = begin_of(line, bin);
  return {line, samples_near(line, line.begin, extent), static_cast<std::int32_t>(extent)};
}

/// Calls handle(neighbours) for each sample that lies inside.
template <class Sum, class Handle>
MASKMILL_HOST_DEVICE void each_sample(const BinLine<Sum>& bin, const Handle& handle) {
  for (std::int64_t i = bin.samples.begin; i < bin.samples.end; ++i) {
    const Neighbours<Sum> pixels = neighbours_of(place_of(bin.line, bin.line.begin, i), bin.extent);
    if (pixels.inside()) handle(pixels);
  }
}

/// The number of the result, which is the mean of a bin's samples.
template <bool ChannelsLast, class Value>
MASKMILL_HOST_DEVICE SumOf<Value> pooled_value(const Value* maps, const MapSize& size,
                                               const SampledRegion<SumOf<Value>>& region,
                                               const RegionValue& at) {
  using Sum = SumOf<Value>;
  const Sum samples = samples_in(region);
  const Plane plane = plane_of<ChannelsLast>(region.image, at.channel, size);
  const BinLine<Sum> rows = bin_line(region.rows, at.row, size.height);
  const BinLine<Sum> columns = bin_line(region.columns, at.column, size.width);
  const Value* const values = maps + plane.begin;
  Sum sum = 0;
  each_sample(rows, [&](const Neighbours<Sum>& y) {
    const Value* const row = values + y.low * plane.row;
    each_sample(columns, [&](const Neighbours<Sum>& x) {
      const auto along = [&](const Value* line) {
        const Value* const pixel = line + x.low * plane.pixel;
        const Sum first = (1 - x.share) * static_cast<Sum>(*pixel);
        return x.two ? first + x.share * static_cast<Sum>(pixel[plane.pixel]) : first;
      };
      const Sum first = (1 - y.share) * along(row);
      sum += y.two ? first + y.share * along(row + plane.row) : first;
    });
  });
  return samples > 0 ? sum / samples : Sum{0};
}

/// Calls add(index, value) for what each pixel gets of a result's gradient. `index`: into the maps.
template <bool ChannelsLast, class Sum, class Add>
MASKMILL_HOST_DEVICE void spread_over_pixels(Sum grad, const MapSize& size, const SampledRegion<Sum>& region,
                                             const RegionValue& at, const Add& add) {
  const Sum samples = samples_in(region);
  if (!(samples > 0)) return;
  grad /= samples;
  const Plane plane = plane_of<ChannelsLast>(region.image, at.channel, size);
  const BinLine<Sum> rows = bin_line(region.rows, at.row, size.height);
  const BinLine<Sum> columns = bin_line(region.columns, at.column, size.width);
  each_sample(rows, [&](const Neighbours<Sum>& y) {
    const std::int64_t row = plane.begin + y.low * plane.row;
    each_sample(columns, [&](const Neighbours<Sum>& x) {
      const auto along = [&](std::int64_t line, Sum value) {
        const std::int64_t pixel = line + x.low * plane.pixel;
        add(pixel, (1 - x.share) * value);
        if (x.two) add(pixel + plane.pixel, x.share * value);
      };
      along(row, (1 - y.share) * grad);
      if (y.two) along(row + plane.row, y.share * grad);
    });
  });
}

/// Makes one number of a region's result.
template <bool ChannelsLast, class Value>
MASKMILL_HOST_DEVICE void pool_value(const RegionJob<Value>& job, std::int64_t region, const RegionValue& at,
                                     const Value* maps, Value* pooled) {
  const auto sampled = sampled_region(job.rois + region * 5, job.pooling);
  const std::int64_t plane = region * job.size.channels + at.channel;
  pooled[(plane * job.pooling.height + at.row) * job.pooling.width + at.column] =
      static_cast<Value>(pooled_value<ChannelsLast>(maps, job.size, sampled, at));
}

struct GradStrides {
  std::int64_t region, channel, row, column;
};

/// Calls add(index, value) for what each pixel gets of one number's gradient.
template <bool ChannelsLast, class Value, class Add>
MASKMILL_HOST_DEVICE void spread_value(const RegionJob<Value>& job, std::int64_t region,
                                       const RegionValue& at, const Value* grads, const GradStrides& strides,
                                       const Add& add) {
  const Value* const grad = grads + region * strides.region + at.channel * strides.channel +
                            at.row * strides.row + at.column * strides.column;
  spread_over_pixels<ChannelsLast>(static_cast<SumOf<Value>>(*grad), job.size,
                                   sampled_region(job.rois + region * 5, job.pooling), at, add);
}

}  // namespace maskmill::learn::cuda
