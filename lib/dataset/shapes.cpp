// SPDX-License-Identifier: Apache-2.0
#include "dataset/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

#include "dataset/rle.h"

namespace maskmill {
namespace {

Box box_about(Point centre, double half_width, double half_height) {
  return {centre.x - half_width, centre.y - half_height, 2 * half_width, 2 * half_height};
}

/// `offset` from a shape's centre, turned clockwise as seen.
Point turned(Point centre, double angle_degrees, Point offset) {
  const double angle = angle_degrees * std::numbers::pi / 180;
  return {centre.x + offset.x * std::cos(angle) - offset.y * std::sin(angle),
          centre.y + offset.x * std::sin(angle) + offset.y * std::cos(angle)};
}

struct Extent {
  double left = 0, top = 0, right = 0, bottom = 0;
  bool empty = true;

  void add(std::span<const Point> points) {
    for (const Point& point : points) {
      left = empty ? point.x : std::min(left, point.x);
      right = empty ? point.x : std::max(right, point.x);
      top = empty ? point.y : std::min(top, point.y);
      bottom = empty ? point.y : std::max(bottom, point.y);
      empty = false;
    }
  }
  std::optional<Box> box() const {
    if (empty) return std::nullopt;
    return Box{left, top, right - left, bottom - top};
  }
};

struct BoxOf {
  std::optional<Box> operator()(std::monostate) const { return std::nullopt; }
  std::optional<Box> operator()(const MaskRef&) const { return std::nullopt; }
  std::optional<Box> operator()(const Box& box) const { return box; }
  std::optional<Box> operator()(const Rle& rle) const { return bounding_box(rle); }
  std::optional<Box> operator()(const RotatedBox& box) const {
    const double angle = box.angle_degrees * std::numbers::pi / 180;
    const double c = std::abs(std::cos(angle)), s = std::abs(std::sin(angle));
    return box_about(box.centre, (box.width * c + box.height * s) / 2, (box.width * s + box.height * c) / 2);
  }
  std::optional<Box> operator()(const Ellipse& ellipse) const {
    const double angle = ellipse.angle_degrees * std::numbers::pi / 180;
    const double c = std::cos(angle), s = std::sin(angle);
    return box_about(ellipse.centre, std::hypot(ellipse.radius_x * c, ellipse.radius_y * s),
                     std::hypot(ellipse.radius_x * s, ellipse.radius_y * c));
  }
  std::optional<Box> operator()(const Polygon& polygon) const {
    Extent extent;
    for (const PolygonPart& part : polygon.parts) extent.add(part.exterior);
    return extent.box();
  }
  std::optional<Box> operator()(const Polyline& line) const {
    Extent extent;
    extent.add(line.points);
    return extent.box();
  }
  std::optional<Box> operator()(const Points& points) const {
    Extent extent;
    extent.add(points.points);
    return extent.box();
  }
};

}  // namespace

const Path& file_of(const MaskRef& mask) {
  return mask.made ? mask.made->from.front() : mask.file;
}

std::string_view shape_name(const Shape& shape) {
  constexpr std::array<std::string_view, std::variant_size_v<Shape>> names{
      "nothing", "box", "rotated box", "ellipse", "polygon", "polyline", "points", "RLE mask", "mask file"};
  return names.at(shape.index());
}

Ring outline(const RotatedBox& box) {
  const double x = box.width / 2, y = box.height / 2;
  Ring ring;
  for (const Point& offset : {Point{-x, -y}, Point{-x, y}, Point{x, y}, Point{x, -y}})
    ring.push_back(turned(box.centre, box.angle_degrees, offset));
  return ring;
}

Ring outline(const Ellipse& ellipse) {
  Ring ring;
  for (int degree = 0; degree < 360; ++degree) {
    const double angle = degree * std::numbers::pi / 180;
    ring.push_back(turned(ellipse.centre, ellipse.angle_degrees,
                          {ellipse.radius_x * std::cos(angle), ellipse.radius_y * std::sin(angle)}));
  }
  return ring;
}

bool has_area(const Shape& shape) {
  return std::holds_alternative<RotatedBox>(shape) || std::holds_alternative<Ellipse>(shape) ||
         std::holds_alternative<Polygon>(shape) || std::holds_alternative<Rle>(shape) ||
         std::holds_alternative<MaskRef>(shape);
}

std::optional<Box> bounding_box(const Shape& shape) {
  return std::visit(BoxOf(), shape);
}

}  // namespace maskmill
