// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/detection/detector.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

Extent extent_of(const Tensor& picture) {
  return {static_cast<int>(picture.size(-2)), static_cast<int>(picture.size(-1))};
}

/// Regions are pooled from every level but the last.
std::vector<Tensor> pooled_levels(const std::vector<Tensor>& features) {
  return {features.begin(), features.end() - 1};
}

}  // namespace

PictureBatch batch_of(const std::vector<Tensor>& pictures, const InputSettings& input) {
  PictureBatch batch;
  std::vector<Tensor> resized;
  std::vector<Size> sizes;
  for (const Tensor& picture : pictures) {
    const auto of_channels = [&](const std::vector<double>& values) {
      return torch::tensor(values, picture.options()).view({3, 1, 1});
    };
    const Extent own = extent_of(picture);
    const Size size = detector_size({own.width, own.height}, bounds_of(input));
    resized.push_back(torch::upsample_bilinear2d(
        ((picture - of_channels(input.mean)) / of_channels(input.std)).unsqueeze(0),
        {size.height, size.width},
        /*align_corners=*/false));
    sizes.push_back(size);
    batch.pictures.push_back({size.height, size.width});
  }
  const Size padded = padded_size(sizes);
  batch.pixels = torch::zeros({static_cast<std::int64_t>(pictures.size()), 3, padded.height, padded.width},
                              resized.front().options())
                     .contiguous(torch::MemoryFormat::ChannelsLast);
  for (std::size_t i = 0; i < resized.size(); ++i)
    batch.pixels[static_cast<std::int64_t>(i)]
        .narrow(1, 0, batch.pictures[i].height)
        .narrow(2, 0, batch.pictures[i].width)
        .copy_(resized[i].squeeze(0));
  return batch;
}

Detector::Detector(Network network, const DetectorSettings& settings, bool masks)
    : network_(std::move(network)),
      settings_(settings),
      masks_(masks),
      backbone_(network_->plan_for({detector::kLevels.begin(), detector::kLevels.end()})),
      rpn_(network_->plan_for({detector::kObjectness, detector::kAnchorDeltas})),
      box_(network_->plan_for({detector::kClassLogits, detector::kBoxDeltas})) {
  if (masks_) mask_ = network_->plan_for({detector::kMaskLogits});
}

Detector::Seen Detector::see(const PictureBatch& batch) {
  Seen seen;
  const auto maps = network_->forward(backbone_, {batch.pixels});
  std::vector<Tensor> objectness, deltas;
  for (const char* level : detector::kLevels) {
    seen.features.push_back(maps.at(level));
    const auto said = network_->forward(rpn_, {{}, seen.features.back()});
    objectness.push_back(said.at(detector::kObjectness));
    deltas.push_back(said.at(detector::kAnchorDeltas));
  }
  seen.anchors = join_levels(objectness, deltas, extent_of(batch.pixels));
  return seen;
}

Detector::BoxHeadScores Detector::box_head(const std::vector<Tensor>& features,
                                           const std::vector<Tensor>& boxes) {
  const auto said =
      network_->forward(box_, {{}, {}, pooled(pooled_levels(features), boxes, detector::kBoxPoolSize)});
  return {in_full(said.at(detector::kClassLogits)), in_full(said.at(detector::kBoxDeltas))};
}

Tensor Detector::mask_head(const std::vector<Tensor>& features, const std::vector<Tensor>& boxes) {
  const Tensor regions = pooled(pooled_levels(features), boxes, detector::kMaskPoolSize);
  return in_full(network_->forward(mask_, {{}, {}, {}, regions}).at(detector::kMaskLogits));
}

Detector::Losses Detector::losses(const PictureBatch& batch, const std::vector<ObjectTargets>& targets,
                                  Precision precision) {
  const Autocast autocast(batch.pixels.device(), precision);
  return losses(see(batch), batch, targets);
}

Detector::Losses Detector::losses(const Seen& seen, const PictureBatch& batch,
                                  const std::vector<ObjectTargets>& targets) {
  const std::vector<Tensor> proposals = proposals_of(seen.anchors, batch.pictures, settings_, true);
  std::vector<Tensor> boxes;
  for (const ObjectTargets& of_picture : targets) boxes.push_back(of_picture.boxes);
  const RpnLosses rpn = rpn_losses(seen.anchors, boxes, settings_);
  const RegionSamples samples = draw_regions(proposals, targets, settings_);
  const BoxHeadScores said = box_head(seen.features, samples.boxes);
  const BoxLosses box = box_losses(said.logits, said.deltas, samples);
  Losses losses{{"loss_classifier", box.classifier}, {"loss_box_reg", box.box}};
  if (masks_) {
    const RegionSamples masked = only_masked(samples, targets);
    losses.emplace_back("loss_mask", mask_loss(mask_head(seen.features, masked.boxes), masked, targets));
  }
  losses.emplace_back("loss_objectness", rpn.objectness);
  losses.emplace_back("loss_rpn_box_reg", rpn.box);
  return losses;
}

std::vector<std::string> Detector::loss_names() const {
  std::vector<std::string> names{"loss_classifier", "loss_box_reg"};
  if (masks_) names.emplace_back("loss_mask");
  names.insert(names.end(), {"loss_objectness", "loss_rpn_box_reg"});
  return names;
}

std::vector<Detections> Detector::detect(const PictureBatch& batch, Precision precision) {
  const torch::NoGradGuard no_grad;
  const Autocast autocast(batch.pixels.device(), precision);
  return detect(see(batch), batch);
}

std::vector<Detections> Detector::detect(const Seen& seen, const PictureBatch& batch) {
  const torch::NoGradGuard no_grad;
  const std::vector<Tensor> proposals = proposals_of(seen.anchors, batch.pictures, settings_, false);
  const BoxHeadScores said = box_head(seen.features, proposals);
  std::vector<Detections> detections =
      detections_of(said.logits, said.deltas, proposals, batch.pictures, settings_);
  if (!masks_) return detections;
  std::vector<Tensor> boxes;
  for (const Detections& found : detections) boxes.push_back(found.boxes);
  add_masks(detections, mask_head(seen.features, boxes));
  return detections;
}

}  // namespace maskmill::learn
