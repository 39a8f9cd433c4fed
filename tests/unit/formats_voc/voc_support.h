// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/dataset.h"
#include "formats/voc/voc.h"
#include "support/scratch.h"

namespace maskmill::tests {

struct ReadData {
  Metadata metadata;
  std::vector<Item> items;
  std::vector<Finding> findings;

  std::vector<std::string> rules() const;
  const Item& item(std::string_view id) const;
};

ReadData read_voc(const Path& path, std::vector<std::string> settings = {});

/// A gray JPEG.
std::string jpeg(int width, int height);
/// A palette PNG of 8-bit values, in VOC's colours.
std::string palette_png(const cv::Mat& values);
/// Rows of digits as 8-bit values; "v" is 255.
cv::Mat drawn(std::initializer_list<std::string_view> rows);

/// An annotation file of boxes "name xmin ymin xmax ymax".
std::string annotation(std::string_view file_name, int width, int height,
                       std::initializer_list<std::string_view> boxes);

}  // namespace maskmill::tests
