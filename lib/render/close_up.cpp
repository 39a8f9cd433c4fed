// SPDX-License-Identifier: Apache-2.0
#include "render/close_up.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "image/image.h"
#include "render/areas.h"
#include "render/cutout.h"
#include "render/overlay.h"
#include "render/sheet.h"
#include "render/strokes.h"

namespace maskmill {
namespace {

constexpr Rgb kFrame{255, 40, 160};
constexpr double kSeenShare = 0.25;  // of the picture's longer side: what is larger is seen in it
constexpr double kContext = 3;       // sides of the region
constexpr int kLeastContextPx = 40;

/// A little larger than the region, so that the frame covers nothing of it.
void draw_frame_around(cv::Mat& picture, const Box& region) {
  const int width = pen_for(size_of(picture), 1).line_px + 1, gap = width + 2;
  draw_frame(picture,
             {region.x - gap, region.y - gap, std::max(1.0, region.width) + 2 * gap,
              std::max(1.0, region.height) + 2 * gap},
             kFrame, width);
}

cv::Mat enlarged(const Item& item, const LabelMap& labels, const Box& region, int longer_px) {
  const cv::Mat whole = read_image(item.image);
  const Scale scale{item.size.value_or(size_of(whole)), size_of(whole)};
  const Box here = scale.of(region);
  const double longer = std::max(here.width, here.height);
  if (!std::isfinite(longer)) return {};
  const auto margin =
      static_cast<int>(std::lround(std::max((kContext - 1) / 2 * longer, (kLeastContextPx - longer) / 2)));
  const cv::Rect around = pixels_around(here, margin, size_of(whole));
  if (around.empty()) return {};
  OverlaySettings settings;
  settings.no_captions = true;  // lines of a pixel, whatever the image's size
  settings.line_scale = 1.0 / pen_for(size_of(whole), 1).line_px;
  const cv::Mat drawn = overlay(whole, item, labels, settings)(around);
  const int times = std::max(1, longer_px / std::max(around.width, around.height));
  cv::Mat out;
  cv::resize(drawn, out, {}, times, times, cv::INTER_NEAREST);
  out = reduced(out, longer_px);
  const double grown = static_cast<double>(out.cols) / around.width;
  draw_frame_around(out, {(here.x - around.x) * grown, (here.y - around.y) * grown, here.width * grown,
                          here.height * grown});
  return out;
}

}  // namespace

std::vector<cv::Mat> close_up(const Item& item, const LabelMap& labels, const Box& region, int longer_px) {
  cv::Mat picture = overlay(read_reduced(item.image, longer_px), item, labels);
  const Box there = Scale{item.size.value_or(size_of(picture)), size_of(picture)}.of(region);
  draw_frame_around(picture, there);
  std::vector<cv::Mat> pictures{std::move(picture)};
  if (std::max(there.width, there.height) >= kSeenShare * longer_px) return pictures;
  if (cv::Mat detail = enlarged(item, labels, region, longer_px); !detail.empty())
    pictures.push_back(std::move(detail));
  return pictures;
}

}  // namespace maskmill
