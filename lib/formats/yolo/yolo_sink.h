// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/enum_names.h"
#include "base/settings.h"

namespace maskmill {

/// Ultralytics trains one task a data set: what rows are written for.
enum class YoloTask {
  automatic,  ///< boxes as boxes, areas as polygons, keypoints with their boxes
  detect,     ///< boxes alone
  segment     ///< polygons alone: boxes as their four corners
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<YoloTask>{"auto", "detect", "segment"};

enum class YoloParts { join, rows };
template <>
inline constexpr std::array<std::string_view, 2> enum_names<YoloParts>{"join", "rows"};

enum class YoloHoles { fill, slit };
template <>
inline constexpr std::array<std::string_view, 2> enum_names<YoloHoles>{"fill", "slit"};

enum class YoloOutside { keep, cut };
template <>
inline constexpr std::array<std::string_view, 2> enum_names<YoloOutside>{"keep", "cut"};

struct YoloWriteSettings {
  YoloTask task = YoloTask::automatic;
  YoloParts parts = YoloParts::join;
  YoloHoles holes = YoloHoles::fill;
  YoloOutside outside = YoloOutside::keep;
  std::optional<int> decimals;

  static void visit(auto& self, auto&& setting) {
    setting(
        "task", self.task,
        "auto: boxes, polygons and keypoints as they are; detect: boxes alone; segment: polygons alone, boxes "
        "as their corners");
    setting(
        "parts", self.parts,
        "an object of several parts: one row, its parts joined by lines without width, as Ultralytics' own "
        "converter does; or a row for each, which makes them objects");
    setting("holes", self.holes, "fill them, or cut a slit without width to each, which keeps the area");
    setting(
        "outside", self.outside,
        "shapes that leave their image: keep them, for which Ultralytics leaves the image out, or cut them");
    setting(
        "decimals", self.decimals, "of each coordinate", between(3, 12),
        unset("11, which bring back 6 decimals of a pixel in up to 9,999; more where a coordinate needs it"));
  }
};

}  // namespace maskmill
