// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dataset/item.h"
#include "dataset/labels.h"

namespace maskmill {

/// A label, and how many pixels an item has of it. 0: it has the label, and nobody counted, as of a box.
struct HeldLabel {
  std::uint32_t label;
  std::uint32_t pixels;
};

/// The labels that occur in an item, in their order: of its label mask's pixels, of its annotations, and of
/// masks of one label those that are not empty. Void (Role::ignore) is none. The annotations' pixels are
/// counted where `count_pixels`, and there is no label mask. Throws Error as read_coded and pixels_of.
std::vector<HeldLabel> held_labels(const Item& item, const LabelMap& labels, bool count_pixels);

}  // namespace maskmill
