// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "dataset/shapes.h"

namespace maskmill {

/// One ring that runs along all of them, from each to the next and back by the same line, where the two come
/// closest (of at most 1,000 points of each): what a row of YOLO can hold of an object of several parts, or,
/// where holes are among the rings, of one with a slit to each hole. The lines enclose nothing, so that
/// filling by the even-odd rule gives the same pixels. Takes rings that are not empty; time is linear in the
/// points but for finding the lines.
Ring joined_rings(std::span<const Ring* const> rings);

}  // namespace maskmill
