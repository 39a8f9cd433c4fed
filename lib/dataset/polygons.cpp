// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "dataset/masks.h"

namespace maskmill {
namespace {

constexpr std::uint32_t kNone = ~std::uint32_t{0};
constexpr double kLargestTolerance = 1e9;  // larger than any mask, and what OpenCV takes

/// Where an outline turns. Outlines run with the pixels inside on their right hand, so that around the
/// outside they go clockwise as seen.
struct Corner {
  int x = 0, y = 0;
  std::uint32_t next = kNone;
  std::uint32_t twin =
      kNone;  ///< the other corner at this point, where two pixels touch by their corners only
  std::uint32_t above = kNone;  ///< where the pixel above and right of the point is inside: the first corner
                                ///< of the edge that bounds its stretch of the column from above
  bool leaves_upright = false;  ///< its outgoing edge is the vertical one
};

/// Finds the corners of a mask by comparing each column's stretches with those of the column before. The ends
/// of a stretch are horizontal edges of the outline, which last until a column differs; on the grid line
/// between two columns the corners in order of y are, by pairs, the ends of the vertical edges.
class Outline {
 public:
  explicit Outline(const Rle& mask) {
    const int height = mask.size.height;
    const Box box = bounding_box(mask);
    const int first = static_cast<int>(box.x), last = static_cast<int>(box.x + box.width);
    std::vector<int> stretches;  // of the current column: top, bottom, top, bottom, ...
    std::size_t run = 0;
    std::int64_t run_end = mask.counts.empty() ? 0 : mask.counts[0];
    for (int x = first; x < last; ++x) {
      stretches.clear();
      const std::int64_t begin = std::int64_t{x} * height, end = begin + height;
      for (std::int64_t at = begin; at < end;) {
        while (run_end <= at) run_end += mask.counts[++run];
        const std::int64_t stop = std::min(run_end, end);
        if (run % 2 == 1) {
          const int top = static_cast<int>(at - begin);
          if (!stretches.empty() && stretches.back() == top)  // after a run of 0
            stretches.pop_back();
          else
            stretches.push_back(top);
          stretches.push_back(static_cast<int>(stop - begin));
        }
        at = stop;
      }
      advance(x, stretches);
    }
    advance(last, {});
  }

  const std::vector<Corner>& corners() const { return corners_; }

 private:
  /// A horizontal edge that reaches the current grid line. At an even index the pixels inside lie below it.
  struct Edge {
    int y;
    std::uint32_t left;  // its corner
  };

  void advance(int x, const std::vector<int>& stretches) {
    after_.clear();
    line_.clear();
    std::size_t i = 0, j = 0;
    while (i < edges_.size() || j < stretches.size()) {
      if (j == stretches.size() || (i < edges_.size() && edges_[i].y < stretches[j])) {
        line_.push_back(end_edge(x, i++));
      } else if (i == edges_.size() || stretches[j] < edges_[i].y) {
        line_.push_back(begin_edge(x, stretches[j], j));
        ++j;
      } else if (i % 2 == j % 2) {
        after_.push_back(edges_[i]);
        ++i, ++j;
      } else {
        // Two pixels inside touch by their corners. Each keeps its own corner: what is above joins what is
        // above.
        const std::uint32_t ended = end_edge(x, i), begun = begin_edge(x, stretches[j], j);
        corners_[ended].twin = begun;
        corners_[begun].twin = ended;
        corners_[ended].above = corners_[begun].above;
        const bool right_one_is_above = j % 2 == 1;
        line_.push_back(right_one_is_above ? begun : ended);
        line_.push_back(right_one_is_above ? ended : begun);
        ++i, ++j;
      }
    }
    for (std::size_t k = 0; k + 1 < line_.size(); k += 2) {
      const bool upper_leaves = corners_[line_[k]].leaves_upright;
      const std::uint32_t from = line_[upper_leaves ? k : k + 1], to = line_[upper_leaves ? k + 1 : k];
      corners_[from].next = to;
    }
    edges_.swap(after_);
  }

  std::uint32_t end_edge(int x, std::size_t index) {
    const bool inside_below = index % 2 == 0;
    const std::uint32_t right = add_corner(x, edges_[index].y, inside_below);
    const std::uint32_t left = edges_[index].left;
    if (inside_below)
      corners_[left].next = right;
    else
      corners_[right].next = left;
    return right;
  }

  std::uint32_t begin_edge(int x, int y, std::size_t index) {
    const bool inside_below = index % 2 == 0;
    const std::uint32_t left = add_corner(x, y, !inside_below);
    if (!inside_below) corners_[left].above = after_.back().left;
    after_.push_back({y, left});
    return left;
  }

  std::uint32_t add_corner(int x, int y, bool leaves_upright) {
    corners_.push_back({.x = x, .y = y, .leaves_upright = leaves_upright});
    return static_cast<std::uint32_t>(corners_.size() - 1);
  }

  std::vector<Corner> corners_;
  std::vector<Edge> edges_, after_;
  std::vector<std::uint32_t> line_;
};

struct TracedRing {
  std::vector<cv::Point> points;  // the leftmost, and of these the topmost, first
  std::uint32_t above = kNone;    // of the first point
  bool is_hole = false;
};

bool is_before(const cv::Point& a, const cv::Point& b) {
  return a.x != b.x ? a.x < b.x : a.y < b.y;
}

/// Follows the outlines. Where one comes back to a point, the loop in between is cut off as a ring of its
/// own, so that no ring touches itself.
class RingTracer {
 public:
  explicit RingTracer(const std::vector<Corner>& corners)
      : corners_(corners), ring_of_(corners.size(), kNone), place_(corners.size(), kNone) {
    for (std::uint32_t first = 0; first < corners.size(); ++first)
      if (ring_of_[first] == kNone) follow(first);
  }

  const std::vector<TracedRing>& rings() const { return rings_; }
  /// By corner: the ring that its outgoing edge belongs to.
  const std::vector<std::uint32_t>& ring_of() const { return ring_of_; }

 private:
  void follow(std::uint32_t first) {
    std::uint32_t corner = first;
    do {
      const std::uint32_t twin = corners_[corner].twin;
      if (twin != kNone && place_[twin] != kNone) cut_ring(place_[twin]);
      place_[corner] = static_cast<std::uint32_t>(path_.size());
      path_.push_back(corner);
      corner = corners_[corner].next;
    } while (corner != first);
    cut_ring(0);
  }

  /// Makes a ring of the path from `begin` on.
  void cut_ring(std::uint32_t begin) {
    TracedRing ring;
    const auto number = static_cast<std::uint32_t>(rings_.size());
    std::size_t first = begin;
    for (std::size_t i = begin; i < path_.size(); ++i) {
      const Corner& corner = corners_[path_[i]];
      if (is_before({corner.x, corner.y}, {corners_[path_[first]].x, corners_[path_[first]].y})) first = i;
      ring_of_[path_[i]] = number;
      place_[path_[i]] = kNone;
    }
    std::rotate(path_.begin() + begin, path_.begin() + static_cast<std::ptrdiff_t>(first), path_.end());
    std::int64_t doubled_area = 0;
    for (std::size_t i = begin; i < path_.size(); ++i) {
      const Corner& a = corners_[path_[i]];
      const Corner& b = corners_[path_[i + 1 < path_.size() ? i + 1 : begin]];
      ring.points.emplace_back(a.x, a.y);
      doubled_area += std::int64_t{a.x} * b.y - std::int64_t{b.x} * a.y;
    }
    ring.is_hole = doubled_area < 0;
    ring.above = corners_[path_[begin]].above;
    path_.resize(begin);
    rings_.push_back(std::move(ring));
  }

  const std::vector<Corner>& corners_;
  std::vector<TracedRing> rings_;
  std::vector<std::uint32_t> ring_of_;
  std::vector<std::uint32_t> path_;
  std::vector<std::uint32_t> place_;  // by corner: its index in path_
};

Ring simplified(const std::vector<cv::Point>& points, double tolerance) {
  std::vector<cv::Point> fewer;
  if (tolerance > 0) cv::approxPolyDP(points, fewer, std::min(tolerance, kLargestTolerance), true);
  Ring ring;
  for (const cv::Point& point : fewer.size() < 3 ? points : fewer)
    ring.push_back({static_cast<double>(point.x), static_cast<double>(point.y)});
  return ring;
}

}  // namespace

Polygon polygon_from_rle(const Rle& mask, double tolerance) {
  validate(mask);
  const Outline outline(mask);
  const RingTracer tracer(outline.corners());
  const std::vector<TracedRing>& rings = tracer.rings();

  // Left to right: when a hole's turn comes, the ring whose edge lies above its first point has had its own.
  std::vector<std::uint32_t> order(rings.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return is_before(rings[a].points[0], rings[b].points[0]);
  });
  Polygon polygon;
  std::vector<std::size_t> part_of(rings.size());
  for (const std::uint32_t i : order) {
    Ring ring = simplified(rings[i].points, tolerance);
    if (rings[i].is_hole) {
      part_of[i] = part_of[tracer.ring_of()[rings[i].above]];
      polygon.parts[part_of[i]].holes.push_back(std::move(ring));
    } else {
      part_of[i] = polygon.parts.size();
      polygon.parts.push_back({std::move(ring), {}});
    }
  }
  return polygon;
}

double polygon_iou(const Polygon& polygon, const Rle& mask) {
  return iou(rasterise(polygon, mask.size), mask);
}

}  // namespace maskmill
