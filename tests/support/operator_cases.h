// SPDX-License-Identifier: Apache-2.0
// Definitions of the detection operators, and what to hold the operators against them with. On CPU.
#pragma once

#include <torch/torch.h>

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "learn/torch/operators/roi_align.h"

namespace maskmill::learn::tests {

using torch::Tensor;

inline torch::Generator generator_of(int seed) {
  return at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(seed));
}

inline std::vector<std::int64_t> numbers(const Tensor& tensor) {
  REQUIRE(tensor.scalar_type() == torch::kInt64);
  const Tensor flat = tensor.cpu().contiguous();
  return {flat.const_data_ptr<std::int64_t>(), flat.const_data_ptr<std::int64_t>() + flat.numel()};
}

struct ScoredBoxes {
  Tensor boxes, scores, categories;
};

/// `whole`: some overlap by exactly a threshold, some are equal. `odd`: some are turned over, some no
/// numbers.
inline ScoredBoxes scored_boxes(int seed, std::int64_t count, torch::ScalarType type, bool whole, bool odd) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  auto generator = generator_of(seed);
  Tensor corners = torch::rand({count, 2}, generator, torch::kFloat64) * 40;
  Tensor sides = torch::rand({count, 2}, generator, torch::kFloat64) * 20 - (odd ? 2 : 0);
  Tensor scores = torch::rand({count}, generator, torch::kFloat64);
  if (whole) {
    corners = corners.floor();
    sides = sides.floor();
    scores = (scores * 20).floor() / 20;
  }
  Tensor boxes = torch::cat({corners, corners + sides}, 1);
  if (odd && count > 0) {
    const Tensor which = torch::rand(boxes.sizes(), generator, torch::kFloat64);
    boxes = boxes.masked_fill(which < 0.01, kNaN).masked_fill(which > 0.99, kInfinity);
    const Tensor no_number = torch::rand({count}, generator, torch::kFloat64) < 0.02;
    scores = scores.masked_fill(no_number, kNaN);
  }
  return {boxes.to(type), scores.to(type), torch::randint(-1, 4, {count}, generator, torch::kInt64)};
}

/// On so large a picture that many are kept.
inline ScoredBoxes scattered_boxes(int seed, std::int64_t count, torch::ScalarType type) {
  ScoredBoxes some = scored_boxes(seed, count, type, false, true);
  const Tensor away = some.boxes.slice(1, 0, 2) * 19;
  some.boxes.slice(1, 0, 2) += away;
  some.boxes.slice(1, 2, 4) += away;
  return some;
}

/// The definition, box by box, in the arithmetic of the boxes' type. `categories` may be undefined.
template <class Value>
std::vector<std::int64_t> kept_by_definition(const Tensor& boxes, const Tensor& scores,
                                             const Tensor& categories, double threshold) {
  const std::vector<std::int64_t> order =
      numbers(std::get<1>(scores.sort(/*stable=*/true, 0, /*descending=*/true)));
  const std::vector<std::int64_t> category =
      categories.defined() ? numbers(categories) : std::vector<std::int64_t>(order.size(), 0);
  const auto box = boxes.accessor<Value, 2>();
  const auto area = [&](std::int64_t i) { return (box[i][2] - box[i][0]) * (box[i][3] - box[i][1]); };
  std::vector<std::int64_t> kept;
  for (const std::int64_t j : order) {
    const bool suppressed = std::ranges::any_of(kept, [&](std::int64_t i) {
      if (category[static_cast<std::size_t>(i)] != category[static_cast<std::size_t>(j)]) return false;
      const Value across = std::min(box[i][2], box[j][2]) - std::max(box[i][0], box[j][0]);
      const Value down = std::min(box[i][3], box[j][3]) - std::max(box[i][1], box[j][1]);
      const Value both = std::max(Value{0}, across) * std::max(Value{0}, down);
      return both / (area(i) + area(j) - both) > threshold;
    });
    if (!suppressed) kept.push_back(j);
  }
  return kept;
}

inline std::vector<std::int64_t> kept_by_definition(const Tensor& boxes, const Tensor& scores,
                                                    const Tensor& categories, double threshold) {
  return boxes.scalar_type() == torch::kFloat64
             ? kept_by_definition<double>(boxes, scores, categories, threshold)
             : kept_by_definition<float>(boxes, scores, categories, threshold);
}

struct Regions {
  std::int64_t height, width, ratio;
  bool aligned;
  double scale;
};

/// The definition, sample by sample, in float64.
inline Tensor pooled_by_definition(const Tensor& any_input, const Tensor& any_rois, const Regions& how) {
  const Tensor input_64 = any_input.to(torch::kFloat64).contiguous(),
               rois_64 = any_rois.to(torch::kFloat64).contiguous();
  const auto input = input_64.accessor<double, 4>();
  const auto roi = rois_64.accessor<double, 2>();
  const std::int64_t channels = input_64.size(1), rows = input_64.size(2), columns = input_64.size(3);
  Tensor result = torch::zeros({rois_64.size(0), channels, how.height, how.width}, torch::kFloat64);
  auto found = result.accessor<double, 4>();
  for (std::int64_t k = 0; k < rois_64.size(0); ++k) {
    const auto image = static_cast<std::int64_t>(roi[k][0]);
    const double offset = how.aligned ? 0.5 : 0;
    const double x1 = roi[k][1] * how.scale - offset, y1 = roi[k][2] * how.scale - offset;
    double across = roi[k][3] * how.scale - offset - x1, down = roi[k][4] * how.scale - offset - y1;
    if (!how.aligned) across = std::max(across, 1.0), down = std::max(down, 1.0);
    const double bin_x = across / static_cast<double>(how.width),
                 bin_y = down / static_cast<double>(how.height);
    const auto grid_x = how.ratio > 0 ? how.ratio : static_cast<std::int64_t>(std::ceil(bin_x));
    const auto grid_y = how.ratio > 0 ? how.ratio : static_cast<std::int64_t>(std::ceil(bin_y));
    const auto sample = [&](std::int64_t c, double y, double x) {
      if (y < -1 || y > static_cast<double>(rows) || x < -1 || x > static_cast<double>(columns)) return 0.0;
      y = std::clamp(y, 0.0, static_cast<double>(rows - 1));
      x = std::clamp(x, 0.0, static_cast<double>(columns - 1));
      const auto top = static_cast<std::int64_t>(y), left = static_cast<std::int64_t>(x);
      const std::int64_t below = std::min(top + 1, rows - 1), right = std::min(left + 1, columns - 1);
      const double v = y - static_cast<double>(top), u = x - static_cast<double>(left);
      return (1 - v) * ((1 - u) * input[image][c][top][left] + u * input[image][c][top][right]) +
             v * ((1 - u) * input[image][c][below][left] + u * input[image][c][below][right]);
    };
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t p = 0; p < how.height; ++p)
        for (std::int64_t q = 0; q < how.width; ++q) {
          double sum = 0;
          for (std::int64_t i = 0; i < grid_y; ++i)
            for (std::int64_t j = 0; j < grid_x; ++j)
              sum += sample(c,
                            y1 + static_cast<double>(p) * bin_y +
                                (static_cast<double>(i) + 0.5) * bin_y / static_cast<double>(grid_y),
                            x1 + static_cast<double>(q) * bin_x +
                                (static_cast<double>(j) + 0.5) * bin_x / static_cast<double>(grid_x));
          found[k][c][p][q] = sum / static_cast<double>(std::max<std::int64_t>(grid_x * grid_y, 1));
        }
  }
  return result;
}

struct PoolingCase {
  Tensor input, rois;
  Regions how;
};

/// Regions inside, across the border, outside, without area and turned over; coordinates in quarters, so that
/// float32 computes where samples lie as float64 does: on the border of the map some lie exactly.
inline PoolingCase drawn_regions(int seed, torch::ScalarType type) {
  Random random{static_cast<std::uint64_t>(seed)};
  const auto one_of = [&](auto... values) {
    const std::array all{values...};
    return all[random.below(all.size())];
  };
  const auto between = [&](std::int64_t low, std::int64_t end) {
    return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(end - low)));
  };
  auto generator = generator_of(seed);
  const std::int64_t batch = between(1, 4), channels = one_of(1, 3, 16, 37, 64, 70, 130);
  const std::int64_t height = between(1, 24), width = between(1, 40), count = between(0, 12);
  const Regions how{one_of(1, 2, 4), one_of(1, 2, 8), one_of(-1, 0, 1, 2, 4), random.chance(0.5),
                    one_of(0.25, 0.5, 1.0)};
  const Tensor input = torch::randn({batch, channels, height, width}, generator, torch::kFloat64).to(type);
  const auto drawn = [&](double low, double high) {
    return ((low + torch::rand({count, 1}, generator, torch::kFloat64) * (high - low)) * 4).floor() / 4;
  };
  const auto most = static_cast<double>(std::max(height, width)) / how.scale;
  const Tensor x1 = drawn(-8, most), y1 = drawn(-8, most);
  const Tensor image = torch::randint(0, batch, {count, 1}, generator, torch::kFloat64);
  const Tensor x2 = x1 + drawn(-6, most), y2 = y1 + drawn(-6, most);
  return {random.chance(0.5) ? input.contiguous(torch::MemoryFormat::ChannelsLast) : input,
          torch::cat({image, x1, y1, x2, y2}, 1).to(type), how};
}

/// A map as a feature pyramid has them, with regions that overlap.
inline PoolingCase pyramid_level(torch::ScalarType type) {
  auto generator = generator_of(8);
  const Tensor corners = torch::rand({60, 2}, generator, torch::kFloat64) * 150;
  const Tensor sides = 4 + torch::rand({60, 2}, generator, torch::kFloat64) * 100;
  const Tensor image = torch::randint(0, 2, {60, 1}, generator, torch::kFloat64);
  return {torch::randn({2, 80, 50, 60}, generator, torch::kFloat64).to(type),
          torch::cat({image, corners, corners + sides}, 1).to(type),
          {7, 7, 2, false, 0.25}};
}

/// Without end, no numbers, or so far away that no sample lies on an (8, 8) map.
inline Tensor regions_of_nothing() {
  const float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  return torch::tensor({0.F, nan,  0.F, 4.F,  4.F, 0.F, 0.F,   0.F,   infinity, 4.F,
                        0.F, 1e9F, 0.F, 3e9F, 4.F, 0.F, -3e8F, -3e8F, -1e8F,    -1e8F})
      .view({4, 5});
}

inline Tensor pooled(const Tensor& input, const Tensor& rois, const Regions& how) {
  return roi_align(input, rois, how.scale, how.height, how.width, how.ratio, how.aligned);
}

inline Tensor spread(const Tensor& grad, const Tensor& rois, const Regions& how, const Tensor& input) {
  return roi_align_backward(grad, rois, how.scale, how.height, how.width, input.size(0), input.size(1),
                            input.size(2), input.size(3), how.ratio, how.aligned);
}

}  // namespace maskmill::learn::tests
