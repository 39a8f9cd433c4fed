// SPDX-License-Identifier: Apache-2.0
// Private to roi_align: what it computes on CPU. Arguments have been checked.
#pragma once

#include <torch/torch.h>

#include "learn/torch/operators/roi_align_samples.h"

namespace maskmill::learn {

torch::Tensor roi_align_on_cpu(const torch::Tensor& input, const torch::Tensor& rois, const Pooling& pooling);

/// Of the gradient's type, in the memory format named.
torch::Tensor roi_align_backward_on_cpu(const torch::Tensor& grad, const torch::Tensor& rois,
                                        const Pooling& pooling, const MapSize& size, bool channels_last);

}  // namespace maskmill::learn
