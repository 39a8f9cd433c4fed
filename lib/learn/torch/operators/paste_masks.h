// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>

namespace maskmill::learn {

/// The part of an image that an object's mask covers, in pixels: columns from x and rows from y on.
struct PastedMask {
  std::int64_t x = 0, y = 0;
  torch::Tensor values;  ///< (height, width) float32 on CPU; without elements where it lies outside the image
};

/// An object's mask from a network's, as paste_masks_in_image of torchvision 0.28
/// (models/detection/roi_heads.py): the mask with a border of zeros is drawn bilinearly over its box, grown
/// likewise and moved to whole pixels, at least one each way. What torchvision puts into a plane of the
/// image's size is 0 outside the part returned.
///
/// `mask` (M, M), as many bins a side, float32 on CPU; `box_xyxy` in the image's pixels. A box turned over
/// has no pixels. Throws Error(bug) for a mask of another shape or type, and for a box that is not finite.
PastedMask paste_mask(const torch::Tensor& mask, const std::array<float, 4>& box_xyxy,
                      std::int64_t image_height, std::int64_t image_width);

}  // namespace maskmill::learn
