// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "dataset/item.h"
#include "learn/classes.h"
#include "learn/settings.h"

namespace maskmill::learn {

/// What a detector would learn of a training subset's objects. Those in masks are not counted, since no
/// pixels are read; nor are lines, points and tags, which are no objects.
struct ObjectForecast {
  std::size_t objects = 0;        ///< that count
  std::size_t boxes_alone = 0;    ///< of these, without a mask
  std::size_t most_objects = 0;   ///< in one item
  std::size_t crowds = 0;         ///< left out
  std::size_t lost = 0;           ///< of no extent, or of less than a pixel for the network: left out
  std::size_t items_without = 0;  ///< annotated, with no object: all of it is background
  std::size_t items_of_masks = 0;
  /// Of `objects`, those that no anchor overlaps by an IoU of kLeastAnchorIou, and of these those smaller
  /// than the smallest anchor.
  std::size_t unmatched = 0, too_small = 0;
  static constexpr double kLeastAnchorIou = 0.5;
  std::size_t vanishing = 0;  ///< of `objects`, with a side below a cell of the finest level for the network
  static constexpr double kLeastSide = 4;
};

/// Of the training subset's annotated items. `classes`: ClassMap::of_objects().
ObjectForecast forecast_objects(const std::vector<Item>& items, const ClassMap& classes,
                                const InputSettings& input);

/// What is likely to be a mistake, a sentence each without a full stop. `masks`: the detector learns them.
std::vector<std::string> remarks_on(const ObjectForecast& forecast, bool masks);

}  // namespace maskmill::learn
