// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

namespace maskmill::learn {

/// torch::conv2d of stride 1, for outputs that a loss reads at few places, as that of a detector's anchors
/// does: on CPU its gradient is summed over those places alone, where they are few. It is the same gradient,
/// but for the order of its sums, and the same bits for any number of threads. Under Autocast the input is
/// taken in bfloat16, and the gradient's sums are float32. It has no gradient itself.
///
/// `input` (N, C, H, W), `weight` (out, C, kernel height, kernel width), `bias` (out); zeros are padded
/// around the input.
torch::Tensor conv2d_read_at_few(const torch::Tensor& input, const torch::Tensor& weight,
                                 const torch::Tensor& bias, at::IntArrayRef padding);

}  // namespace maskmill::learn
