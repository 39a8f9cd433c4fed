// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "dataset/masks.h"
#include "render/areas.h"
#include "render/overlay.h"
#include "render/strokes.h"

namespace maskmill {
namespace {

constexpr Rgb kWrong{230, 30, 40};

void require_labels(const cv::Mat& mask, const LabelMap& labels) {
  for (int y = 0; y < mask.rows; ++y) {
    const auto* row = mask.ptr<std::uint16_t>(y);
    const auto* end = row + mask.cols;
    const auto* found =
        std::find_if(row, end, [&](int label) { return label >= labels.size() && label != kUnlabelled; });
    if (found != end)
      throw Error(Code::bad_value,
                  fmt::format("the mask holds label {}; the label map has {}", *found, labels.size()));
  }
}

}  // namespace

cv::Mat overlay_mask(const cv::Mat& rgb, const cv::Mat& mask, const LabelMap& labels,
                     const OverlaySettings& settings) {
  require_picture(rgb);
  require_labels(mask, labels);
  const cv::Mat numbers = fitted_mask(mask, rgb, size_of(mask));
  const Pen pen = pen_for(size_of(rgb), settings.line_scale);
  cv::Mat picture = rgb.clone();
  draw_areas(picture, numbers, settings.no_outlines ? cv::Mat() : edges_of(numbers, pen.line_px),
             inks_of(labels), settings.opacity, pen.line_px);
  return picture;
}

cv::Mat colourised(const cv::Mat& mask, const LabelMap& labels) {
  if (mask.type() != CV_16UC1) throw Error(Code::bug, "a mask to colour is CV_16UC1");
  require_labels(mask, labels);
  std::vector<cv::Vec3b> colours(static_cast<std::size_t>(labels.size()) + 1);
  for (int i = 0; i <= labels.size(); ++i) {
    const Rgb colour = i < labels.size() ? labels.colour(i) : voc_colour(255);
    colours[static_cast<std::size_t>(i)] = {colour.r, colour.g, colour.b};
  }
  cv::Mat picture(mask.size(), CV_8UC3);
  for (int y = 0; y < mask.rows; ++y) {
    const auto* row = mask.ptr<std::uint16_t>(y);
    auto* pixels = picture.ptr<cv::Vec3b>(y);
    for (int x = 0; x < mask.cols; ++x)
      pixels[x] = colours[std::min<std::size_t>(row[x], colours.size() - 1)];
  }
  return picture;
}

cv::Mat error_map(const cv::Mat& rgb, const cv::Mat& truth, const cv::Mat& prediction,
                  const LabelMap& labels) {
  require_picture(rgb);
  if (truth.size() != prediction.size())
    throw Error(Code::bad_value, fmt::format("the truth has {} pixels, the prediction {}",
                                             to_string(size_of(truth)), to_string(size_of(prediction))));
  require_labels(truth, labels);
  const cv::Mat expected_labels = fitted_mask(truth, rgb, size_of(truth));
  const cv::Mat found_labels = fitted_mask(prediction, rgb, size_of(prediction));
  enum : std::uint16_t { right, wrong, unscored };
  cv::Mat verdict(rgb.size(), CV_16UC1);
  for (int y = 0; y < rgb.rows; ++y) {
    const auto* expected = expected_labels.ptr<std::uint16_t>(y);
    const auto* found = found_labels.ptr<std::uint16_t>(y);
    auto* row = verdict.ptr<std::uint16_t>(y);
    for (int x = 0; x < rgb.cols; ++x) {
      const bool scored = expected[x] != kUnlabelled && !labels.is_ignored(expected[x]);
      row[x] = !scored ? unscored : expected[x] == found[x] ? right : wrong;
    }
  }
  cv::Mat picture;
  cv::cvtColor(rgb, picture, cv::COLOR_RGB2GRAY);
  cv::cvtColor(picture, picture, cv::COLOR_GRAY2RGB);
  const std::array inks{Ink{}, Ink{Ink::Kind::blend, kWrong}, kVoidInk};
  draw_areas(picture, verdict, {}, inks, 0.65, pen_for(size_of(rgb), 1).line_px);
  return picture;
}

}  // namespace maskmill
