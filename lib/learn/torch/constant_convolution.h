// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <functional>

#include "learn/graph.h"
#include "learn/torch/device.h"

namespace maskmill::learn {

/// A convolution whose weights change no more, followed by a ReLU if wanted. It computes in `precision`,
/// whatever type its input has, and returns that type; where torch computes by oneDNN, the ReLU is done on
/// the way out. Without gradients.
///
/// `weight` and `bias`, which may be undefined, as torch::conv2d takes them, float32 on the device.
std::function<torch::Tensor(const torch::Tensor&)> constant_convolution(const Conv2d& conv,
                                                                        const torch::Tensor& weight,
                                                                        const torch::Tensor& bias, bool relu,
                                                                        Precision precision);

/// What tensors of that precision hold.
torch::ScalarType type_of(Precision precision);

}  // namespace maskmill::learn
