// SPDX-License-Identifier: Apache-2.0
#include "dataset/ring_crossing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

namespace maskmill {
namespace {

constexpr double kHalfUlp = std::numeric_limits<double>::epsilon() / 2;

/// The sign of a sum of doubles, exactly: they are kept as a sum of parts that do not overlap, from the least
/// to the greatest, so that the last one decides.
class ExactSum {
 public:
  void add_product(double a, double b) {
    const double product = a * b;
    add(std::fma(a, b, -product));
    add(product);
  }
  void subtract_product(double a, double b) { add_product(-a, b); }
  int sign() const {
    for (std::size_t i = size_; i-- > 0;)
      if (parts_[i] != 0) return parts_[i] > 0 ? 1 : -1;
    return 0;
  }

 private:
  void add(double term) {
    for (std::size_t i = 0; i < size_; ++i) {
      const double sum = term + parts_[i];
      const double of_part = sum - term;
      parts_[i] = (term - (sum - of_part)) + (parts_[i] - of_part);
      term = sum;
    }
    parts_[size_++] = term;
  }

  std::array<double, 12> parts_{};
  std::size_t size_ = 0;
};

struct Extent {
  double left = std::numeric_limits<double>::infinity(), right = -left, top = left, bottom = -left;

  void add(const Extent& other) {
    left = std::min(left, other.left), right = std::max(right, other.right);
    top = std::min(top, other.top), bottom = std::max(bottom, other.bottom);
  }
  bool meets(const Extent& other) const {
    return left <= other.right && other.left <= right && top <= other.bottom && other.top <= bottom;
  }
};

/// Stretches of a ring, halved down to single edges, with the boxes around them.
class CrossingSearch {
 public:
  CrossingSearch(const Ring& ring, const std::function<bool(const RingCrossing&)>& visit) : visit_(visit) {
    for (std::size_t i = 0; i < ring.size(); ++i)
      if (ring_.empty() || ring[i] != ring_.back()) {
        ring_.push_back(ring[i]);
        number_.push_back(i);
      }
    while (ring_.size() > 1 && ring_.front() == ring_.back()) {
      ring_.pop_back();
      number_.pop_back();
    }
  }

  void run() {
    if (ring_.size() < 4) return;
    sum_up_area();
    leaves_ = 1;
    while (leaves_ < ring_.size()) leaves_ *= 2;
    extents_.assign(2 * leaves_, {});
    set_extents();
    within(1);
  }

 private:
  std::size_t next(std::size_t i) const { return i + 1 < ring_.size() ? i + 1 : 0; }
  std::size_t previous(std::size_t i) const { return i > 0 ? i - 1 : ring_.size() - 1; }

  /// Twice the area between the first point and the edges up to each, so that a lobe's is a difference.
  void sum_up_area() {
    area_to_.assign(ring_.size() + 1, 0);
    const Point o = ring_[0];
    for (std::size_t i = 0; i < ring_.size(); ++i) {
      const Point a = ring_[i], b = ring_[next(i)];
      area_to_[i + 1] = area_to_[i] + (a.x - o.x) * (b.y - o.y) - (b.x - o.x) * (a.y - o.y);
    }
  }

  void set_extents() {
    // The doubled angle of a direction is that of its opposite, too; long edges count most.
    double c = 0, s = 0, largest = 0;
    for (std::size_t i = 0; i < ring_.size(); ++i) {
      const double x = ring_[next(i)].x - ring_[i].x, y = ring_[next(i)].y - ring_[i].y;
      c += x * x - y * y, s += 2 * x * y;
      largest = std::max({largest, std::abs(ring_[i].x), std::abs(ring_[i].y)});
    }
    const double angle = std::atan2(s, c) / 2, cosine = std::cos(angle), sine = std::sin(angle);
    const double rounding = 8 * kHalfUlp * largest;
    for (std::size_t i = 0; i < ring_.size(); ++i) {
      Extent& extent = extents_[leaves_ + i];
      for (const Point& p : {ring_[i], ring_[next(i)]}) {
        const double u = p.x * cosine + p.y * sine, v = p.y * cosine - p.x * sine;
        extent.add({u - rounding, u + rounding, v - rounding, v + rounding});
      }
    }
    for (std::size_t i = leaves_; i-- > 1;) {
      extents_[i] = extents_[2 * i];
      extents_[i].add(extents_[2 * i + 1]);
    }
  }

  // Depth is the logarithm of the points.
  void within(std::size_t node) {
    if (node >= leaves_ || is_done_) return;
    within(2 * node);
    within(2 * node + 1);
    between(2 * node, 2 * node + 1);
  }

  void between(std::size_t a, std::size_t b) {
    if (is_done_ || !extents_[a].meets(extents_[b])) return;
    if (a >= leaves_ && b >= leaves_) return look_at(a - leaves_, b - leaves_);
    // Both are of one level.
    for (const std::size_t of_a : {2 * a, 2 * a + 1})
      for (const std::size_t of_b : {2 * b, 2 * b + 1}) between(of_a, of_b);
  }

  void look_at(std::size_t i, std::size_t j) {
    if (next(i) == j || next(j) == i) return;
    const Point &a = ring_[i], &b = ring_[next(i)], &c = ring_[j], &d = ring_[next(j)];
    const int of_c = orientation(a, b, c), of_d = orientation(a, b, d);
    if (of_c * of_d > 0) return;
    const int of_a = orientation(c, d, a), of_b = orientation(c, d, b);
    if (of_a * of_b > 0) return;
    if (of_c * of_d < 0 && of_a * of_b < 0) {
      report(i, j, crossing_point(a, b, c, d));
    } else if (of_c * of_d < 0 && of_b == 0) {  // each point counts once: as its first edge's end
      if (passes_through(next(i), c, d)) report(i, j, b);
    } else if (of_a * of_b < 0 && of_d == 0) {
      if (passes_through(next(j), a, b)) report(i, j, d);
    }
  }

  /// The ring's way through its point that lies on the edge from a to b.
  bool passes_through(std::size_t point, const Point& a, const Point& b) const {
    return orientation(a, b, ring_[previous(point)]) * orientation(a, b, ring_[next(point)]) < 0;
  }

  static Point crossing_point(const Point& a, const Point& b, const Point& c, const Point& d) {
    const double x = b.x - a.x, y = b.y - a.y, u = d.x - c.x, v = d.y - c.y;
    const double across = x * v - y * u;
    const double t = across == 0 ? 0.5 : std::clamp(((c.x - a.x) * v - (c.y - a.y) * u) / across, 0.0, 1.0);
    return {a.x + t * x, a.y + t * y};
  }

  void report(std::size_t i, std::size_t j, const Point& at) {
    if (i > j) std::swap(i, j);
    const Point o = ring_[0];
    const auto triangle = [&](const Point& a, const Point& b) {
      return (a.x - o.x) * (b.y - o.y) - (b.x - o.x) * (a.y - o.y);
    };
    const double lobe = triangle(at, ring_[next(i)]) + area_to_[j] - area_to_[i + 1] + triangle(ring_[j], at);
    is_done_ =
        !visit_({at, number_[i], number_[j], std::abs(lobe) / 2, std::abs(area_to_.back() - lobe) / 2});
  }

  const std::function<bool(const RingCrossing&)>& visit_;
  Ring ring_;                        // without points that repeat the one before
  std::vector<std::size_t> number_;  // in the ring that was given
  std::vector<double> area_to_;
  std::size_t leaves_ = 0;
  std::vector<Extent> extents_;  // a heap: those of node n are 2n and 2n + 1
  bool is_done_ = false;
};

}  // namespace

int orientation(const Point& a, const Point& b, const Point& c) {
  const double left = (a.x - c.x) * (b.y - c.y), right = (a.y - c.y) * (b.x - c.x);
  const double area = left - right;
  // Shewchuk's bound of the first step.
  const double bound = (3 + 16 * kHalfUlp) * kHalfUlp * (std::abs(left) + std::abs(right));
  if (std::abs(area) > bound) return area > 0 ? 1 : -1;
  ExactSum sum;
  sum.add_product(a.x, b.y);
  sum.subtract_product(a.y, b.x);
  sum.add_product(b.x, c.y);
  sum.subtract_product(b.y, c.x);
  sum.add_product(c.x, a.y);
  sum.subtract_product(c.y, a.x);
  return sum.sign();
}

void for_each_crossing(const Ring& ring, const std::function<bool(const RingCrossing&)>& visit) {
  CrossingSearch(ring, visit).run();
}

}  // namespace maskmill
