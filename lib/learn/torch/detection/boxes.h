// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>

#include "learn/graph.h"

namespace maskmill::learn {

/// The arithmetic of boxes in torchvision's detectors (torchvision 0.28, ops/boxes.py and
/// models/detection/_utils.py). Boxes are (N, 4) floating-point tensors of left, top, right and bottom in
/// pixels from the top left corner of the picture.

/// float32 where it is a type of 16 bits, which is too coarse for places in a picture; else as it is.
torch::Tensor in_full(const torch::Tensor& values);

/// (N): width times height.
torch::Tensor box_area(const torch::Tensor& boxes);

/// (N, M): intersection over union of each of (N, 4) with each of (M, 4), in the memory of three such tensors.
/// Of two boxes without area it is no number. Boxes must not need gradients.
torch::Tensor box_iou(const torch::Tensor& boxes, const torch::Tensor& others);

/// Moved into a picture of this size.
torch::Tensor clipped_to(const torch::Tensor& boxes, Extent picture);

/// Indices of those whose width and height are `least` pixels or more.
torch::Tensor large_boxes(const torch::Tensor& boxes, double least);

/// Between boxes and the four numbers a network says of each relative to another box: shifts of the centre as
/// shares of its width and height, and logarithms of the ratios of width and height, each times a weight
/// (Girshick et al., "Rich feature hierarchies", 2014, appendix C).
class BoxCoder {
 public:
  explicit BoxCoder(std::array<double, 4> weights) : weights_(weights) {}

  /// (N, 4) numbers of `boxes` relative to `from`, both (N, 4).
  torch::Tensor encode(const torch::Tensor& boxes, const torch::Tensor& from) const;
  /// (N, 4 * K) numbers relative to `from` (N, 4), to (N, K, 4) boxes. A box grows by a factor of 1000 / 16
  /// at most.
  torch::Tensor decode(const torch::Tensor& deltas, const torch::Tensor& from) const;

 private:
  std::array<double, 4> weights_;
};

/// Where the loss of boxes, smooth L1 (Girshick, "Fast R-CNN", 2015), turns from squares to lengths.
inline constexpr double kSmoothL1Beta = 1.0 / 9;

/// What match() gives in place of an object's index.
inline constexpr std::int64_t kBackgroundMatch = -1;  ///< no object comes near
inline constexpr std::int64_t kUndecidedMatch = -2;   ///< between the thresholds: counts in no loss

struct MatchThresholds {
  double foreground, background;
  /// The boxes that come nearest to an object are its own, whatever their IoU.
  bool keep_nearest = false;
};

/// From the IoU (M, N) of M objects with N boxes, which object each box is: (N) int64. M and N are at
/// least 1.
torch::Tensor match(const torch::Tensor& iou, const MatchThresholds& thresholds);

/// Of the boxes whose `labels` (N) are positive and of those whose are 0, some drawn by torch's generator: at
/// most `count` in all, of which `positive_fraction` positive where there are enough. Indices, ascending.
struct Drawn {
  torch::Tensor positive, negative;
};
Drawn draw_balanced(const torch::Tensor& labels, std::int64_t count, double positive_fraction);

}  // namespace maskmill::learn
