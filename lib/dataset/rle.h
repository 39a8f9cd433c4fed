// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>
#include <string_view>

#include "dataset/shapes.h"

namespace maskmill {

/// Run-length masks as pycocotools has them (its maskApi.c defines the format), bit for bit. All take time
/// linear in the runs unless they say otherwise. What is made here has no run of 0 but perhaps the first.
/// What is taken may have them, and must be valid: each function throws as validate() does, so a mask that
/// was read from a file can be passed as it is.

/// Throws Error(bad_value) for a negative side or more than 2^30 pixels, which image/image.h refuses as well.
void validate(Size size);
/// Throws Error(bad_value) unless the size is valid and the runs sum to its area.
void validate(const Rle& rle);

/// Pixels of `mask` (CV_8UC1 or CV_16UC1) equal to `value`. Linear in the pixels, as the next one.
Rle rle_from_value(const cv::Mat& mask, int value);
/// Pixels of CV_8UC1 or CV_16UC1 that are not 0.
Rle rle_from_mask(const cv::Mat& mask);
/// CV_8UC1, 1 inside and 0 outside.
cv::Mat mask_from_rle(const Rle& rle);
/// Sets the pixels of `mask` (CV_8UC1 or CV_16UC1) inside to `value`; the others stay. Linear in the pixels
/// of the box around the runs. Throws Error(bad_value) where the sizes differ.
void paint(cv::Mat& mask, const Rle& rle, int value);

std::int64_t area(const Rle& rle);
/// Whole pixels; all 0 where no pixel is set.
Box bounding_box(const Rle& rle);

/// Union, in time linear in the runs times the logarithm of the number of masks. Throws Error(bad_value)
/// where the sizes differ or there is no mask.
Rle merged(std::span<const Rle> masks);
/// Throws Error(bad_value) where the sizes differ.
std::int64_t intersection_area(const Rle& a, const Rle& b);
/// Intersection over union; over a's area where `b` is a crowd, as COCO's evaluation does. 0 where both are
/// empty. Throws Error(bad_value) where the sizes differ.
double iou(const Rle& a, const Rle& b, bool b_is_crowd = false);
/// Pixels outside `rle`.
Rle inverted(const Rle& rle);
/// Pixels of `a` outside `b`. Throws Error(bad_value) where the sizes differ.
Rle difference(const Rle& a, const Rle& b);

/// The pixels moved by `x` and `y` onto a canvas of `size`; what comes to lie outside is cut off. So a window
/// is shifted(rle, -left, -top, its size), and shifted(window, left, top, size) puts it back.
Rle shifted(const Rle& rle, int x, int y, Size size);
/// What resize_nearest makes of the pixels, in time linear in the runs of the result and the columns of both.
/// Throws Error(bad_value) where there is no pixel to take, or the new size is invalid.
Rle resized(const Rle& rle, Size size);

/// COCO's compressed string: 5 bits a character from '0' (48) on, 0x20 continues, from the fourth count on
/// the difference to the one before the last.
std::string to_coco_string(const Rle& rle);
/// Throws Error(bad_value): characters out of range, a string that ends inside a number, a run below 0, runs
/// that overrun or do not fill the size.
Rle from_coco_string(std::string_view text, Size size);

/// The pixels pycocotools sets for a polygon: edges drawn at five times the size, even-odd down the columns.
/// So a ring along pixel edges fills exactly the pixels inside. Linear in the edges times the columns of the
/// image they cross. `ring` may leave the image; fewer than 3 points give no pixels. Throws Error(bad_value)
/// for a coordinate that is not finite or beyond 10^8, where pycocotools overflows.
Rle rasterise(std::span<const Point> ring, Size size);
/// The union of the parts, each less its holes.
Rle rasterise(const Polygon& polygon, Size size);
/// COCO's box as a mask, as pycocotools' rleFrBbox: the polygon of its corners.
Rle rasterise(const Box& box, Size size);
/// Any shape that has an area: boxes, ellipses (as a polygon of 1 degree steps), polygons, RLE. A polyline or
/// points have none: throws Error(bad_value); so does a MaskRef, which is read by dataset/masks.h, and an Rle
/// of another size.
Rle rasterise(const Shape& shape, Size size);

}  // namespace maskmill
