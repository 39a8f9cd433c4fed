// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "learn/detector.h"
#include "learn/detector_size.h"
#include "learn/settings.h"
#include "learn/torch/detection/roi_heads.h"
#include "learn/torch/detection/rpn.h"
#include "learn/torch/device.h"
#include "learn/torch/module.h"

namespace maskmill::learn {

/// Pictures as a detector takes them.
struct PictureBatch {
  torch::Tensor pixels;  ///< (N, 3, height, width) float32, normalised; 0 right of and below a picture
  std::vector<Extent> pictures;  ///< their sizes without that
};

/// torchvision's GeneralizedRCNNTransform: pictures (3, height, width) floating-point of 0..1 are normalised,
/// resized bilinearly to detector_size() and put into a batch whose sides are multiples of 32.
PictureBatch batch_of(const std::vector<torch::Tensor>& pictures, const InputSettings& input);

/// torchvision's Faster R-CNN or Mask R-CNN, over a graph of learn/detector.h.
class Detector {
 public:
  /// What the architecture built, with the settings it was built with.
  Detector(Network network, const DetectorSettings& settings, bool masks);

  Network& network() { return network_; }

  /// By torchvision's names: loss_classifier, loss_box_reg, loss_mask, loss_objectness, loss_rpn_box_reg.
  /// What is minimised is their sum. The network should be training; anchors and regions are drawn by torch's
  /// generator, in torchvision's order, so that a seed chooses what it chooses there.
  using Losses = std::vector<std::pair<std::string, torch::Tensor>>;
  Losses losses(const PictureBatch& batch, const std::vector<ObjectTargets>& targets, Precision precision);
  std::vector<std::string> loss_names() const;

  /// In the batch's pixels. Without gradients; the network should not be training.
  std::vector<Detections> detect(const PictureBatch& batch, Precision precision);

  /// Both of what was seen once.
  struct Seen {
    std::vector<torch::Tensor> features;  ///< maps of every level
    AnchorScores anchors;
  };
  Seen see(const PictureBatch& batch);
  Losses losses(const Seen& seen, const PictureBatch& batch, const std::vector<ObjectTargets>& targets);
  std::vector<Detections> detect(const Seen& seen, const PictureBatch& batch);

 private:
  struct BoxHeadScores {
    torch::Tensor logits, deltas;
  };
  BoxHeadScores box_head(const std::vector<torch::Tensor>& features, const std::vector<torch::Tensor>& boxes);
  torch::Tensor mask_head(const std::vector<torch::Tensor>& features,
                          const std::vector<torch::Tensor>& boxes);

  Network network_;
  DetectorSettings settings_;
  bool masks_;
  NetworkImpl::Plan backbone_, rpn_, box_, mask_;
};

}  // namespace maskmill::learn
