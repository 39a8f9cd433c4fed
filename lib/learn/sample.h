// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <vector>

#include "dataset/shapes.h"

namespace maskmill::learn {

/// In a sample's mask: this pixel counts in no loss and no score.
inline constexpr int kIgnored = 65535;

/// One object of a sample, for detectors.
struct SampleObject {
  int label = 0;  ///< class number
  Box box;
  Polygon polygon;  ///< may have no parts: then the box alone is known
  bool crowd = false;
};

/// What the trainer sees of an item; every augmentation turns all of it alike.
struct Sample {
  cv::Mat image;  ///< CV_8UC3, RGB
  cv::Mat mask;   ///< CV_16UC1 class numbers or kIgnored, of the image's size; empty where there is none
  std::vector<SampleObject> objects;
};

}  // namespace maskmill::learn
