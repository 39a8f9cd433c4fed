// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

namespace maskmill::learn {

/// Non-maximum suppression (Neubeck and Van Gool, "Efficient Non-Maximum Suppression", 2006), as
/// torchvision.ops.nms of 0.28: boxes are kept greedily by falling score, and one that overlaps a kept one
/// with an intersection over union above `iou_threshold`, not equal to it, is left out.
///
/// `boxes` (N, 4) as x1, y1, x2, y2 and `scores` (N), both float32 or both float64, on one device. Returns
/// the int64 indices of those kept, by falling score, the first of equal ones first; a score that is not a
/// number comes before all others. A box without area overlaps nothing but by 0, and neither does one that is
/// not a number. No gradient. Throws Error(bug) for other shapes and types.
///
/// On CPU its cost is N times the number kept, shared between torch's threads, whose number does not change
/// the result. On CUDA, where maskmill is built with its kernels (MASKMILL_CUDA_KERNELS), it is half of N
/// squared at most, with 512 bytes a box; only the number kept comes to the host. Elsewhere nms_by_tensors
/// does it. All keep the same boxes.
torch::Tensor nms(const torch::Tensor& boxes, const torch::Tensor& scores, double iou_threshold);

/// nms of each category for itself, as torchvision.ops.batched_nms: `categories` (N), integers.
///
/// torchvision runs one nms over boxes moved apart, category by category, where there are few of them (1000
/// on CPU, 25,000 on a GPU), and one nms a category where there are many. This is always the second: by
/// definition they are the same. Moving rounds the coordinates to the precision that the moved ones have, so
/// that the first may differ where an overlap is within that of the threshold, and where coordinates are
/// negative, since boxes of neighbouring categories may then meet.
torch::Tensor batched_nms(const torch::Tensor& boxes, const torch::Tensor& scores,
                          const torch::Tensor& categories, double iou_threshold);

/// What both do where there is no kernel of ours, on any device: tensor operations that are deterministic,
/// with some arrays of N times 1024 values. `categories` may be undefined: all are one.
torch::Tensor nms_by_tensors(const torch::Tensor& boxes, const torch::Tensor& scores,
                             const torch::Tensor& categories, double iou_threshold);

}  // namespace maskmill::learn
