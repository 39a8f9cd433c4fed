// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include "dataset/shapes.h"

namespace maskmill {

/// The sign of the area of the triangle a, b, c: on which side of the line from a to b the point c lies.
/// Exact for coordinates of 0 or of 10^-140 to 10^140 (Shewchuk, "Adaptive precision floating-point
/// arithmetic and fast robust geometric predicates", 1997; here with one step of adaption). 1, 0 or -1.
int orientation(const Point& a, const Point& b, const Point& c);

/// Where a ring crosses itself.
struct RingCrossing {
  Point at;                     ///< rounded
  std::size_t first, second;    ///< the edges: from point `first` to the next one, and from point `second`
  double first_lobe_area = 0;   ///< enclosed between the two, of what comes after `first`
  double second_lobe_area = 0;  ///< and of the rest
};

/// Calls visit(crossing) for every two edges that cross: that lie on both sides of each other, or of which
/// one passes through the other at a point of the ring. To touch is not to cross, nor is to lie on each
/// other, so that neither repeated points nor slits to holes are found. Goes on while `visit` returns true.
/// Coordinates must be finite.
///
/// Time: near linear in the points of an outline; it grows with the pairs of stretches whose boxes overlap.
/// These stand along the ring's main direction, in which a comb of long teeth has boxes beside each other.
void for_each_crossing(const Ring& ring, const std::function<bool(const RingCrossing&)>& visit);

}  // namespace maskmill
