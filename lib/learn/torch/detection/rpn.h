// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <vector>

#include "learn/detector.h"
#include "learn/torch/detection/boxes.h"

namespace maskmill::learn {

/// The region proposal network after its head: torchvision 0.28, models/detection/rpn.py and anchor_utils.py.

/// (anchors, 4), of one level after the other; of each, row by row, the anchors of a place together.
/// `levels`: the maps' sizes; `padded`: that of the pictures they were made of. One side a level, each in
/// three ratios, rounded to whole pixels.
torch::Tensor anchors_for(const std::vector<Extent>& levels, Extent padded,
                          const torch::TensorOptions& options);

/// What the head says of every anchor, in float32 or, of a network of these, in float64.
struct AnchorScores {
  torch::Tensor objectness;            ///< (images, anchors), before a sigmoid
  torch::Tensor deltas;                ///< (images, anchors, 4)
  torch::Tensor anchors;               ///< (anchors, 4)
  std::vector<std::int64_t> of_level;  ///< how many of the anchors
};

/// From the head's maps of each level: (images, 3, height, width) and (images, 12, height, width).
AnchorScores join_levels(const std::vector<torch::Tensor>& objectness,
                         const std::vector<torch::Tensor>& deltas, Extent padded);

/// Of each image the best boxes, inside it, best first: (N, 4), without gradients. `pictures`: the images'
/// sizes without padding.
std::vector<torch::Tensor> proposals_of(const AnchorScores& scores, const std::vector<Extent>& pictures,
                                        const DetectorSettings& settings, bool training);

struct RpnLosses {
  torch::Tensor objectness;  ///< torchvision's loss_objectness
  torch::Tensor box;         ///< loss_rpn_box_reg
};

/// `objects`: the boxes (N, 4) of each image's objects; none is legal. Draws anchors by torch's generator.
RpnLosses rpn_losses(const AnchorScores& scores, const std::vector<torch::Tensor>& objects,
                     const DetectorSettings& settings);

}  // namespace maskmill::learn
