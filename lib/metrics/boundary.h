// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataset/rle.h"

namespace maskmill {

/// How many pixels deep a boundary is: 2 % of the image's diagonal, rounded to even halves as
/// boundary-iou-api's Python does, at least 1.
int boundary_width(Size size);

/// The pixels of the mask that are no further from its edge, or from the image's, than boundary_width(): the
/// region in which boundary IoU compares two masks (Cheng et al., "Boundary IoU: Improving Object-Centric
/// Image Segmentation Evaluation", 2021), bit for bit boundary-iou-api's mask_to_boundary. Distances are
/// those of a square.
Rle boundary_of(const Rle& mask);

}  // namespace maskmill
