// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>

#include "dataset/shapes.h"

namespace maskmill {

/// From pixels of an item to pixels of the picture on which it is drawn.
struct Scale {
  Size image, picture;
  double x() const { return static_cast<double>(picture.width) / image.width; }
  double y() const { return static_cast<double>(picture.height) / image.height; }
  Point of(Point at) const { return {at.x * x(), at.y * y()}; }
  Box of(const Box& box) const { return {box.x * x(), box.y * y(), box.width * x(), box.height * y()}; }
  Ring of(Ring ring) const {
    for (Point& at : ring) at = of(at);
    return ring;
  }
};

/// Whole pixels around the box and a margin, as far as they lie in the picture. Coordinates may be anything.
cv::Rect pixels_around(const Box& box, int margin, Size picture);

/// The pixels of one shape in the picture: those of the rectangle `at` where `mask` (CV_8UC1) is 1.
struct Cutout {
  cv::Rect at;  ///< empty where the shape has no pixel in the picture
  cv::Mat mask;
};

/// `margin` pixels are left around the shape where the picture reaches that far. Memory is that of the
/// shape's box, not of the picture. Throws Error(bad_value) as rasterise() and validate(), and for an Rle of
/// another size than the image.
Cutout cut_out(const Polygon& polygon, const Scale& scale, int margin);
Cutout cut_out(const Rle& rle, const Scale& scale, int margin);

}  // namespace maskmill
