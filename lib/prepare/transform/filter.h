// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/settings.h"
#include "dataset/dataset.h"

namespace maskmill {

struct FilterSettings {
  std::int64_t min_area = 0;  ///< pixels
  double min_area_share = 0;  ///< of the image's area
  bool drop_invalid = false;
  bool drop_empty = false;

  bool any() const { return min_area > 0 || min_area_share > 0 || drop_invalid || drop_empty; }

  /// `min_area` is the command line's --min-area, which holds for instances made of masks too.
  static void visit(auto& self, auto&& setting) {
    setting("min-area-share", self.min_area_share,
            "leave out annotations of less than this share of their image", between(0, 1));
    setting(
        "drop-invalid", self.drop_invalid,
        "leave out annotations without an area, of fewer than 3 points, of no finite place or outside the "
        "image, and cut off what reaches outside");
    setting(
        "drop-empty", self.drop_empty,
        "leave out items on which nothing is annotated but background and void, or that nobody has annotated");
  }
};

/// A view of `source` without the annotations, and then the items, that the settings name. An area is that of
/// the pixels inside the image, of a box its own there; points, lines and tags have none, and stay. What is
/// left out of an item, or cannot be measured, is a finding "annotation-dropped", what is cut
/// "annotation-cut". Regions of label masks stay. With drop_empty every item is read here once, and its label
/// mask, where it has one.
std::unique_ptr<Source> without_unwanted(std::shared_ptr<Source> source, const FilterSettings& settings);

}  // namespace maskmill
