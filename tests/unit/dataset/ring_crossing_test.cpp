// SPDX-License-Identifier: Apache-2.0
#include "dataset/ring_crossing.h"

#include <cmath>
#include <numbers>
#include <set>

#include "base/random.h"
#include "catch.h"
#include "dataset/shape_faults.h"

using namespace maskmill;

namespace {

std::vector<RingCrossing> crossings(const Ring& ring) {
  std::vector<RingCrossing> found;
  for_each_crossing(ring, [&](const RingCrossing& crossing) {
    found.push_back(crossing);
    return true;
  });
  return found;
}

const Ring kBowTie{{0, 0}, {10, 10}, {10, 0}, {0, 10}};

std::int64_t side(const Point& a, const Point& b, const Point& c) {
  const auto whole = [](double number) { return static_cast<std::int64_t>(number); };
  return (whole(b.x) - whole(a.x)) * (whole(c.y) - whole(a.y)) -
         (whole(b.y) - whole(a.y)) * (whole(c.x) - whole(a.x));
}

/// Pairs of edges that lie on both sides of each other, of a ring at whole numbers without repeated points.
std::set<std::pair<std::size_t, std::size_t>> proper_crossings(const Ring& ring) {
  std::set<std::pair<std::size_t, std::size_t>> pairs;
  const auto next = [&](std::size_t i) { return (i + 1) % ring.size(); };
  const auto opposite = [](std::int64_t a, std::int64_t b) { return (a < 0 && b > 0) || (a > 0 && b < 0); };
  for (std::size_t i = 0; i < ring.size(); ++i)
    for (std::size_t j = i + 1; j < ring.size(); ++j) {
      const Point &a = ring[i], &b = ring[next(i)], &c = ring[j], &d = ring[next(j)];
      if (opposite(side(a, b, c), side(a, b, d)) && opposite(side(c, d, a), side(c, d, b)))
        pairs.emplace(i, j);
    }
  return pairs;
}

}  // namespace

TEST_CASE("orientation is exact where doubles round the area away") {
  // Kettner, Mehlhorn, Pion, Schirra and Yap, "Classroom examples of robustness problems", 2004.
  const double ulp = std::ldexp(1.0, -53);
  for (int i = 0; i < 256; i += 3)
    for (int j = 0; j < 256; j += 3)
      REQUIRE(orientation({12, 12}, {24, 24}, {0.5 + i * ulp, 0.5 + j * ulp}) == (j > i) - (j < i));
}

TEST_CASE("a bow tie crosses itself once, between two lobes") {
  const auto found = crossings(kBowTie);
  REQUIRE(found.size() == 1);
  CHECK(found[0].at == Point{5, 5});
  CHECK(found[0].first == 0);
  CHECK(found[0].second == 2);
  CHECK(found[0].first_lobe_area == 25);
  CHECK(found[0].second_lobe_area == 25);
}

TEST_CASE("edges are numbered as in the ring that was given, repeated points and all") {
  const auto found = crossings({{0, 0}, {0, 0}, {10, 10}, {10, 10}, {10, 0}, {0, 10}, {0, 0}});
  REQUIRE(found.size() == 1);
  CHECK(found[0].first == 0);
  CHECK(found[0].second == 4);
}

TEST_CASE("to touch is not to cross") {
  const std::vector<std::pair<const char*, Ring>> rings{
      {"a square", {{0, 0}, {4, 0}, {4, 4}, {0, 4}}},
      {"closed twice", {{0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0}}},
      {"two triangles at a point", {{0, 0}, {2, 2}, {4, 0}, {4, 4}, {2, 2}, {0, 4}}},
      {"a point on an edge and back", {{0, 0}, {10, 0}, {10, 6}, {5, 0}, {0, 6}}},
      {"an edge along another", {{0, 0}, {10, 0}, {10, 5}, {8, 0}, {3, 0}, {0, 5}}},
      {"a slit to a hole",
       {{0, 0}, {9, 0}, {9, 9}, {0, 9}, {0, 4}, {3, 4}, {3, 6}, {6, 6}, {6, 3}, {3, 3}, {3, 4}, {0, 4}}},
      {"there and back", {{0, 0}, {5, 0}, {9, 0}, {5, 0}}},
      {"three points", {{0, 0}, {4, 0}, {0, 4}}},
      {"two points", {{0, 0}, {4, 0}}},
      {"nothing", {}}};
  for (const auto& [name, ring] : rings) {
    INFO(name);
    CHECK(crossings(ring).empty());
  }
}

TEST_CASE("an outline that passes through another edge at one of its points crosses it, once") {
  const auto found = crossings({{0, 0}, {10, 0}, {10, 4}, {5, 0}, {2, -4}});
  REQUIRE(found.size() == 1);
  CHECK(found[0].at == Point{5, 0});
}

TEST_CASE("what is found is what comparing all edges finds") {
  Random random(11);
  int crossed = 0;
  for (int round = 0; round < 3000; ++round) {
    Ring ring;
    const std::size_t points = 4 + random.below(30);
    const std::uint64_t range = round % 2 == 0 ? 7 : 1000;
    while (ring.size() < points) {
      const Point point{static_cast<double>(random.below(range)), static_cast<double>(random.below(range))};
      if (ring.empty() || (point != ring.back() && point != ring.front())) ring.push_back(point);
    }
    std::set<std::pair<std::size_t, std::size_t>> found;
    for (const RingCrossing& crossing : crossings(ring)) {
      const Point &a = ring[crossing.first], &b = ring[(crossing.first + 1) % points],
                  &c = ring[crossing.second], &d = ring[(crossing.second + 1) % points];
      if (side(a, b, c) != 0 && side(a, b, d) != 0 && side(c, d, a) != 0 && side(c, d, b) != 0)
        REQUIRE(found.emplace(crossing.first, crossing.second).second);
    }
    REQUIRE(found == proper_crossings(ring));
    crossed += !found.empty();
  }
  CHECK(crossed > 1000);
}

TEST_CASE("an outline of a million points, and a slanted comb, are gone through in no time to speak of") {
  Ring outline;
  for (int i = 0; i < 1'000'000; ++i) {
    const double angle = i * 2e-6 * std::numbers::pi;
    const double radius = 2000 + 300 * std::sin(40 * angle) + 0.001 * (i % 2);
    outline.push_back({2500 + radius * std::cos(angle), 2500 + radius * std::sin(angle)});
  }
  CHECK(crossings(outline).empty());
  std::swap(outline[700'000], outline[700'400]);
  CHECK_FALSE(crossings(outline).empty());

  Ring comb;
  const double c = std::cos(0.5), s = std::sin(0.5);
  const auto add = [&](double x, double y) { comb.push_back({x * c - y * s, x * s + y * c}); };
  for (int i = 0; i < 100'000; ++i) {
    add(0.02 * i, 0);
    add(0.02 * i + 0.01, 3000);
  }
  add(2010, -5);
  add(-5, -5);
  CHECK(crossings(comb).empty());
}

TEST_CASE("a ring is empty where nothing can lie inside") {
  CHECK(is_empty(Ring{}));
  CHECK(is_empty(Ring{{1, 1}, {2, 2}}));
  CHECK(is_empty(Ring{{1, 1}, {2, 2}, {1, 1}, {2, 2}}));
  CHECK(is_empty(Ring{{0.1, 0.1}, {0.2, 0.2}, {0.3, 0.3}}));
  CHECK(is_empty(Ring{{0, 0}, {5, 0}, {5, 5}, {5, 0}}));
  CHECK_FALSE(is_empty(Ring{{0, 0}, {5, 0}, {5, 0.01}}));
  CHECK_FALSE(is_empty(kBowTie));  // its lobes' areas cancel each other
}

TEST_CASE("what makes a shape hold nothing is said in words") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(fault_of(Box{1, 2, 3, 4}).empty());
  CHECK(fault_of(Box{1, 2, 0, 4}) == "a box without an area");
  CHECK(fault_of(Box{1, 2, 3, -4}) == "a box without an area");
  CHECK(fault_of(Box{nan, 2, 3, 4}) == "a coordinate is no number");
  CHECK(fault_of(Box{1, 2, infinity, 4}) == "a coordinate is no number");
  CHECK(fault_of(RotatedBox{{5, 5}, 0, 3, 30}) == "a box without an area");
  CHECK(fault_of(Ellipse{{5, 5}, 2, 0, 30}) == "an ellipse without an area");
  CHECK(fault_of(Ellipse{{5, nan}, 2, 1, 30}) == "a coordinate is no number");
  CHECK(fault_of(Polygon{{{kBowTie, {}}}}).empty());
  CHECK(fault_of(Polygon{{{{{0, 0}, {1, 1}, {0, 0}}, {}}}}) == "an outline of fewer than 3 points");
  CHECK(fault_of(Polygon{{{{{0, 0}, {1, 1}, {2, 2}}, {}}}}) == "an outline without an area");
  CHECK(fault_of(Polygon{{{{{0, 0}, {1, 1}, {2, 2}}, {}}, {kBowTie, {}}}}).empty());
  CHECK(without_empty_rings(Polygon{{{{{0, 0}, {1, 1}, {2, 2}}, {}}, {kBowTie, {{{1, 1}, {1, 1}}}}}}) ==
        Polygon{{{kBowTie, {}}}});
  CHECK(fault_of(Polyline{{{1, 1}, {1, 1}}}) == "a line of fewer than 2 points");
  CHECK(fault_of(Points{}) == "no points");
  CHECK(fault_of(Rle{{4, 4}, {16}}) == "a mask without pixels");
  CHECK(fault_of(Shape()).empty());
}
