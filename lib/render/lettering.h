// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/shapes.h"

namespace maskmill {

/// Text on pictures is set in OpenCV's stroke font, which has ASCII only: other characters are replaced as
/// to_ascii() says, so that no font file is needed and the same call draws the same pixels everywhere.

/// The room that draw_text() takes: `height_px` from the top of a capital to the foot of a "g".
cv::Size text_size(std::string_view text, double height_px);

/// `text`, or its beginning and ".." where it is wider than `width_px`; empty where not even one letter fits.
std::string fitted(std::string_view text, double height_px, int width_px);

/// On CV_8UC3 RGB, clipped to it.
void draw_text(cv::Mat& rgb, std::string_view text, cv::Point top_left, double height_px, Rgb ink);

/// Little plates with text, laid on one picture so that none lies on another or leaves the picture.
class Captions {
 public:
  Captions(cv::Mat& rgb, double height_px) : rgb_(rgb), height_px_(height_px) {}
  /// No plate will lie there.
  void keep_clear(const Box& area);
  /// Above the box, inside it, or below it, where there is room; otherwise it is left out, for a caption on
  /// another tells nothing. Black or white on `ground`, whichever reads better.
  void place(std::string_view text, const Box& around, Rgb ground);

 private:
  cv::Mat& rgb_;
  double height_px_;
  std::vector<cv::Rect> taken_;
};

}  // namespace maskmill
