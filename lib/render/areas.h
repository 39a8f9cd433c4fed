// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <span>
#include <vector>

#include "dataset/labels.h"

namespace maskmill {

/// How the pixels of one number are drawn.
struct Ink {
  enum class Kind {
    none,   ///< the picture stays as it is
    blend,  ///< mixed with the colour
    hatch   ///< slanted lines of the colour, with dark ones beside them
  };
  Kind kind = Kind::none;
  Rgb colour;
  bool outlined = true;  ///< its pixels on an edge take the pure colour
};

/// Labels in their colours; void hatched in white, the background left alone.
inline constexpr Ink kVoidInk{Ink::Kind::hatch, {255, 255, 255}, false};
std::vector<Ink> inks_of(const LabelMap& labels);

Size size_of(const cv::Mat& picture);

/// Throws Error(bug) unless it is CV_8UC3 and not empty.
void require_picture(const cv::Mat& rgb);

/// The mask (CV_16UC1) in the picture's size. Throws Error(bad_value) where it has neither that nor
/// `expected`.
cv::Mat fitted_mask(const cv::Mat& mask, const cv::Mat& rgb, Size expected);

/// CV_8UC1, 255 on the pixels that lie within `width_px` of a pixel of another number. The picture's rim is
/// no edge.
cv::Mat edges_of(const cv::Mat& numbers, int width_px);

/// Draws `numbers` (CV_16UC1) on `rgb` (CV_8UC3) of the same size: number k in inks[k]; past the inks,
/// nothing. Pixels of `edges` (CV_8UC1, may be empty) that have an ink take its pure colour. Blending gives
/// the nearest integer to opacity * colour + (1 - opacity) * pixel.
void draw_areas(cv::Mat& rgb, const cv::Mat& numbers, const cv::Mat& edges, std::span<const Ink> inks,
                double opacity, int line_px);

/// A colour for the index-th instance: neighbours in the sequence differ clearly.
Rgb instance_colour(std::int64_t index);

}  // namespace maskmill
