// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "dataset/labels.h"

namespace maskmill::tests {

/// From 1x1 over single rows and columns to a few dozen pixels a side.
Size random_size(Random& random);

/// Blots of 0 and 1, from empty over noise to full. CV_8UC1.
cv::Mat random_mask(Random& random, Size size);

/// Rectangles and specks of values 0..values-1, of `type` (CV_8UC1 or CV_16UC1).
cv::Mat random_values(Random& random, Size size, int values, int type = CV_16UC1);

/// "#" is 1 and anything else 0; one text a row.
cv::Mat drawn(const std::vector<std::string>& rows);
/// Each letter its distance from "0", in CV_16UC1; "." is 65535.
cv::Mat drawn_values(const std::vector<std::string>& rows);

bool equal(const cv::Mat& a, const cv::Mat& b);

/// Lines of a file in tests/data/rle, or in MASKMILL_RLE_GOLDENS, split at blanks.
std::vector<std::vector<std::string>> golden_lines(std::string_view name);

/// Labels a, b, ... with these roles.
LabelMap labels_of(const std::vector<Role>& roles);

}  // namespace maskmill::tests
