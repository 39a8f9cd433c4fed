// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/detection/rpn.h"

#include <algorithm>

#include "learn/torch/operators/nms.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

constexpr double kLeastProposalSide = 1e-3;  // pixels

const BoxCoder& coder() {
  static const BoxCoder of_anchors({1, 1, 1, 1});
  return of_anchors;
}

/// Around the origin: (3, 4).
Tensor anchors_of_side(double side, const torch::TensorOptions& options) {
  std::vector<Tensor> anchors;
  for (const std::array<float, 4>& corners : detector::anchors_of_side(side))
    anchors.push_back(torch::tensor({corners[0], corners[1], corners[2], corners[3]}, torch::kFloat32));
  return torch::stack(anchors).to(options);
}

/// (images, anchors * numbers, height, width) to (images, height * width * anchors, numbers).
Tensor flattened(const Tensor& map, std::int64_t numbers) {
  const std::int64_t images = map.size(0), height = map.size(2), width = map.size(3);
  return in_full(
      map.view({images, -1, numbers, height, width}).permute({0, 3, 4, 1, 2}).reshape({images, -1, numbers}));
}

/// 1 for objects, 0 for background, -1 for what counts in no loss; and the box that each anchor should
/// become.
struct AnchorTargets {
  Tensor labels, boxes;
};

AnchorTargets targets_of(const Tensor& anchors, const Tensor& objects, const DetectorSettings& settings) {
  if (objects.size(0) == 0)
    return {torch::zeros({anchors.size(0)}, anchors.options()), torch::zeros_like(anchors)};
  const Tensor matches =
      match(box_iou(objects, anchors), {settings.rpn_fg_iou_thresh, settings.rpn_bg_iou_thresh, true});
  Tensor labels = (matches >= 0).to(anchors.dtype());
  labels.masked_fill_(matches == kUndecidedMatch, -1);
  return {labels, objects.index_select(0, matches.clamp_min(0))};
}

}  // namespace

Tensor anchors_for(const std::vector<Extent>& levels, Extent padded, const torch::TensorOptions& options) {
  std::vector<Tensor> all;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto places = [&](int count, int side) { return torch::arange(count, options) * (side / count); };
    const std::vector<Tensor> grid = torch::meshgrid(
        {places(levels[i].height, padded.height), places(levels[i].width, padded.width)}, "ij");
    const Tensor y = grid[0].reshape(-1), x = grid[1].reshape(-1);
    const Tensor shifts = torch::stack({x, y, x, y}, 1);
    all.push_back(
        (shifts.unsqueeze(1) + anchors_of_side(detector::kAnchorSides.at(i), options)).reshape({-1, 4}));
  }
  return torch::cat(all);
}

AnchorScores join_levels(const std::vector<Tensor>& objectness, const std::vector<Tensor>& deltas,
                         Extent padded) {
  std::vector<Tensor> all_objectness, all_deltas;
  std::vector<Extent> levels;
  AnchorScores scores;
  for (std::size_t i = 0; i < objectness.size(); ++i) {
    levels.push_back({static_cast<int>(objectness[i].size(2)), static_cast<int>(objectness[i].size(3))});
    all_objectness.push_back(flattened(objectness[i], 1).squeeze(2));
    all_deltas.push_back(flattened(deltas[i], 4));
    scores.of_level.push_back(all_objectness.back().size(1));
  }
  scores.objectness = torch::cat(all_objectness, 1);
  scores.deltas = torch::cat(all_deltas, 1);
  scores.anchors = anchors_for(levels, padded, scores.deltas.options().requires_grad(false));
  return scores;
}

std::vector<Tensor> proposals_of(const AnchorScores& scores, const std::vector<Extent>& pictures,
                                 const DetectorSettings& settings, bool training) {
  const torch::NoGradGuard no_grad;
  const std::int64_t before = training ? settings.rpn_pre_nms_top_n_train : settings.rpn_pre_nms_top_n_test;
  const std::int64_t after = training ? settings.rpn_post_nms_top_n_train : settings.rpn_post_nms_top_n_test;
  std::vector<Tensor> best_of_level, levels;
  std::int64_t first = 0;
  for (std::size_t level = 0; level < scores.of_level.size(); ++level) {
    const std::int64_t count = scores.of_level[level], kept = std::min(count, before);
    best_of_level.push_back(std::get<1>(scores.objectness.narrow(1, first, count).topk(kept, 1)) + first);
    levels.push_back(torch::full({kept}, static_cast<std::int64_t>(level), best_of_level.back().options()));
    first += count;
  }
  const Tensor best = torch::cat(best_of_level, 1), level = torch::cat(levels);
  std::vector<Tensor> proposals;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto image = static_cast<std::int64_t>(i);
    const Tensor anchors = best[image];
    // Boxes are made of the best alone: of all anchors it would take longer than the rest of this.
    Tensor boxes =
        coder()
            .decode(scores.deltas[image].index_select(0, anchors), scores.anchors.index_select(0, anchors))
            .squeeze(1);
    boxes = clipped_to(boxes, pictures[i]);
    const Tensor chances = scores.objectness[image].index_select(0, anchors).sigmoid();
    Tensor kept = large_boxes(boxes, kLeastProposalSide);
    kept = kept.index({chances.index_select(0, kept) >= settings.rpn_score_thresh});
    boxes = boxes.index_select(0, kept);
    const Tensor chosen = batched_nms(boxes, chances.index_select(0, kept), level.index_select(0, kept),
                                      settings.rpn_nms_thresh);
    proposals.push_back(boxes.index_select(0, chosen.narrow(0, 0, std::min(after, chosen.numel()))));
  }
  return proposals;
}

RpnLosses rpn_losses(const AnchorScores& scores, const std::vector<Tensor>& objects,
                     const DetectorSettings& settings) {
  std::vector<AnchorTargets> targets;
  std::vector<Tensor> positive, negative;
  for (const Tensor& of_image : objects) {
    const auto first = static_cast<std::int64_t>(targets.size()) * scores.anchors.size(0);
    targets.push_back(targets_of(scores.anchors, of_image, settings));
    const Drawn drawn = draw_balanced(targets.back().labels, settings.rpn_batch_size_per_image,
                                      settings.rpn_positive_fraction);
    positive.push_back(drawn.positive + first);
    negative.push_back(drawn.negative + first);
  }
  std::vector<Tensor> labels, boxes;
  for (const AnchorTargets& of_image : targets) {
    labels.push_back(of_image.labels);
    boxes.push_back(of_image.boxes);
  }
  const Tensor positives = torch::cat(positive), drawn = torch::cat({positives, torch::cat(negative)});
  const Tensor wanted = coder().encode(torch::cat(boxes).index_select(0, positives),
                                       scores.anchors.index_select(0, positives % scores.anchors.size(0)));
  const Tensor box = torch::smooth_l1_loss(scores.deltas.view({-1, 4}).index_select(0, positives), wanted,
                                           at::Reduction::Sum, kSmoothL1Beta) /
                     drawn.numel();
  const Tensor objectness = torch::binary_cross_entropy_with_logits(
      scores.objectness.flatten().index_select(0, drawn), torch::cat(labels).index_select(0, drawn));
  return {objectness, box};
}

}  // namespace maskmill::learn
