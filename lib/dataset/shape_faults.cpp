// SPDX-License-Identifier: Apache-2.0
#include "dataset/shape_faults.h"

#include <algorithm>
#include <cmath>

#include "dataset/ring_crossing.h"
#include "dataset/rle.h"

namespace maskmill {
namespace {

constexpr double kThinPx = 1e-6;  // what decimals of points on one line leave between them

bool is_finite(const Point& point) {
  return std::isfinite(point.x) && std::isfinite(point.y);
}
bool are_finite(const std::vector<Point>& points) {
  return std::ranges::all_of(points, [](const Point& point) { return is_finite(point); });
}
bool are_finite(const Polygon& polygon) {
  return std::ranges::all_of(polygon.parts, [](const PolygonPart& part) {
    return are_finite(part.exterior) &&
           std::ranges::all_of(part.holes, [](const Ring& hole) { return are_finite(hole); });
  });
}

bool has_three_points(const Ring& ring) {
  const auto second = std::ranges::find_if(ring, [&](const Point& point) { return point != ring.front(); });
  return std::any_of(second, ring.end(),
                     [&](const Point& point) { return point != ring.front() && point != *second; });
}

constexpr std::string_view kNoNumber = "a coordinate is no number";

struct Fault {
  std::string_view operator()(std::monostate) const { return {}; }
  std::string_view operator()(const MaskRef&) const { return {}; }
  std::string_view operator()(const Box& box) const {
    if (!is_finite({box.x, box.y}) || !is_finite({box.width, box.height})) return kNoNumber;
    return box.width > 0 && box.height > 0 ? "" : "a box without an area";
  }
  std::string_view operator()(const RotatedBox& box) const {
    if (!is_finite(box.centre) || !std::isfinite(box.angle_degrees)) return kNoNumber;
    return (*this)(Box{0, 0, box.width, box.height});
  }
  std::string_view operator()(const Ellipse& ellipse) const {
    const Box radii{0, 0, ellipse.radius_x, ellipse.radius_y};
    if (!is_finite(ellipse.centre) || !std::isfinite(ellipse.angle_degrees) ||
        !is_finite({radii.width, radii.height}))
      return kNoNumber;
    return (*this)(radii).empty() ? "" : "an ellipse without an area";
  }
  std::string_view operator()(const Polygon& polygon) const {
    if (!are_finite(polygon)) return kNoNumber;
    if (std::ranges::none_of(polygon.parts, has_three_points, &PolygonPart::exterior))
      return "an outline of fewer than 3 points";
    return std::ranges::all_of(polygon.parts, is_empty, &PolygonPart::exterior) ? "an outline without an area"
                                                                                : "";
  }
  std::string_view operator()(const Polyline& line) const {
    if (!are_finite(line.points)) return kNoNumber;
    return std::ranges::any_of(line.points, [&](const Point& point) { return point != line.points.front(); })
               ? ""
               : "a line of fewer than 2 points";
  }
  std::string_view operator()(const Points& points) const {
    if (!are_finite(points.points)) return kNoNumber;
    return points.points.empty() ? "no points" : "";
  }
  std::string_view operator()(const Rle& rle) const { return area(rle) > 0 ? "" : "a mask without pixels"; }
};

}  // namespace

bool is_empty(const Ring& ring) {
  if (!has_three_points(ring)) return true;
  double twice = 0, extent = 0;
  const Point o = ring.front();
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const Point &a = ring[i], &b = ring[i + 1 < ring.size() ? i + 1 : 0];
    twice += (a.x - o.x) * (b.y - o.y) - (b.x - o.x) * (a.y - o.y);
    extent = std::max({extent, std::abs(a.x - o.x), std::abs(a.y - o.y)});
  }
  if (std::abs(twice) / 2 > kThinPx * extent) return false;
  bool holds_something = false;
  for_each_crossing(ring, [&](const RingCrossing& crossing) {
    holds_something = std::max(crossing.first_lobe_area, crossing.second_lobe_area) > kThinPx * extent;
    return !holds_something;
  });
  return !holds_something;
}

Polygon without_empty_rings(const Polygon& polygon) {
  Polygon full;
  for (const PolygonPart& part : polygon.parts) {
    if (is_empty(part.exterior)) continue;
    full.parts.push_back({part.exterior, {}});
    for (const Ring& hole : part.holes)
      if (!is_empty(hole)) full.parts.back().holes.push_back(hole);
  }
  return full;
}

std::string_view fault_of(const Shape& shape) {
  return std::visit(Fault(), shape);
}

}  // namespace maskmill
