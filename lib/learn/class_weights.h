// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "learn/settings.h"

namespace maskmill::learn {

/// How much there is of each class in the masks of a subset.
struct ClassPixels {
  std::vector<std::int64_t> pixels;            ///< of the class
  std::vector<std::int64_t> pixels_of_images;  ///< known ones in all images that have the class
  /// A mask of class numbers, CV_16UC1; those of `classes` and more are not known.
  void add(const cv::Mat& mask, std::size_t classes);
  void add(const ClassPixels& other);
};

/// One per class, or none where all count the same: those of the settings, or by settings.balance from what
/// there is, with a mean of 1. `inverse` is one over the class's share of all known pixels; `median` is
/// median frequency balancing (Eigen and Fergus, "Predicting Depth, Surface Normals and Semantic Labels",
/// 2015); `log` is one over ln(1.02 + share) (Paszke et al., "ENet", 2016). A class that never occurs gets
/// the largest weight of the others. Throws Error(usage) where the settings' weights are not one per class.
std::vector<double> class_weights(const LossSettings& settings, const ClassPixels& there,
                                  std::size_t classes);

}  // namespace maskmill::learn
