// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>

#include "base/path.h"
#include "dataset/labels.h"

namespace maskmill {

/// Where predictions keep how probable each class is in each pixel, below their folder: 16-bit PNG of the
/// image's size, 65535 for 1. A class whose name is no file name is called by its index.
std::string probability_file(const LabelMap& classes, int label, const std::string& item_id);

/// CV_16UC1. Throws Error as read_raw, and Error(bad_format) for anything but 16-bit gray.
cv::Mat read_probabilities(const Path& folder, const LabelMap& classes, int label,
                           const std::string& item_id);

}  // namespace maskmill
