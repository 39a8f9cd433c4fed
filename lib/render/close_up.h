// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <vector>

#include "dataset/item.h"
#include "dataset/labels.h"

namespace maskmill {

/// The item's picture, its longer side `longer_px` at most, with its annotations and a frame around `region`,
/// which is in pixels of the image; and, where one would not see in it what lies there, a second picture:
/// the region with what is around it, from the whole image, enlarged to whole multiples. Throws as
/// read_image and overlay().
std::vector<cv::Mat> close_up(const Item& item, const LabelMap& labels, const Box& region, int longer_px);

}  // namespace maskmill
