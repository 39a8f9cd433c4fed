// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/detection/roi_heads.h"

#include <algorithm>
#include <cmath>

#include "learn/torch/operators/nms.h"
#include "learn/torch/operators/roi_align.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;
using torch::indexing::Slice;

constexpr double kLeastDetectionSide = 1e-2;  // pixels, of a detection
constexpr int kSamples = 2;                   // of RoIAlign, a cell and side
constexpr int kFirstStride = 4;

/// Of a box of this side the fourth level of the pyramid, counted from the pictures' own size, is taken.
constexpr double kCanonicalSide = 224;
constexpr int kCanonicalLevel = 4, kFirstLevel = 2;

/// With the number of the picture before each: (all, 5).
Tensor regions_of(const std::vector<Tensor>& boxes) {
  std::vector<Tensor> regions;
  for (std::size_t i = 0; i < boxes.size(); ++i)
    regions.push_back(torch::cat(
        {torch::full({boxes[i].size(0), 1}, static_cast<double>(i), boxes[i].options()), boxes[i]}, 1));
  return torch::cat(regions);
}

/// (all) int64, from 0.
Tensor levels_of(const Tensor& boxes, std::size_t levels) {
  const Tensor side = box_area(boxes).sqrt();
  const Tensor level = torch::floor(kCanonicalLevel + torch::log2(side / kCanonicalSide) + 1e-6);
  return (level.clamp(kFirstLevel, kFirstLevel + static_cast<std::int64_t>(levels) - 1) - kFirstLevel)
      .to(torch::kInt64);
}

struct Matched {
  Tensor objects, labels;  ///< labels: -1 counts in no loss
};

Matched matched(const Tensor& boxes, const ObjectTargets& targets, const DetectorSettings& settings) {
  if (targets.boxes.size(0) == 0) {
    const Tensor none = torch::zeros({boxes.size(0)}, boxes.options().dtype(torch::kInt64));
    return {none, none.clone()};
  }
  const Tensor matches =
      match(box_iou(targets.boxes, boxes), {settings.box_fg_iou_thresh, settings.box_bg_iou_thresh});
  const Tensor objects = matches.clamp_min(0);
  Tensor labels = targets.labels.index_select(0, objects);
  labels.masked_fill_(matches == kBackgroundMatch, 0);
  labels.masked_fill_(matches == kUndecidedMatch, -1);
  return {objects, labels};
}

Tensor positives_of(const Tensor& labels) {
  return torch::nonzero(labels > 0).squeeze(1);
}

/// (regions, side, side) of `type`: what each of `boxes` shows of its object's mask, of `masks` (N, height,
/// width). Some masks at a time are brought to that type: all of a crowded picture would take many times what
/// the rest of the loss does.
Tensor masks_seen(const Tensor& masks, const Tensor& objects, const Tensor& boxes, std::int64_t side,
                  torch::ScalarType type) {
  constexpr std::int64_t kNumbersAtOnce = std::int64_t{1} << 23;
  const torch::NoGradGuard no_grad;
  const auto [seen, place, counts] =
      torch::_unique2(objects, /*sorted=*/true, /*return_inverse=*/true, /*return_counts=*/false);
  const std::int64_t most = std::max<std::int64_t>(1, kNumbersAtOnce / (masks.size(1) * masks.size(2)));
  std::vector<Tensor> parts, regions_of_parts;
  for (std::int64_t first = 0; first < seen.size(0); first += most) {
    const std::int64_t count = std::min(most, seen.size(0) - first);
    const Tensor planes = masks.index_select(0, seen.narrow(0, first, count)).unsqueeze(1).to(type);
    const Tensor regions = torch::nonzero((place >= first) & (place < first + count)).squeeze(1);
    const Tensor plane = (place.index_select(0, regions) - first).to(type).unsqueeze(1);
    parts.push_back(roi_align(planes, torch::cat({plane, boxes.index_select(0, regions)}, 1), 1, side, side,
                              /*sampling_ratio=*/-1, /*aligned=*/false)
                        .squeeze(1));
    regions_of_parts.push_back(regions);
  }
  return torch::cat(parts).index_select(0, torch::cat(regions_of_parts).argsort());
}

}  // namespace

const BoxCoder& region_coder() {
  static const BoxCoder coder({10, 10, 5, 5});
  return coder;
}

Tensor pooled(const std::vector<Tensor>& levels, const std::vector<Tensor>& boxes, int side) {
  const Tensor regions = regions_of(boxes);
  const Tensor level = levels_of(regions.slice(1, 1), levels.size());
  double scale = 1.0 / kFirstStride;
  std::vector<Tensor> parts, places;
  for (std::size_t i = 0; i < levels.size(); ++i, scale /= 2) {
    places.push_back(torch::nonzero(level == static_cast<std::int64_t>(i)).squeeze(1));
    parts.push_back(roi_align(levels[i], regions.index_select(0, places.back()), scale, side, side, kSamples,
                              /*aligned=*/false)
                        .to(levels.front().scalar_type()));
  }
  // Joined and put into the regions' order by one selection, whose gradient is another.
  return torch::cat(parts).index_select(0, torch::cat(places).argsort());
}

RegionSamples draw_regions(const std::vector<Tensor>& proposals, const std::vector<ObjectTargets>& targets,
                           const DetectorSettings& settings) {
  RegionSamples samples;
  std::vector<Tensor> wanted;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    const Tensor boxes = torch::cat({proposals[i], targets[i].boxes.to(proposals[i].dtype())});
    const Matched all = matched(boxes, targets[i], settings);
    const Drawn drawn =
        draw_balanced(all.labels, settings.box_batch_size_per_image, settings.box_positive_fraction);
    const Tensor chosen = std::get<0>(torch::cat({drawn.positive, drawn.negative}).sort());
    samples.boxes.push_back(boxes.index_select(0, chosen));
    samples.objects.push_back(all.objects.index_select(0, chosen));
    samples.labels.push_back(all.labels.index_select(0, chosen));
    wanted.push_back(targets[i].boxes.size(0) == 0
                         ? torch::zeros_like(samples.boxes.back())
                         : targets[i].boxes.index_select(0, samples.objects.back()));
  }
  samples.deltas = region_coder().encode(torch::cat(wanted), torch::cat(samples.boxes));
  return samples;
}

BoxLosses box_losses(const Tensor& logits, const Tensor& deltas, const RegionSamples& samples) {
  const Tensor labels = torch::cat(samples.labels);
  if (labels.numel() == 0) return {logits.sum() * 0, deltas.sum() * 0};  // a mean of nothing is no number
  const Tensor positives = positives_of(labels);
  const Tensor own = deltas.view({deltas.size(0), deltas.size(1) / 4, 4})
                         .index({positives, labels.index_select(0, positives)});
  return {torch::cross_entropy_loss(logits, labels),
          torch::smooth_l1_loss(own, samples.deltas.index_select(0, positives), at::Reduction::Sum,
                                kSmoothL1Beta) /
              labels.numel()};
}

RegionSamples only_masked(const RegionSamples& samples, const std::vector<ObjectTargets>& targets) {
  RegionSamples masked;
  for (std::size_t i = 0; i < samples.boxes.size(); ++i) {
    Tensor kept = positives_of(samples.labels[i]);
    if (targets[i].has_mask.defined())
      kept = kept.index({targets[i].has_mask.index_select(0, samples.objects[i].index_select(0, kept))});
    masked.boxes.push_back(samples.boxes[i].index_select(0, kept));
    masked.objects.push_back(samples.objects[i].index_select(0, kept));
    masked.labels.push_back(samples.labels[i].index_select(0, kept));
  }
  return masked;
}

Tensor mask_loss(const Tensor& logits, const RegionSamples& objects,
                 const std::vector<ObjectTargets>& targets) {
  if (logits.size(0) == 0) return logits.sum() * 0;
  const std::int64_t side = logits.size(-1);
  std::vector<Tensor> wanted;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (objects.boxes[i].size(0) == 0) continue;
    wanted.push_back(
        masks_seen(targets[i].masks, objects.objects[i], objects.boxes[i], side, logits.scalar_type()));
  }
  const Tensor labels = torch::cat(objects.labels);
  const Tensor own = logits.index({torch::arange(labels.size(0), labels.options()), labels});
  return torch::binary_cross_entropy_with_logits(own, torch::cat(wanted));
}

std::vector<Detections> detections_of(const Tensor& logits, const Tensor& deltas,
                                      const std::vector<Tensor>& proposals,
                                      const std::vector<Extent>& pictures, const DetectorSettings& settings) {
  const std::int64_t classes = logits.size(1);
  const Tensor all_chances = logits.softmax(1);
  std::vector<Detections> all;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    const std::int64_t count = proposals[i].size(0);
    // Most of the pairs of a region and a class fall short of the score: boxes are made of the others alone.
    const Tensor chances = all_chances.narrow(0, first, count).slice(1, 1).reshape(-1);
    const Tensor kept = torch::nonzero(chances > settings.box_score_thresh).squeeze(1);
    const Tensor region = kept.div(classes - 1, "floor"), label = kept.remainder(classes - 1) + 1;
    const Tensor own = deltas.narrow(0, first, count).view({count, classes, 4}).index({region, label});
    Tensor boxes =
        clipped_to(region_coder().decode(own, proposals[i].index_select(0, region)).squeeze(1), pictures[i]);
    const Tensor large = large_boxes(boxes, kLeastDetectionSide);
    boxes = boxes.index_select(0, large);
    const Tensor scores = chances.index_select(0, kept.index_select(0, large));
    const Tensor labels = label.index_select(0, large);
    Tensor chosen = batched_nms(boxes, scores, labels, settings.box_nms_thresh);
    chosen = chosen.narrow(0, 0, std::min<std::int64_t>(settings.box_detections_per_img, chosen.numel()));
    all.push_back(
        {boxes.index_select(0, chosen), labels.index_select(0, chosen), scores.index_select(0, chosen), {}});
    first += count;
  }
  return all;
}

void add_masks(std::vector<Detections>& detections, const Tensor& logits) {
  std::int64_t first = 0;
  for (Detections& found : detections) {
    const std::int64_t count = found.labels.size(0);
    found.masks = logits.narrow(0, first, count)
                      .index({torch::arange(count, found.labels.options()), found.labels})
                      .sigmoid();
    first += count;
  }
}

}  // namespace maskmill::learn
