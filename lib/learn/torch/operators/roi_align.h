// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace maskmill::learn {

/// RoIAlign (He, Gkioxari, Dollar and Girshick, "Mask R-CNN", 2017), as torchvision::roi_align of torchvision
/// 0.28: each region is divided into pooled_height times pooled_width bins, and a bin is the mean of bilinear
/// samples.
///
/// `input` (N, C, H, W); `rois` (K, 5) as image, x1, y1, x2, y2, which `spatial_scale` takes to the input's
/// pixels, whose centres lie at whole numbers, or, if `aligned`, at halves; without that a region is at least
/// 1 wide and high. `sampling_ratio` squared samples a bin, or, where it is 0 or less, as many as the bin has
/// pixels, rounded up each way. A sample further than 1 outside the outer pixels' corners (below -1, above H
/// or W) or not a number counts as 0, one nearer as the nearest pixels. A region that is empty or turned
/// over, with `aligned` and sampling_ratio 0, has no samples and is 0.
///
/// Returns (K, C, pooled_height, pooled_width), contiguous. It has a gradient with respect to `input`, in the
/// input's memory format, which has one itself. On CPU both are the same bits for any number of threads. On
/// CUDA the gradient's last bits may change from call to call; where compute_deterministically() forbids
/// that, it is roi_align_backward_by_products's.
///
/// `input` float32, float64, or float16 or bfloat16, which are summed, and located, in float32; `rois` of its
/// type, or float32 beside 16 bits. On CPU channels-last and contiguous inputs are taken as they are, others
/// copied; channels-last is the faster. So they are on CUDA, where maskmill is built with its kernels
/// (MASKMILL_CUDA_KERNELS). Elsewhere, and for regions of 2^31 values, roi_align_by_products does it. Throws
/// Error(bug) for other shapes and types and for a region of an image that is not there.
torch::Tensor roi_align(const torch::Tensor& input, const torch::Tensor& rois, double spatial_scale,
                        std::int64_t pooled_height, std::int64_t pooled_width, std::int64_t sampling_ratio,
                        bool aligned);

/// torchvision::_roi_align_backward: the gradient of an input of this size, from that of roi_align's result.
torch::Tensor roi_align_backward(const torch::Tensor& grad, const torch::Tensor& rois, double spatial_scale,
                                 std::int64_t pooled_height, std::int64_t pooled_width,
                                 std::int64_t batch_size, std::int64_t channels, std::int64_t height,
                                 std::int64_t width, std::int64_t sampling_ratio, bool aligned);

/// What both do where there is no kernel of ours, or not this one: a region is a product with two matrices of
/// weights, one for rows and one for columns, so that no two threads add to one number. K C H W pooled_height
/// multiplications.
torch::Tensor roi_align_by_products(const torch::Tensor& input, const torch::Tensor& rois,
                                    double spatial_scale, std::int64_t pooled_height,
                                    std::int64_t pooled_width, std::int64_t sampling_ratio, bool aligned);
torch::Tensor roi_align_backward_by_products(const torch::Tensor& grad, const torch::Tensor& rois,
                                             double spatial_scale, std::int64_t pooled_height,
                                             std::int64_t pooled_width, std::int64_t batch_size,
                                             std::int64_t channels, std::int64_t height, std::int64_t width,
                                             std::int64_t sampling_ratio, bool aligned);

}  // namespace maskmill::learn
