// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include "learn/settings.h"

namespace maskmill::learn {

/// From pixels to what the network takes; one for training and prediction.
class NetworkInput {
 public:
  NetworkInput(const InputSettings& settings, torch::Device device);

  /// (batch, height, width, 3) uint8 RGB of the settings' size, on any device, to (batch, 3, height, width)
  /// float32, channels-last, on the network's device: (value / 255 - mean) / std.
  torch::Tensor operator()(const torch::Tensor& images) const;

 private:
  torch::Device device_;
  torch::Tensor scale_, shift_;  ///< of a whole row, so that the arithmetic runs along it
};

}  // namespace maskmill::learn
