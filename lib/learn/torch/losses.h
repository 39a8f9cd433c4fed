// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <vector>

#include "learn/settings.h"

namespace maskmill::learn {

/// In a tensor of class numbers: this pixel counts in no loss. As int16 it has the bits of kIgnored.
inline constexpr int kIgnoredClass = -1;

/// The weighted sum of a setting's terms. Adding a loss: a function and a line in losses.cpp's list.
///   ce       torch.nn.CrossEntropyLoss.
///   bce      torch.nn.BCEWithLogitsLoss, each class against the rest.
///   dice     segmentation_models_pytorch's DiceLoss over the whole batch (Milletari, Navab and Ahmadi,
///   "V-Net",
///            2016, without their squares); a class that the batch does not have counts as 0.
///   jaccard  likewise its JaccardLoss.
///   focal    Lin et al., "Focal Loss for Dense Object Detection" (2017), over softmax, or as its FocalLoss
///   over
///            a sigmoid each class.
/// Class weights w make means over pixels and over classes weighted ones: of ce, and of focal over softmax,
/// each pixel counts w of its class; of the others each class counts w.
class Loss {
 public:
  /// `class_weights`: one per class, or empty where all count the same.
  Loss(const LossSettings& settings, const std::vector<double>& class_weights);

  /// `scores` (batch, classes, height, width) before softmax or sigmoid, of any floating-point type;
  /// `classes` (batch, height, width) int64 class numbers or kIgnoredClass. One float32 number, a mean over
  /// what is not ignored; 0 where everything is. Ignored pixels have no gradient.
  torch::Tensor operator()(const torch::Tensor& scores, const torch::Tensor& classes) const;

 private:
  struct WeightedTerm {
    LossKind kind;
    double weight;
  };
  LossSettings settings_;
  std::vector<WeightedTerm> terms_;
  torch::Tensor class_weights_;  ///< float32 on CPU; undefined where there are none
};

}  // namespace maskmill::learn
