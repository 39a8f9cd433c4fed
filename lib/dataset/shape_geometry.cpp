// SPDX-License-Identifier: Apache-2.0
#include "dataset/shape_geometry.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "dataset/rle.h"

namespace maskmill {
namespace {

[[noreturn]] void refuse(const MaskRef& mask) {
  throw Error(Code::bug, "the geometry of a mask file was asked for").at_file(file_of(mask));
}

template <class Change>
void change_points(std::vector<Point>& points, const Change& change) {
  for (Point& point : points) point = change(point);
}
template <class Change>
void change_points(Polygon& polygon, const Change& change) {
  for (PolygonPart& part : polygon.parts) {
    change_points(part.exterior, change);
    for (Ring& hole : part.holes) change_points(hole, change);
  }
}

double ring_area(const Ring& ring) {
  double twice = 0;
  for (std::size_t i = 0, last = ring.size() - 1; i < ring.size(); last = i++)
    twice += ring[last].x * ring[i].y - ring[i].x * ring[last].y;
  return std::abs(twice) / 2;
}

/// What lies where `depth` is not negative.
template <class Depth>
Ring kept_of(const Ring& ring, const Depth& depth) {
  Ring kept;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const Point& from = ring[i];
    const Point& to = ring[(i + 1) % ring.size()];
    const double a = depth(from), b = depth(to);
    if (a >= 0) kept.push_back(from);
    if ((a > 0 && b < 0) || (a < 0 && b > 0)) {
      const double share = a / (a - b);
      kept.push_back({from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)});
    }
  }
  return kept;
}

Ring clipped(Ring ring, const Box& window) {
  ring = kept_of(ring, [&](const Point& p) { return p.x - window.x; });
  ring = kept_of(ring, [&](const Point& p) { return p.y - window.y; });
  ring = kept_of(ring, [&](const Point& p) { return window.x + window.width - p.x; });
  return kept_of(ring, [&](const Point& p) { return window.y + window.height - p.y; });
}

bool has_no_area(const Ring& ring) {
  return ring.size() < 3 || ring_area(ring) <= 0;
}

/// Of the segment a + t (b - a), the range of t inside (Liang and Barsky, "A new concept and method for line
/// clipping", 1984).
std::optional<std::pair<double, double>> range_inside(Point a, Point b, const Box& window) {
  double first = 0, last = 1;
  const auto bound = [&](double direction, double depth) {  // inside where t * direction <= depth
    if (direction == 0) return depth >= 0;
    const double t = depth / direction;
    if (direction < 0)
      first = std::max(first, t);
    else
      last = std::min(last, t);
    return first <= last;
  };
  const double x = b.x - a.x, y = b.y - a.y;
  if (bound(-x, a.x - window.x) && bound(x, window.x + window.width - a.x) && bound(-y, a.y - window.y) &&
      bound(y, window.y + window.height - a.y))
    return std::pair(first, last);
  return std::nullopt;
}

std::vector<Polyline> stretches_inside(const Polyline& line, const Box& window) {
  std::vector<Polyline> pieces;
  bool goes_on = false;
  for (std::size_t i = 1; i < line.points.size(); ++i) {
    const Point a = line.points[i - 1], b = line.points[i];
    const auto range = range_inside(a, b, window);
    if (!range) {
      goes_on = false;
      continue;
    }
    const auto at = [&](double t) { return Point{a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)}; };
    if (!goes_on || range->first > 0) pieces.push_back({{range->first > 0 ? at(range->first) : a}});
    pieces.back().points.push_back(range->second < 1 ? at(range->second) : b);
    goes_on = range->second >= 1;
  }
  // A line that only touches the window has no length there.
  std::erase_if(pieces, [](const Polyline& piece) {
    return std::ranges::all_of(piece.points,
                               [&](const Point& point) { return point == piece.points.front(); });
  });
  return pieces;
}

bool lies_inside(const Box& box, const Box& window) {
  return box.x >= window.x && box.y >= window.y && box.x + box.width <= window.x + window.width &&
         box.y + box.height <= window.y + window.height;
}

/// What the shape is where the window's edge goes through it; in the image's coordinates.
struct CutThrough {
  const Box& window;

  using Pieces = std::vector<Shape>;
  Pieces operator()(std::monostate) const { return {Shape()}; }
  Pieces operator()(const Box& box) const {
    const Box inside = clipped(box, window);
    return inside.area() > 0 ? Pieces{inside} : Pieces{};
  }
  Pieces operator()(const RotatedBox& box) const { return (*this)(Polygon{{{outline(box), {}}}}); }
  Pieces operator()(const Ellipse& ellipse) const { return (*this)(Polygon{{{outline(ellipse), {}}}}); }
  Pieces operator()(const Polygon& polygon) const {
    Polygon inside = clipped(polygon, window);
    return inside.parts.empty() ? Pieces{} : Pieces{std::move(inside)};
  }
  Pieces operator()(const Polyline& line) const {
    Pieces pieces;
    for (Polyline& piece : stretches_inside(line, window)) pieces.emplace_back(std::move(piece));
    return pieces;
  }
  Pieces operator()(const Points& points) const {
    Points inside;
    for (const Point& point : points.points)
      if (lies_inside({point.x, point.y, 0, 0}, window)) inside.points.push_back(point);
    return inside.points.empty() ? Pieces{} : Pieces{std::move(inside)};
  }
  Pieces operator()(const Rle& rle) const { return {rle}; }
  Pieces operator()(const MaskRef& mask) const { refuse(mask); }
};

struct Move {
  int x, y;
  Size size;

  Point operator()(const Point& point) const { return {point.x - x, point.y - y}; }
  Shape operator()(std::monostate) const { return {}; }
  Shape operator()(const Box& box) const { return Box{box.x - x, box.y - y, box.width, box.height}; }
  Shape operator()(RotatedBox box) const {
    box.centre = (*this)(box.centre);
    return box;
  }
  Shape operator()(Ellipse ellipse) const {
    ellipse.centre = (*this)(ellipse.centre);
    return ellipse;
  }
  Shape operator()(Polygon polygon) const {
    change_points(polygon, *this);
    return polygon;
  }
  Shape operator()(Polyline line) const {
    change_points(line.points, *this);
    return line;
  }
  Shape operator()(Points points) const {
    change_points(points.points, *this);
    return points;
  }
  Shape operator()(const Rle& rle) const { return shifted(rle, -x, -y, size); }
  Shape operator()(const MaskRef& mask) const { refuse(mask); }
};

struct Scale {
  double x, y;
  Size to;

  bool keeps_angles(double degrees) const { return x == y || std::fmod(degrees, 90) == 0; }
  /// Sides that a quarter turn has exchanged are scaled by the other factor.
  bool exchanges(double degrees) const { return std::fmod(degrees, 180) != 0; }

  Point operator()(const Point& point) const { return {point.x * x, point.y * y}; }
  Shape operator()(std::monostate) const { return {}; }
  Shape operator()(const Box& box) const { return Box{box.x * x, box.y * y, box.width * x, box.height * y}; }
  Shape operator()(RotatedBox box) const {
    if (!keeps_angles(box.angle_degrees)) return (*this)(Polygon{{{outline(box), {}}}});
    const bool turned = exchanges(box.angle_degrees);
    return RotatedBox{(*this)(box.centre), box.width * (turned ? y : x), box.height * (turned ? x : y),
                      box.angle_degrees};
  }
  Shape operator()(Ellipse ellipse) const {
    if (!keeps_angles(ellipse.angle_degrees)) return (*this)(Polygon{{{outline(ellipse), {}}}});
    const bool turned = exchanges(ellipse.angle_degrees);
    return Ellipse{(*this)(ellipse.centre), ellipse.radius_x * (turned ? y : x),
                   ellipse.radius_y * (turned ? x : y), ellipse.angle_degrees};
  }
  Shape operator()(Polygon polygon) const {
    change_points(polygon, *this);
    return polygon;
  }
  Shape operator()(Polyline line) const {
    change_points(line.points, *this);
    return line;
  }
  Shape operator()(Points points) const {
    change_points(points.points, *this);
    return points;
  }
  Shape operator()(const Rle& rle) const { return resized(rle, to); }
  Shape operator()(const MaskRef& mask) const { refuse(mask); }
};

}  // namespace

Window common(const Window& a, const Window& b) {
  const int x = std::max(a.x, b.x), y = std::max(a.y, b.y);
  const int width = std::min(a.right(), b.right()) - x, height = std::min(a.bottom(), b.bottom()) - y;
  return width > 0 && height > 0 ? Window{x, y, {width, height}} : Window{x, y, {}};
}

Polygon clipped(const Polygon& polygon, const Box& window) {
  Polygon inside;
  for (const PolygonPart& part : polygon.parts) {
    PolygonPart left{clipped(part.exterior, window), {}};
    if (has_no_area(left.exterior)) continue;
    for (const Ring& hole : part.holes)
      if (Ring ring = clipped(hole, window); !has_no_area(ring)) left.holes.push_back(std::move(ring));
    inside.parts.push_back(std::move(left));
  }
  return inside;
}

Box clipped(const Box& box, const Box& window) {
  const double left = std::max(box.x, window.x), top = std::max(box.y, window.y);
  const double right = std::min(box.x + box.width, window.x + window.width);
  const double bottom = std::min(box.y + box.height, window.y + window.height);
  return {left, top, std::max(right - left, 0.0), std::max(bottom - top, 0.0)};
}

Box around(const Box& a, const Box& b) {
  const double x = std::min(a.x, b.x), y = std::min(a.y, b.y);
  return {x, y, std::max(a.x + a.width, b.x + b.width) - x, std::max(a.y + a.height, b.y + b.height) - y};
}

bool are_apart(const Box& a, const Box& b) {
  return a.x > b.x + b.width || a.y > b.y + b.height || a.x + a.width < b.x || a.y + a.height < b.y;
}

bool has_holes(const Polygon& polygon) {
  return std::ranges::any_of(polygon.parts, [](const PolygonPart& part) { return !part.holes.empty(); });
}

double area(const Polygon& polygon) {
  double sum = 0;
  for (const PolygonPart& part : polygon.parts) {
    sum += ring_area(part.exterior);
    for (const Ring& hole : part.holes) sum -= ring_area(hole);
  }
  return sum;
}

Shape scaled(const Shape& shape, Size from, Size to) {
  const double x = static_cast<double>(to.width) / from.width,
               y = static_cast<double>(to.height) / from.height;
  return std::visit(Scale{x, y, to}, shape);
}

Shape moved(const Shape& shape, int x, int y, Size size) {
  return std::visit(Move{x, y, size}, shape);
}

std::vector<Shape> cut(const Shape& shape, const Window& window) {
  const Box edges = window.box();
  std::vector<Shape> pieces{shape};
  const auto around = bounding_box(shape);
  if (around && are_apart(*around, edges)) return {};
  if (!around || !lies_inside(*around, edges)) pieces = std::visit(CutThrough{edges}, shape);
  for (Shape& piece : pieces) piece = moved(piece, window.x, window.y, window.size);
  std::erase_if(pieces, [](const Shape& piece) {
    const auto* rle = std::get_if<Rle>(&piece);
    return rle && area(*rle) == 0;
  });
  return pieces;
}

}  // namespace maskmill
