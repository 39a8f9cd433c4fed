// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <vector>

#include "learn/detector.h"
#include "learn/sample.h"
#include "learn/torch/detection/boxes.h"

namespace maskmill::learn {

/// What becomes of proposals: torchvision 0.28, models/detection/roi_heads.py and ops/poolers.py.

/// What is on one picture, in its pixels.
struct ObjectTargets {
  torch::Tensor boxes;   ///< (N, 4) float32 left, top, right, bottom, with width and height above 0
  torch::Tensor labels;  ///< (N) int64, from 1: 0 is the background
  torch::Tensor masks;   ///< (N, height, width) uint8, 0 or 1; undefined where the detector predicts none
  /// (N) bool: false of objects of which the box alone is known, which the loss of masks leaves out;
  /// undefined where all have a mask.
  torch::Tensor has_mask{};
  /// In no loss; what is found on them is not wrong.
  std::vector<SampleObject> crowds{};
};

/// (regions, channels, side, side): RoIAlign with two samples a cell along each side, of the level that fits
/// each box's size (Lin et al., "Feature Pyramid Networks", equation 1). `levels`: maps of a quarter, an
/// eighth, a sixteenth and a thirty-second of the padded pictures' size; `boxes`: of each picture. Unlike
/// torchvision, which guesses the levels' scales from the sizes of the first pictures that come, these are
/// what the network makes them.
torch::Tensor pooled(const std::vector<torch::Tensor>& levels, const std::vector<torch::Tensor>& boxes,
                     int side);

/// Proposals of a training step, the objects' own boxes among them.
struct RegionSamples {
  std::vector<torch::Tensor> boxes;    ///< of each picture (N, 4)
  std::vector<torch::Tensor> objects;  ///< (N) int64: which object each is, of those that are one
  std::vector<torch::Tensor> labels;   ///< (N) int64: its class, 0 for background
  torch::Tensor deltas;                ///< (all, 4) float32: what the head of boxes should say
};

/// The boxes' coder of the second stage.
const BoxCoder& region_coder();

/// Draws by torch's generator.
RegionSamples draw_regions(const std::vector<torch::Tensor>& proposals,
                           const std::vector<ObjectTargets>& targets, const DetectorSettings& settings);

struct BoxLosses {
  torch::Tensor classifier;  ///< torchvision's loss_classifier
  torch::Tensor box;         ///< loss_box_reg
};
/// `logits` (regions, classes), `deltas` (regions, 4 * classes), both float32.
BoxLosses box_losses(const torch::Tensor& logits, const torch::Tensor& deltas, const RegionSamples& samples);

/// Those of the samples that are objects with a mask.
RegionSamples only_masked(const RegionSamples& samples, const std::vector<ObjectTargets>& targets);

/// torchvision's loss_mask: binary cross entropy of each region's mask of its own class. `logits` (regions,
/// classes, side, side) float32, of only_masked(); with none it is 0, with a gradient of 0.
torch::Tensor mask_loss(const torch::Tensor& logits, const RegionSamples& objects,
                        const std::vector<ObjectTargets>& targets);

/// What was found on one picture, by falling score.
struct Detections {
  torch::Tensor boxes;   ///< (N, 4) float32 left, top, right, bottom
  torch::Tensor labels;  ///< (N) int64, from 1
  torch::Tensor scores;  ///< (N) float32, 0..1
  torch::Tensor
      masks;  ///< (N, 28, 28) float32, 0..1, over the box; undefined where the detector predicts none
};

/// From what the head of boxes says of `proposals`; the boxes lie inside `pictures`.
std::vector<Detections> detections_of(const torch::Tensor& logits, const torch::Tensor& deltas,
                                      const std::vector<torch::Tensor>& proposals,
                                      const std::vector<Extent>& pictures, const DetectorSettings& settings);

/// Gives each detection the mask of its class, from `logits` (all detections, classes, side, side).
void add_masks(std::vector<Detections>& detections, const torch::Tensor& logits);

}  // namespace maskmill::learn
