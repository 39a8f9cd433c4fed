// SPDX-License-Identifier: Apache-2.0
#include "formats/labelme/labelme_geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "formats/xml_text.h"

namespace maskmill {
namespace {

using Exact = std::array<double, 5>;

constexpr double kTolerance = 1e-6;          // pixels by which points may miss what `exact` says
constexpr double kRectangleTolerance = .01;  // pixels by which four corners may miss a rectangle

double distance(const Point& a, const Point& b) {
  return std::hypot(a.x - b.x, a.y - b.y);
}

double largest(const Point& a, const Point& b) {
  return std::max({std::abs(a.x), std::abs(a.y), std::abs(b.x), std::abs(b.y)});
}

bool agree(const std::vector<Point>& a, const std::vector<Point>& b) {
  return std::ranges::equal(a, b,
                            [](const Point& p, const Point& q) { return distance(p, q) <= kTolerance; });
}

/// Clockwise as seen, as LabelMe draws them.
std::vector<Point> corners(const RotatedBox& box) {
  std::vector<Point> points = outline(box);
  std::ranges::reverse(points.begin() + 1, points.end());
  return points;
}

std::vector<Point> corners(const Box& box) {
  const double right = without_noise(box.x + box.width, box.x);
  const double bottom = without_noise(box.y + box.height, box.y);
  return {{box.x, box.y}, {right, bottom}};
}

std::vector<Point> centre_and_rim(const Ellipse& circle) {
  return {circle.centre,
          {without_noise(circle.centre.x + circle.radius_x, circle.centre.x), circle.centre.y}};
}

bool is_circle(const Ellipse& ellipse) {
  return ellipse.radius_x == ellipse.radius_y && ellipse.radius_x >= 0;
}

Shape box_around(const std::vector<Point>& points) {
  const auto [left, right] = std::ranges::minmax(points, {}, &Point::x);
  const auto [top, bottom] = std::ranges::minmax(points, {}, &Point::y);
  const auto is_corner = [&, left = left.x, right = right.x, top = top.y, bottom = bottom.y](const Point& p) {
    return (p.x == left || p.x == right) && (p.y == top || p.y == bottom);
  };
  if (points.size() == 4 && !std::ranges::all_of(points, is_corner)) return Polygon{{{points, {}}}};
  return Box{left.x, top.y, without_noise(right.x - left.x, std::max(std::abs(left.x), std::abs(right.x))),
             without_noise(bottom.y - top.y, std::max(std::abs(top.y), std::abs(bottom.y)))};
}

Shape turned_box(std::vector<Point> points) {
  const auto cross = [&] {
    return (points[1].x - points[0].x) * (points[2].y - points[1].y) -
           (points[1].y - points[0].y) * (points[2].x - points[1].x);
  };
  const std::vector<Point> as_drawn = points;
  if (cross() < 0) std::swap(points[1], points[3]);
  const double width = distance(points[0], points[1]), height = distance(points[1], points[2]);
  const Point middle{(points[0].x + points[2].x) / 2, (points[0].y + points[2].y) / 2};
  const double angle = std::atan2(points[1].y - points[0].y, points[1].x - points[0].x);
  const double noise = largest(points[0], points[2]);
  const RotatedBox box{{without_noise(middle.x, noise), without_noise(middle.y, noise)},
                       without_noise(width, noise),
                       without_noise(height, noise),
                       without_noise(angle * 180 / std::numbers::pi, 180)};
  const bool fits = std::ranges::equal(corners(box), points, [](const Point& p, const Point& q) {
    return distance(p, q) <= kRectangleTolerance;
  });
  if (!fits) return Polygon{{{as_drawn, {}}}};
  return box;
}

/// What `exact` says, if it is said by these points too.
std::optional<Shape> exact_shape(std::string_view type, const std::vector<Point>& points,
                                 const Exact& exact) {
  const auto& [x, y, first, second, degrees] = exact;
  if (type == "rectangle") {
    const Box box{x, y, first, second};
    if (agree(corners(box), points)) return box;
  } else if (type == "circle") {
    const Ellipse circle{{x, y}, first, second, degrees};
    if (is_circle(circle) && agree(centre_and_rim(circle), points)) return circle;
  } else if (type == "oriented_rectangle") {
    const RotatedBox box{{x, y}, first, second, degrees};
    if (agree(corners(box), points)) return box;
  } else if (type == "polygon") {
    const Ellipse ellipse{{x, y}, first, second, degrees};
    if (points.size() == outline(Ellipse{}).size() && agree(outline(ellipse), points)) return ellipse;
  }
  return std::nullopt;
}

Exact exact_of(const Shape& shape) {
  if (const auto* box = std::get_if<Box>(&shape)) return {box->x, box->y, box->width, box->height, 0};
  if (const auto* box = std::get_if<RotatedBox>(&shape))
    return {box->centre.x, box->centre.y, box->width, box->height, box->angle_degrees};
  const Ellipse& ellipse = std::get<Ellipse>(shape);
  return {ellipse.centre.x, ellipse.centre.y, ellipse.radius_x, ellipse.radius_y, ellipse.angle_degrees};
}

}  // namespace

LabelmeArea labelme_area_of(const Shape& shape) {
  LabelmeArea area;
  if (const auto* polygon = std::get_if<Polygon>(&shape)) {
    if (polygon->parts.size() != 1 || !polygon->parts.front().holes.empty())
      throw Error(Code::bug, "a polygon of several rings reached LabelMe's writer");
    return {"polygon", polygon->parts.front().exterior, std::nullopt};
  }
  if (const auto* box = std::get_if<Box>(&shape)) {
    area = {"rectangle", corners(*box), std::nullopt};
  } else if (const auto* turned = std::get_if<RotatedBox>(&shape)) {
    area = {"oriented_rectangle", corners(*turned), std::nullopt};
  } else if (const auto* ellipse = std::get_if<Ellipse>(&shape)) {
    area = is_circle(*ellipse) ? LabelmeArea{"circle", centre_and_rim(*ellipse), std::nullopt}
                               : LabelmeArea{"polygon", outline(*ellipse), std::nullopt};
  } else {
    throw Error(Code::bug, "a shape that is no area reached LabelMe's writer as one");
  }
  if (labelme_area(area.type, area.points, std::nullopt) != shape) area.exact = exact_of(shape);
  return area;
}

Shape labelme_area(std::string_view type, const std::vector<Point>& points,
                   const std::optional<Exact>& exact) {
  if (exact)
    if (auto shape = exact_shape(type, points, *exact)) return *std::move(shape);
  if (type == "rectangle") return box_around(points);
  if (type == "circle") {
    const double radius = distance(points[0], points[1]);
    const double clean = without_noise(radius, largest(points[0], points[1]));
    return Ellipse{points[0], clean, clean, 0};
  }
  if (type == "oriented_rectangle" || type == "rotation") return turned_box(points);
  return Polygon{{{points, {}}}};
}

}  // namespace maskmill
