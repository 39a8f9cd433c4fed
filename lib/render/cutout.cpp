// SPDX-License-Identifier: Apache-2.0
#include "render/cutout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "dataset/rle.h"

namespace maskmill {
namespace {

/// The part of the mask inside `at`, without making the whole: an item may hold a hundred of 24 megapixels
/// each. Every run lies inside `at`.
cv::Mat window_of(const Rle& rle, const cv::Rect& at) {
  cv::Mat mask = cv::Mat::zeros(at.size(), CV_8UC1);
  std::int64_t begin = 0;
  bool inside = false;
  for (const std::uint32_t count : rle.counts) {
    const std::int64_t end = begin + count;
    for (std::int64_t at_run = begin; inside && at_run < end;) {
      const std::int64_t column = at_run / rle.size.height, column_begin = column * rle.size.height;
      const std::int64_t column_end = std::min(end, column_begin + rle.size.height);
      const int x = static_cast<int>(column) - at.x;
      for (std::int64_t k = at_run; k < column_end; ++k)
        mask.at<std::uint8_t>(static_cast<int>(k - column_begin) - at.y, x) = 1;
      at_run = column_end;
    }
    begin = end, inside = !inside;
  }
  return mask;
}

}  // namespace

cv::Rect pixels_around(const Box& box, int margin, Size picture) {
  // A coordinate that is not a number fails the first comparison.
  const auto clamp = [](double value, int limit) {
    return value > 0 ? static_cast<int>(std::min<double>(value, limit)) : 0;
  };
  const int left = clamp(std::floor(box.x) - margin, picture.width);
  const int top = clamp(std::floor(box.y) - margin, picture.height);
  const int right = clamp(std::ceil(box.x + box.width) + margin, picture.width);
  const int bottom = clamp(std::ceil(box.y + box.height) + margin, picture.height);
  return {left, top, right - left, bottom - top};
}

Cutout cut_out(const Polygon& polygon, const Scale& scale, int margin) {
  Polygon scaled;
  for (const PolygonPart& part : polygon.parts) {
    scaled.parts.push_back({scale.of(part.exterior), {}});
    for (const Ring& hole : part.holes) scaled.parts.back().holes.push_back(scale.of(hole));
  }
  const auto box = bounding_box(Shape(scaled));
  if (!box) return {};
  const cv::Rect at = pixels_around(*box, margin, scale.picture);
  if (at.empty()) return {};
  for (PolygonPart& part : scaled.parts) {
    const auto shift = [&](Ring& ring) {
      for (Point& point : ring) point.x -= at.x, point.y -= at.y;
    };
    shift(part.exterior);
    std::for_each(part.holes.begin(), part.holes.end(), shift);
  }
  return {at, mask_from_rle(rasterise(scaled, {at.width, at.height}))};
}

Cutout cut_out(const Rle& rle, const Scale& scale, int margin) {
  validate(rle);
  if (rle.size != scale.image)
    throw Error(Code::bad_value, fmt::format("an RLE mask has {} pixels, its image {}", to_string(rle.size),
                                             to_string(scale.image)));
  const Box box = bounding_box(rle);
  if (box.width <= 0 || box.height <= 0) return {};
  if (scale.image == scale.picture) {
    const cv::Rect at = pixels_around(box, margin, scale.picture);
    return {at, window_of(rle, at)};
  }
  const cv::Rect inner = pixels_around(scale.of(box), 0, scale.picture);
  const cv::Mat small =
      resize_nearest(window_of(rle, pixels_around(box, 0, scale.image)), {inner.width, inner.height});
  const cv::Rect at = pixels_around(scale.of(box), margin, scale.picture);
  cv::Mat mask = cv::Mat::zeros(at.size(), CV_8UC1);
  small.copyTo(mask(inner - at.tl()));
  return {at, mask};
}

}  // namespace maskmill
