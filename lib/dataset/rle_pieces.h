// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataset/shapes.h"

namespace maskmill {

/// Calls visit(column, top, bottom) for each stretch of a column inside the mask, in order.
template <class Visit>
void for_each_piece(const Rle& rle, Visit&& visit) {
  const auto height = static_cast<std::uint32_t>(rle.size.height);
  std::uint32_t position = 0;
  for (std::size_t i = 0; i < rle.counts.size(); ++i) {
    const std::uint32_t begin = position;
    position += rle.counts[i];
    if (i % 2 == 0) continue;
    for (std::uint32_t top = begin; top < position;) {
      const std::uint32_t column = top / height;
      const std::uint32_t bottom = std::min(position, (column + 1) * height);
      visit(column, top - column * height, bottom - column * height);
      top = bottom;
    }
  }
}

}  // namespace maskmill
