// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "dataset/dataset.h"
#include "image/image.h"
#include "support/scratch.h"

namespace maskmill::tests {

/// Labels "background" (id 0), "road" (1), "car" (2) and "void" (255, ignored).
LabelMap street_labels();

/// CV_8UC1 of the size given, every pixel one of `values`, in blotches.
cv::Mat blotches(Size size, const std::vector<int>& values, std::uint64_t seed);

/// Waves of any direction with noise, CV_8UC3: another picture for each seed.
cv::Mat picture(Size size, std::uint64_t seed);

/// Writes images/<id>.jpg and masks/<id>.png (index) into the scratch folder and returns the item, with a
/// semantic mask of street_labels' ids.
Item street_item(const Scratch& scratch, const std::string& id, Size size, const std::vector<int>& values,
                 std::uint64_t seed);

}  // namespace maskmill::tests
