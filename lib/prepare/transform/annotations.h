// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dataset/item.h"
#include "dataset/shape_geometry.h"

namespace maskmill {

/// Reads the pixels of a shape that is a mask reference. Throws Error as read_mask_shape.
void load_pixels(Annotation& annotation, Size image);
/// What has an area becomes the pixels it has on an image of this size; the others stay.
void to_pixels(Annotation& annotation, Size image);

/// What of the annotation lies in the window, in its coordinates. What is cut loses the area that its source
/// stated, and where it has pixels the box, which its new shape tells; else the box is cut too. Keypoints
/// outside become not labelled. An annotation without a shape
/// stays, unless all its keypoints lie outside. Throws Error(bug) for a mask reference.
std::vector<Annotation> cut(const Annotation& annotation, const Window& window);

/// The annotation on the same image resized; without the area that its source stated.
Annotation scaled(Annotation annotation, Size from, Size to);

}  // namespace maskmill
