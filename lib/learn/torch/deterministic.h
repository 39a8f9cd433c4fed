// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

namespace maskmill::learn {

/// Switches between torch's usual arithmetic and one that gives the same bits each time, for the whole
/// process. On CUDA torch has no such kernels for some operations, and names one that it meets in a warning;
/// those below stand for the ones that training needs. Where that is not wanted, cuDNN tries its kernels out
/// on each new size, which does not pay where `sizes_vary` from batch to batch.
void compute_deterministically(bool wanted, bool sizes_vary);

/// True on CUDA where that is switched on.
bool needs_deterministic(const torch::Tensor& on);

/// Cross entropy of each pixel: torch's, from sums and products alone. `truth`: of the scores' shape, 1 for
/// the pixel's class and else 0; a pixel of none is ignored, and its loss 0.
torch::Tensor cross_entropy_by_products(const torch::Tensor& scores, const torch::Tensor& truth);

/// torch's bilinear upsampling without aligned corners, as two products with matrices.
torch::Tensor bilinear_by_products(const torch::Tensor& values, std::int64_t height, std::int64_t width);

}  // namespace maskmill::learn
