// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <opencv2/imgproc.hpp>
#include <set>

#include "dataset/masks.h"
#include "random_masks.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

double signed_area(const Ring& ring) {
  double sum = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const Point &a = ring[i], &b = ring[(i + 1) % ring.size()];
    sum += a.x * b.y - b.x * a.y;
  }
  return sum / 2;
}

/// Along pixel edges, with a turn at every corner and no point twice.
bool is_simple_outline(const Ring& ring) {
  std::set<std::pair<double, double>> seen;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const Point &a = ring[i], &b = ring[(i + 1) % ring.size()], &c = ring[(i + 2) % ring.size()];
    if (!seen.emplace(a.x, a.y).second) return false;
    if ((a.x == b.x) == (a.y == b.y)) return false;
    if ((a.x == b.x) == (b.x == c.x)) return false;
  }
  return ring.size() >= 4;
}

}  // namespace

TEST_CASE("outlines fill exactly the pixels they were traced from") {
  Random random(11);
  for (int i = 0; i < 500; ++i) {
    const cv::Mat mask = random_mask(random, random_size(random));
    const Rle rle = rle_from_mask(mask);
    const Polygon polygon = polygon_from_rle(rle);
    REQUIRE(rasterise(polygon, rle.size) == rle);
    REQUIRE(polygon_iou(polygon, rle) == (area(rle) > 0 ? 1 : 0));

    cv::Mat regions;
    const int parts = cv::connectedComponents(mask, regions, 4) - 1;
    REQUIRE(static_cast<int>(polygon.parts.size()) == parts);
    for (const PolygonPart& part : polygon.parts) {
      REQUIRE(is_simple_outline(part.exterior));
      REQUIRE(signed_area(part.exterior) > 0);
      double part_area = signed_area(part.exterior);
      for (const Ring& hole : part.holes) {
        REQUIRE(is_simple_outline(hole));
        REQUIRE(signed_area(hole) < 0);
        part_area += signed_area(hole);
      }
      // A hole that was given to the wrong part would not leave the area of one region.
      REQUIRE(static_cast<double>(area(rasterise(Polygon{{part}}, rle.size))) == part_area);
    }
  }
}

TEST_CASE("a pixel is a square, clockwise from its top left corner") {
  const Polygon polygon = polygon_from_rle(rle_from_mask(drawn({"...", ".#.", "..."})));
  CHECK(polygon == Polygon{{{{{1, 1}, {2, 1}, {2, 2}, {1, 2}}, {}}}});
}

TEST_CASE("an empty mask has no parts and a full one has one") {
  CHECK(polygon_from_rle(Rle{{4, 3}, {12}}).parts.empty());
  CHECK(polygon_from_rle(Rle{{0, 0}, {}}).parts.empty());
  CHECK(polygon_from_rle(Rle{{4, 3}, {0, 12}}) == Polygon{{{{{0, 0}, {4, 0}, {4, 3}, {0, 3}}, {}}}});
}

TEST_CASE("pixels that touch by a corner are parts of their own") {
  const Polygon polygon = polygon_from_rle(rle_from_mask(drawn({"#.", ".#"})));
  CHECK(polygon == Polygon{{{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}, {}}, {{{1, 1}, {2, 1}, {2, 2}, {1, 2}}, {}}}});
}

TEST_CASE("a hole that touches the outline by a corner is still a hole") {
  const Polygon touching = polygon_from_rle(rle_from_mask(drawn({"##.", "#.#", "###"})));
  REQUIRE(touching.parts.size() == 1);
  CHECK(touching.parts[0].exterior == Ring{{0, 0}, {2, 0}, {2, 1}, {3, 1}, {3, 3}, {0, 3}});
  CHECK(touching.parts[0].holes == std::vector<Ring>{{{1, 1}, {1, 2}, {2, 2}, {2, 1}}});
}

TEST_CASE("an island in a hole is a part, and its own hole is its own") {
  const Polygon polygon = polygon_from_rle(
      rle_from_mask(drawn({"#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######"})));
  REQUIRE(polygon.parts.size() == 2);
  CHECK(polygon.parts[0].holes == std::vector<Ring>{{{1, 1}, {1, 6}, {6, 6}, {6, 1}}});
  CHECK(polygon.parts[1].exterior == Ring{{2, 2}, {5, 2}, {5, 5}, {2, 5}});
  CHECK(polygon.parts[1].holes == std::vector<Ring>{{{3, 3}, {3, 4}, {4, 4}, {4, 3}}});
}

TEST_CASE("runs of 0 leave no trace in the outline") {
  CHECK(polygon_from_rle(Rle{{3, 4}, {1, 1, 0, 1, 9}}) == polygon_from_rle(Rle{{3, 4}, {1, 2, 9}}));
}

TEST_CASE("a tolerance leaves fewer points, three or more, and the loss is measured") {
  cv::Mat disc = cv::Mat::zeros(200, 200, CV_8UC1);
  cv::circle(disc, {100, 100}, 80, cv::Scalar(1), cv::FILLED);
  cv::circle(disc, {100, 100}, 30, cv::Scalar(0), cv::FILLED);
  disc.at<std::uint8_t>(5, 5) = 1;
  const Rle rle = rle_from_mask(disc);
  const Polygon exact = polygon_from_rle(rle), simple = polygon_from_rle(rle, 1.5);
  REQUIRE(simple.parts.size() == 2);
  CHECK(simple.parts[1].exterior.size() * 4 < exact.parts[1].exterior.size());
  REQUIRE(simple.parts[1].holes.size() == 1);
  CHECK(simple.parts[0].exterior == exact.parts[0].exterior);
  const double measured = polygon_iou(simple, rle);
  CHECK(measured > 0.96);
  CHECK(measured < 1);
  for (const double tolerance : {1000., 1e300, std::numeric_limits<double>::infinity()})
    for (const PolygonPart& part : polygon_from_rle(rle, tolerance).parts) CHECK(part.exterior.size() >= 3);
}

TEST_CASE("a mask that does not fill its size has no outline") {
  CHECK(thrown_by([] { polygon_from_rle(Rle{{3, 3}, {1, 2}}); }).code() == Code::bad_value);
  CHECK(thrown_by([] { polygon_iou(Polygon{}, Rle{{3, 3}, {1, 2}}); }).code() == Code::bad_value);
}

}  // namespace maskmill::tests
