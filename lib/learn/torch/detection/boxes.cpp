// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/detection/boxes.h"

#include <algorithm>
#include <cmath>

namespace maskmill::learn {
namespace {

using torch::Tensor;

/// Largest logarithm by which a side grows.
const double kMostGrowth = std::log(1000.0 / 16);

struct Sides {
  Tensor width, height, x, y;  ///< x and y of the centre
};

Sides sides_of(const Tensor& boxes) {
  const Tensor width = boxes.select(1, 2) - boxes.select(1, 0);
  const Tensor height = boxes.select(1, 3) - boxes.select(1, 1);
  return {width, height, boxes.select(1, 0) + 0.5 * width, boxes.select(1, 1) + 0.5 * height};
}

Tensor some_of(const Tensor& candidates, std::int64_t count) {
  const Tensor order =
      torch::randperm(candidates.numel(), torch::TensorOptions(candidates.device()).dtype(torch::kInt64));
  return std::get<0>(candidates.index_select(0, order.narrow(0, 0, count)).sort());
}

}  // namespace

Tensor in_full(const Tensor& values) {
  return at::isReducedFloatingType(values.scalar_type()) ? values.to(torch::kFloat32) : values;
}

Tensor box_area(const Tensor& boxes) {
  return (boxes.select(1, 2) - boxes.select(1, 0)) * (boxes.select(1, 3) - boxes.select(1, 1));
}

Tensor box_iou(const Tensor& boxes, const Tensor& others) {
  // One number a pair after the other, in place: of a crowded picture's objects and all anchors, one such
  // tensor is a hundred megabytes. Boxes have no gradient.
  const auto shared = [&](int first) {
    const Tensor end = torch::min(boxes.select(1, first + 2).unsqueeze(1), others.select(1, first + 2));
    return end.sub_(torch::max(boxes.select(1, first).unsqueeze(1), others.select(1, first))).clamp_min_(0);
  };
  const Tensor inside = shared(0).mul_(shared(1));
  const Tensor both = box_area(boxes).unsqueeze(1) + box_area(others);
  return inside.div_(both.sub_(inside));
}

Tensor clipped_to(const Tensor& boxes, Extent picture) {
  const Tensor most = torch::tensor({picture.width, picture.height, picture.width, picture.height},
                                    torch::TensorOptions(boxes.device()).dtype(boxes.dtype()));
  return torch::min(boxes.clamp_min(0), most);
}

Tensor large_boxes(const Tensor& boxes, double least) {
  const Sides sides = sides_of(boxes);
  return torch::nonzero((sides.width >= least) & (sides.height >= least)).squeeze(1);
}

Tensor BoxCoder::encode(const Tensor& boxes, const Tensor& from) const {
  const Sides to = sides_of(boxes), of = sides_of(from);
  return torch::stack(
      {weights_[0] * (to.x - of.x) / of.width, weights_[1] * (to.y - of.y) / of.height,
       weights_[2] * torch::log(to.width / of.width), weights_[3] * torch::log(to.height / of.height)},
      1);
}

Tensor BoxCoder::decode(const Tensor& deltas, const Tensor& from) const {
  const Sides of = sides_of(from.to(deltas.dtype()));
  const Tensor each = deltas.view({deltas.size(0), deltas.size(1) / 4, 4});
  const auto number = [&](int i) { return each.select(2, i) / weights_[static_cast<std::size_t>(i)]; };
  const Tensor x = number(0) * of.width.unsqueeze(1) + of.x.unsqueeze(1);
  const Tensor y = number(1) * of.height.unsqueeze(1) + of.y.unsqueeze(1);
  const Tensor half_width = 0.5 * (number(2).clamp_max(kMostGrowth).exp() * of.width.unsqueeze(1));
  const Tensor half_height = 0.5 * (number(3).clamp_max(kMostGrowth).exp() * of.height.unsqueeze(1));
  return torch::stack({x - half_width, y - half_height, x + half_width, y + half_height}, 2);
}

Tensor match(const Tensor& iou, const MatchThresholds& thresholds) {
  const auto [best, nearest] = iou.max(0);
  Tensor matches =
      torch::where(best < thresholds.foreground, torch::full_like(nearest, kUndecidedMatch), nearest);
  matches.masked_fill_(best < thresholds.background, kBackgroundMatch);
  if (!thresholds.keep_nearest) return matches;
  const Tensor best_of_object = std::get<0>(iou.max(1, /*keepdim=*/true));
  return torch::where((iou == best_of_object).any(0), nearest, matches);
}

Drawn draw_balanced(const Tensor& labels, std::int64_t count, double positive_fraction) {
  const Tensor positive = torch::nonzero(labels >= 1).squeeze(1);
  const Tensor negative = torch::nonzero(labels == 0).squeeze(1);
  const auto wanted = static_cast<std::int64_t>(static_cast<double>(count) * positive_fraction);
  const std::int64_t positives = std::min(positive.numel(), wanted);
  const std::int64_t negatives = std::min(negative.numel(), count - positives);
  const Tensor chosen = some_of(positive, positives);  // drawn first, as torchvision does
  return {chosen, some_of(negative, negatives)};
}

}  // namespace maskmill::learn
