// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "dataset/item.h"
#include "prepare/check/objects.h"

namespace maskmill {

/// Two annotations of one item that lie in the same place.
struct Coinciding {
  std::size_t first = 0, second = 0;  ///< indices; first < second
  double iou = 1;
};

/// IoU from which two shapes are one: two people who outline the same object agree less.
inline constexpr double kSamePlace = 0.95;

/// For each annotation the first one before it of the same kind (a box, or something with an area) with an
/// IoU of kSamePlace or more, if there is one; one with the same label where there are several. `facts` are
/// the annotations'. Time grows with the annotations and with those pairs whose boxes nearly agree: what
/// coincides with an earlier one is no partner for later ones of its label.
std::vector<Coinciding> find_coinciding(const std::vector<Annotation>& annotations,
                                        const std::vector<ObjectFacts>& facts);

}  // namespace maskmill
