// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>

#include "dataset/shapes.h"

namespace maskmill::learn {

/// Each point of the polygon becomes what `change` makes of it.
template <class Change>
void change_points(Polygon& polygon, const Change& change) {
  for (PolygonPart& part : polygon.parts) {
    for (Point& point : part.exterior) point = change(point);
    for (Ring& hole : part.holes)
      for (Point& point : hole) point = change(point);
  }
}

/// The smallest box around points, of which there is one at least.
class PointExtent {
 public:
  void add(const Point& point) {
    left_ = std::min(left_, point.x), right_ = std::max(right_, point.x);
    top_ = std::min(top_, point.y), bottom_ = std::max(bottom_, point.y);
  }
  Box box() const { return {left_, top_, right_ - left_, bottom_ - top_}; }

 private:
  static constexpr double kFar = std::numeric_limits<double>::infinity();
  double left_ = kFar, top_ = kFar, right_ = -kFar, bottom_ = -kFar;
};

/// The smallest box around what `move` makes of the points of the exteriors.
template <class Move>
Box box_around(const Polygon& polygon, const Move& move) {
  PointExtent extent;
  for (const PolygonPart& part : polygon.parts)
    for (const Point& point : part.exterior) extent.add(move(point));
  return extent.box();
}
inline Box box_around(const Polygon& polygon) {
  return box_around(polygon, [](const Point& point) { return point; });
}

}  // namespace maskmill::learn
