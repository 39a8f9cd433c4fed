// SPDX-License-Identifier: Apache-2.0
#include "learn/detector.h"

#include <algorithm>
#include <cmath>

#include "learn/detector_size.h"
#include "prepare/adapt.h"

namespace maskmill::learn {

std::array<std::array<float, 4>, detector::kAnchorRatios.size()> detector::anchors_of_side(double side) {
  std::array<std::array<float, 4>, kAnchorRatios.size()> anchors{};
  for (std::size_t i = 0; i < anchors.size(); ++i) {
    const auto height_ratio = std::sqrt(static_cast<float>(kAnchorRatios[i]));
    const float width = 1 / height_ratio * static_cast<float>(side),
                height = height_ratio * static_cast<float>(side);
    // To the even of two as near, as torch rounds.
    const float x = std::nearbyint(width / 2), y = std::nearbyint(height / 2);
    anchors[i] = {-x, -y, x, y};
  }
  return anchors;
}

double detector::best_anchor_iou(const Box& box, Size picture) {
  // Of anchors of one shape that whose centre lies nearest overlaps most, along each side by itself.
  const auto nearest = [](double centre, int places, int padded) {
    const int stride = padded / places;
    return stride * std::clamp(static_cast<int>(std::lround(centre / stride)), 0, places - 1);
  };
  constexpr int kFirstStride = 4;
  const Size padded = padded_size({picture});
  Size level{padded.width / kFirstStride, padded.height / kFirstStride};
  double best = 0;
  for (const double side : kAnchorSides) {
    const double x = nearest(box.x + box.width / 2, level.width, padded.width),
                 y = nearest(box.y + box.height / 2, level.height, padded.height);
    for (const auto& [left, top, right, bottom] : anchors_of_side(side))
      best = std::max(best, iou(box, Box{x + left, y + top, static_cast<double>(right) - left,
                                         static_cast<double>(bottom) - top}));
    level = {(level.width + 1) / 2, (level.height + 1) / 2};
  }
  return best;
}

std::span<const DetectorArchitecture* const> detectors() {
  static const std::array list{&fasterrcnn_resnet50_fpn(), &fasterrcnn_resnet50_fpn_v2(),
                               &maskrcnn_resnet50_fpn(), &maskrcnn_resnet50_fpn_v2()};
  return list;
}

const DetectorArchitecture* find_detector(std::string_view name) {
  const auto found = std::ranges::find(detectors(), name, &DetectorArchitecture::name);
  return found == detectors().end() ? nullptr : *found;
}

}  // namespace maskmill::learn
