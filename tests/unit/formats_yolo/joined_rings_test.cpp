// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/joined_rings.h"

#include <rapidcheck.h>

#include <opencv2/core.hpp>

#include "catch.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Ring joined(const std::vector<Ring>& rings) {
  std::vector<const Ring*> pointers;
  for (const Ring& ring : rings) pointers.push_back(&ring);
  return joined_rings(pointers);
}

}  // namespace

TEST_CASE("one ring stays as it is") {
  CHECK(joined({square(1, 1, 3)}) == square(1, 1, 3));
  CHECK(joined_rings({}).empty());
}

TEST_CASE("two rings are joined where they are closest, by a line there and back") {
  const Ring ring = joined({square(0, 0, 2), square(5, 0, 2)});
  REQUIRE(ring.size() == 10);
  CHECK(ring.front() == Point{2, 0});
  CHECK(ring[4] == Point{2, 0});  // around
  CHECK(ring[5] == Point{5, 0});  // across
  CHECK(ring[9] == Point{5, 0});  // around; back to the first by itself
}

TEST_CASE("one row of an object's parts and holes has exactly its pixels") {
  const bool holds = rc::check([] {
    const Size size{*rc::gen::inRange(1, 24), *rc::gen::inRange(1, 24)};
    cv::Mat mask(size.height, size.width, CV_8UC1, cv::Scalar(0));
    for (int i = *rc::gen::inRange(1, 8); i > 0; --i) {
      const cv::Point at(*rc::gen::inRange(0, size.width), *rc::gen::inRange(0, size.height));
      const cv::Rect whole(0, 0, size.width, size.height);
      mask(cv::Rect(at.x, at.y, 7, 7) & whole) = 1;
      mask(cv::Rect(at.x + 2, at.y + 2, 3, 2) & whole) = 0;
    }
    const Rle pixels = rle_from_mask(mask);
    RC_PRE(area(pixels) > 0);
    const Polygon polygon = polygon_from_rle(pixels);
    std::vector<const Ring*> rings;
    for (const PolygonPart& part : polygon.parts) {
      rings.push_back(&part.exterior);
      for (const Ring& hole : part.holes) rings.push_back(&hole);
    }
    RC_ASSERT(rasterise(joined_rings(rings), size) == pixels);
  });
  CHECK(holds);
}

TEST_CASE("long rings are joined in time that does not grow with the product of their points") {
  Ring a, b;
  for (int i = 0; i < 200000; ++i) a.push_back({i * .01, i % 2 * 1.}), b.push_back({i * .01, 50. + i % 2});
  CHECK(joined({a, b, a}).size() == 600004);
}
