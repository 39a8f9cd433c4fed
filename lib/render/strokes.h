// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <span>

#include "dataset/shapes.h"

namespace maskmill {

/// Widths that look alike on pictures of any size: a line of 1 pixel at 480x360, of 12 at 6000x4000.
struct Pen {
  int line_px = 1;
  double text_px = 11;  ///< the height of a capital letter and its descender
};
Pen pen_for(Size picture, double scale);

/// All of these draw on CV_8UC3 RGB, in the picture's own pixels, clip to it, and take any coordinates: what
/// is not finite is left out. A rim of the opposite lightness keeps a line visible on ground of its own
/// colour.
void draw_line(cv::Mat& rgb, std::span<const Point> points, bool closed, Rgb colour, int width_px);

/// Inside the box, on whole pixels.
void draw_frame(cv::Mat& rgb, const Box& box, Rgb colour, int width_px);

void draw_dot(cv::Mat& rgb, Point at, Rgb colour, int width_px, bool hollow);

}  // namespace maskmill
