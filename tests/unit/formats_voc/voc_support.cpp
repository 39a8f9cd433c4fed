// SPDX-License-Identifier: Apache-2.0
#include "voc_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/core.hpp>
#include <stdexcept>

#include "base/text.h"
#include "image/image.h"

namespace maskmill::tests {

std::vector<std::string> ReadData::rules() const {
  std::vector<std::string> ids;
  for (const Finding& finding : findings) ids.push_back(finding.rule);
  return ids;
}

const Item& ReadData::item(std::string_view id) const {
  const auto found = std::ranges::find(items, id, &Item::id);
  if (found == items.end()) throw std::out_of_range("no item " + std::string(id));
  return *found;
}

ReadData read_voc(const Path& path, std::vector<std::string> settings) {
  const auto source = voc().open({path, std::move(settings)});
  Findings findings;
  ReadData data{source->metadata(), read_all(*source, findings), {}};
  findings.for_each([&](const Finding& finding) { data.findings.push_back(finding); });
  return data;
}

std::string jpeg(int width, int height) {
  return encode_jpeg(cv::Mat(height, width, CV_8UC1, cv::Scalar(90)));
}

std::string palette_png(const cv::Mat& values) {
  return encode_index_png(values, voc_palette(256));
}

cv::Mat drawn(std::initializer_list<std::string_view> rows) {
  cv::Mat values(static_cast<int>(rows.size()), static_cast<int>(rows.begin()->size()), CV_8UC1);
  for (int y = 0; y < values.rows; ++y)
    for (int x = 0; x < values.cols; ++x) {
      const char c = rows.begin()[y][static_cast<std::size_t>(x)];
      values.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(c == 'v' ? 255 : c - '0');
    }
  return values;
}

std::string annotation(std::string_view file_name, int width, int height,
                       std::initializer_list<std::string_view> boxes) {
  std::string text = fmt::format(
      "<annotation>\n<filename>{}</filename>\n<size><width>{}</width><height>{}</height><depth>3</depth></"
      "size>\n",
      file_name, width, height);
  for (const std::string_view box : boxes) {
    const std::vector<std::string> parts = split_text(box, ' ');
    text += fmt::format(
        "<object><name>{}</name>"
        "<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>\n",
        parts.at(0), parts.at(1), parts.at(2), parts.at(3), parts.at(4));
  }
  return text + "</annotation>\n";
}

}  // namespace maskmill::tests
