// SPDX-License-Identifier: Apache-2.0
// Compiled without fused multiply-add: it rounds once where pycocotools rounds twice, and so moves pixels.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "dataset/rle.h"
#include "dataset/run_builder.h"

namespace maskmill {
namespace {

constexpr int kScale = 5;
constexpr double kFarthest = 1e8;  // so that differences of scaled coordinates fit an int

int to_grid(double coordinate) {
  if (!(std::abs(coordinate) <= kFarthest))
    throw Error(
        Code::bad_value,
        fmt::format("a polygon has the coordinate {}; finite numbers up to 10^8 are drawn", coordinate));
  return static_cast<int>(kScale * coordinate + .5);
}

struct GridPoint {
  int x, y;
};

/// Where the outline crosses columns, as column-major positions: each changes inside to outside or back for
/// the pixels from there on. A position that comes an even number of times changes nothing.
class Crossings {
 public:
  explicit Crossings(Size size) : size_(size) {}

  /// pycocotools draws the edge as grid points, one a step along its longer axis, and takes a crossing where
  /// two neighbours straddle the middle of a pixel column: steps from 5k+2 to 5k+3. Only those two points are
  /// computed here.
  void add_edge(GridPoint a, GridPoint b) {
    const int dx = std::abs(a.x - b.x), dy = std::abs(a.y - b.y);
    if (dx >= dy ? a.x > b.x : a.y > b.y) std::swap(a, b);
    const int left = std::min(a.x, b.x), right = std::max(a.x, b.x);
    if (right < kScale - 2) return;
    const int first = left <= 2 ? 0 : (left - 2 + kScale - 1) / kScale;
    const int last = std::min(size_.width - 1, (right - 3) / kScale);
    if (first > last) return;
    if (dx >= dy) {
      const double slope = static_cast<double>(b.y - a.y) / dx;
      const auto y_after = [&](int steps) { return static_cast<int>(a.y + slope * steps + .5); };
      for (int column = first; column <= last; ++column) {
        const int steps = kScale * column + 2 - a.x;
        add(column, std::min(y_after(steps), y_after(steps + 1)));
      }
    } else {
      const double slope = static_cast<double>(b.x - a.x) / dy;
      for (int column = first; column <= last; ++column)
        add(column, a.y + steps_to(kScale * column + 3, a.x, slope, dy) - 1);
    }
  }

  Rle to_rle() && {
    cancel_pairs();
    RunBuilder result;
    // A closed outline crosses a column an even number of times.
    for (std::size_t i = 0; i + 1 < positions_.size(); i += 2) result.add(positions_[i], positions_[i + 1]);
    return std::move(result).finish(size_);
  }

 private:
  /// Steps along a steep edge until its rounded x has passed from one side of `x` to the other.
  static int steps_to(int x, int start_x, double slope, int most) {
    const auto passed = [&](int steps) {
      const double at = start_x + slope * steps + .5;
      return slope > 0 ? at >= x : at < x;
    };
    int steps = static_cast<int>(std::clamp((x - .5 - start_x) / slope, 1., static_cast<double>(most)));
    while (steps > 1 && passed(steps - 1)) --steps;
    while (steps < most && !passed(steps)) ++steps;
    return steps;
  }

  void add(int column, int grid_y) {
    const int row = std::min(size_.height, (std::max(grid_y, 0) + 2) / kScale);
    positions_.push_back(static_cast<std::uint32_t>(column) * static_cast<std::uint32_t>(size_.height) +
                         static_cast<std::uint32_t>(row));
    // Keeps the memory within a few times that of the result, whatever the number of edges.
    if (positions_.size() >= limit_) {
      cancel_pairs();
      limit_ = std::max(limit_, 2 * positions_.size());
    }
  }

  void cancel_pairs() {
    std::sort(positions_.begin(), positions_.end());
    std::size_t kept = 0;
    for (const std::uint32_t position : positions_) {
      if (kept > 0 && positions_[kept - 1] == position)
        --kept;
      else
        positions_[kept++] = position;
    }
    positions_.resize(kept);
  }

  Size size_;
  std::vector<std::uint32_t> positions_;
  std::size_t limit_ = std::size_t{1} << 20;
};

Ring corners(const Box& box) {
  const double right = box.x + box.width, bottom = box.y + box.height;
  return {{box.x, box.y}, {box.x, bottom}, {right, bottom}, {right, box.y}};
}

Rle with_size(const Rle& rle, Size size) {
  validate(rle);
  if (rle.size != size)
    throw Error(Code::bad_value, fmt::format("a run-length mask of {} lies on an image of {}",
                                             to_string(rle.size), to_string(size)));
  return rle;
}

}  // namespace

Rle rasterise(std::span<const Point> ring, Size size) {
  validate(size);
  Crossings crossings(size);
  if (!ring.empty()) {
    const auto on_grid = [](const Point& point) { return GridPoint{to_grid(point.x), to_grid(point.y)}; };
    GridPoint from = on_grid(ring.back());
    for (const Point& point : ring) {
      const GridPoint to = on_grid(point);
      crossings.add_edge(from, to);
      from = to;
    }
  }
  return std::move(crossings).to_rle();
}

Rle rasterise(const Polygon& polygon, Size size) {
  std::vector<Rle> parts;
  for (const PolygonPart& part : polygon.parts) {
    Rle filled = rasterise(part.exterior, size);
    std::vector<Rle> holes;
    for (const Ring& hole : part.holes) holes.push_back(rasterise(hole, size));
    parts.push_back(holes.empty() ? std::move(filled) : difference(filled, merged(holes)));
  }
  if (parts.size() == 1) return std::move(parts.front());
  return parts.empty() ? rasterise(Ring(), size) : merged(parts);
}

Rle rasterise(const Box& box, Size size) {
  return rasterise(corners(box), size);
}

Rle rasterise(const Shape& shape, Size size) {
  if (const auto* box = std::get_if<Box>(&shape)) return rasterise(*box, size);
  if (const auto* box = std::get_if<RotatedBox>(&shape)) return rasterise(outline(*box), size);
  if (const auto* ellipse = std::get_if<Ellipse>(&shape)) return rasterise(outline(*ellipse), size);
  if (const auto* polygon = std::get_if<Polygon>(&shape)) return rasterise(*polygon, size);
  if (const auto* rle = std::get_if<Rle>(&shape)) return with_size(*rle, size);
  throw Error(Code::bad_value, fmt::format("a shape of kind \"{}\" has no area to draw", shape_name(shape)));
}

}  // namespace maskmill
