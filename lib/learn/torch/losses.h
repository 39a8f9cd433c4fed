// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <vector>

#include "learn/settings.h"

namespace maskmill::learn {

/// In a tensor of class numbers: this pixel counts in no loss. As int16 it has the bits of kIgnored.
inline constexpr int kIgnoredClass = -1;

/// The weighted sum of a setting's terms. Adding a loss: a function and a line in losses.cpp's list.
class Loss {
 public:
  explicit Loss(const LossSettings& settings);

  /// `scores` (batch, classes, height, width) before softmax or sigmoid, of any floating-point type;
  /// `classes` (batch, height, width) int64 class numbers or kIgnoredClass. One float32 number, a mean over
  /// what is not ignored; 0 where everything is. Ignored pixels have no gradient.
  torch::Tensor operator()(const torch::Tensor& scores, const torch::Tensor& classes) const;

  /// True where each class has a probability of its own (a sigmoid) rather than a share of one (softmax): bce
  /// without ce.
  bool independent() const { return independent_; }

 private:
  struct WeightedTerm {
    LossKind kind;
    double weight;
  };
  std::vector<WeightedTerm> terms_;
  bool independent_ = false;
};

}  // namespace maskmill::learn
