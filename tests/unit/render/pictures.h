// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>

#include "support/drawn.h"

namespace maskmill::tests {

inline Label label(std::string name, std::int64_t id, std::optional<Rgb> colour, Role role = Role::object) {
  Label made;
  made.name = std::move(name), made.id = id, made.colour = colour, made.role = role;
  return made;
}

inline Annotation annotation(int of, Shape shape) {
  Annotation made;
  made.label = of, made.shape = std::move(shape);
  return made;
}

inline cv::Mat plain(Size size, Rgb colour) {
  return cv::Mat(size.height, size.width, CV_8UC3, cv::Scalar(colour.r, colour.g, colour.b));
}

/// Pixels that are not the same in both.
inline std::size_t different(const cv::Mat& a, const cv::Mat& b) {
  std::size_t count = 0;
  for (int y = 0; y < a.rows; ++y)
    for (int x = 0; x < a.cols; ++x) count += a.at<cv::Vec3b>(y, x) != b.at<cv::Vec3b>(y, x);
  return count;
}

}  // namespace maskmill::tests
