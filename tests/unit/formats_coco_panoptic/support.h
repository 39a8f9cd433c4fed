// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "dataset/rle.h"
#include "formats/coco_panoptic/coco_panoptic.h"
#include "formats/coco_panoptic/segments.h"
#include "image/image.h"
#include "support/data_sets.h"

namespace maskmill::tests {

inline constexpr Size kSize{6, 4};

/// A panoptic PNG of these segment ids, row by row.
inline std::string panoptic_png(Size size, const std::vector<std::uint32_t>& ids) {
  cv::Mat image(size.height, size.width, CV_8UC3);
  std::size_t next = 0;
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      const Rgb colour = colour_of_segment(ids[next++ % ids.size()]);
      image.at<cv::Vec3b>(y, x) = {colour.r, colour.g, colour.b};
    }
  return encode_png(image);
}

/// The ids of a PNG's pixels, row by row.
inline std::vector<std::uint32_t> ids_in(const Path& png) {
  const cv::Mat image = read_raw(png).pixels;
  REQUIRE(image.type() == CV_8UC3);
  std::vector<std::uint32_t> ids;
  for (int y = 0; y < image.rows; ++y)
    for (int x = 0; x < image.cols; ++x) {
      const auto& pixel = image.at<cv::Vec3b>(y, x);
      ids.push_back(segment_of_colour({pixel[0], pixel[1], pixel[2]}));
    }
  return ids;
}

/// The pixels [left, right) of the rows [top, bottom).
inline Rle rectangle(Size size, int left, int top, int right, int bottom) {
  cv::Mat mask(size.height, size.width, CV_8UC1, cv::Scalar(0));
  mask(cv::Rect(left, top, right - left, bottom - top)).setTo(cv::Scalar(1));
  return rle_from_mask(mask);
}

inline Label panoptic_label(std::string name, std::optional<std::int64_t> id, LabelKind kind,
                            Role role = Role::object) {
  Label label;
  label.name = std::move(name);
  label.id = id;
  label.kind = kind;
  label.role = role;
  return label;
}

inline Annotation segment(int label, Rle pixels, std::optional<std::int64_t> id = {}) {
  Annotation annotation;
  annotation.label = label;
  annotation.shape = std::move(pixels);
  annotation.id = id;
  annotation.flags.crowd = false;
  return annotation;
}

}  // namespace maskmill::tests
