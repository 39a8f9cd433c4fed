// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataset/dataset.h"
#include "formats/format.h"
#include "image/image.h"
#include "support/scratch.h"

// Small data sets for tests of formats: pictures to put into them, and all that reading one gives.
namespace maskmill::tests {

/// Row by row, the values over and over; 16 bits where one exceeds 255.
inline cv::Mat mask_of(Size size, const std::vector<int>& values) {
  const bool wide = *std::max_element(values.begin(), values.end()) > 255;
  cv::Mat mask(size.height, size.width, wide ? CV_16UC1 : CV_8UC1);
  std::size_t next = 0;
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      const int value = values[next++ % values.size()];
      if (wide)
        mask.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(value);
      else
        mask.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(value);
    }
  return mask;
}

inline cv::Mat picture_of(Size size) {
  cv::Mat picture(size.height, size.width, CV_8UC3);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x)
      picture.at<cv::Vec3b>(y, x) = {static_cast<std::uint8_t>(9 * x), static_cast<std::uint8_t>(9 * y), 77};
  return picture;
}

inline std::string png_picture(Size size = {6, 4}) {
  return encode_png(picture_of(size));
}
inline std::string jpeg_picture(Size size = {6, 4}) {
  return encode_jpeg(picture_of(size));
}
/// A JPEG with an EXIF orientation: APP1 with one IFD entry (tag 0x112, SHORT), after the start marker.
inline std::string with_orientation(const std::string& jpeg, int orientation) {
  const std::string tiff = std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18) +
                           static_cast<char>(orientation) + std::string(7, '\0');
  const std::string body = std::string("Exif\0\0", 6) + tiff;
  return jpeg.substr(0, 2) + "\xFF\xE1" + '\0' + static_cast<char>(body.size() + 2) + body + jpeg.substr(2);
}
inline std::string png_mask(const std::vector<int>& values, Size size = {6, 4}) {
  return encode_index_png(mask_of(size, values));
}

/// All that reading a data set gives.
struct ReadDataSet {
  std::unique_ptr<Source> source;
  std::vector<Item> items;
  std::vector<Finding> findings;

  const LabelMap& labels() const { return source->metadata().labels; }
  std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const Item& item : items) ids.push_back(item.id);
    return ids;
  }
  /// How many findings of each rule.
  std::map<std::string, int> rules() const {
    std::map<std::string, int> counts;
    for (const Finding& finding : findings) ++counts[finding.rule];
    return counts;
  }
  const Finding& finding(const std::string& rule) const {
    const auto found = std::ranges::find(findings, rule, &Finding::rule);
    if (found == findings.end()) FAIL("no finding of the rule " + rule);
    return *found;
  }
};

inline ReadDataSet read_data_set(const Format& format, const Path& path,
                                 std::vector<std::string> settings = {}) {
  ReadDataSet read;
  read.source = format.open({path, std::move(settings)});
  Findings findings;
  read.items = read_all(*read.source, findings);
  findings.for_each([&](const Finding& finding) { read.findings.push_back(finding); });
  return read;
}

/// Writes every item of a source as a format does, in order.
inline void write_data_set(const Format& format, Source& source, CreateRequest request) {
  request.metadata = source.metadata();
  const auto sink = format.create(request);
  Findings findings;
  for_each_item(source, findings, [&](Item&& item) { sink->encode(std::move(item))(); });
  sink->close({.command = "test", .inputs = {}});
}

}  // namespace maskmill::tests
