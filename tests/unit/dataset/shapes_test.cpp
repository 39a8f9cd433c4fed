// SPDX-License-Identifier: Apache-2.0
#include "dataset/shapes.h"

#include <cmath>

#include "dataset/rle.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

void check_box(const Shape& shape, const Box& expected) {
  const auto box = bounding_box(shape);
  REQUIRE(box);
  CHECK_THAT(box->x, WithinAbs(expected.x, 1e-9));
  CHECK_THAT(box->y, WithinAbs(expected.y, 1e-9));
  CHECK_THAT(box->width, WithinAbs(expected.width, 1e-9));
  CHECK_THAT(box->height, WithinAbs(expected.height, 1e-9));
}

}  // namespace

TEST_CASE("every shape has its name") {
  CHECK(shape_name(Shape()) == "nothing");
  CHECK(shape_name(Box()) == "box");
  CHECK(shape_name(RotatedBox()) == "rotated box");
  CHECK(shape_name(Ellipse()) == "ellipse");
  CHECK(shape_name(Polygon()) == "polygon");
  CHECK(shape_name(Polyline()) == "polyline");
  CHECK(shape_name(Points()) == "points");
  CHECK(shape_name(Rle()) == "RLE mask");
  CHECK(shape_name(MaskRef()) == "mask file");
}

TEST_CASE("the box around a shape is the smallest") {
  check_box(Box{1, 2, 3, 4}, {1, 2, 3, 4});
  check_box(RotatedBox{{10, 20}, 6, 4, 90}, {8, 17, 4, 6});
  check_box(RotatedBox{{0, 0}, 2, 2, 45}, {-std::sqrt(2), -std::sqrt(2), 2 * std::sqrt(2), 2 * std::sqrt(2)});
  check_box(Ellipse{{10, 20}, 6, 4, 0}, {4, 16, 12, 8});
  check_box(Ellipse{{10, 20}, 6, 4, 90}, {6, 14, 8, 12});
  check_box(Ellipse{{0, 0}, 5, 5, 37}, {-5, -5, 10, 10});
  check_box(Polygon{{{{{1, 2}, {4, 1}, {3, 6}}, {}}, {{{-1, 3}, {0, 3}, {0, 4}}, {}}}}, {-1, 1, 5, 5});
  check_box(Polyline{{{3, 1}, {1, 4}}}, {1, 1, 2, 3});
  check_box(Points{{{3, 1}}}, {3, 1, 0, 0});
  check_box(Rle{{4, 5}, {6, 3, 11}}, {1, 1, 1, 3});
  check_box(Rle{{4, 5}, {4, 2, 14}}, {0, 0, 2, 5});
  check_box(Rle{{4, 5}, {20}}, {0, 0, 0, 0});
}

TEST_CASE("what has no place has no box") {
  CHECK(!bounding_box(Shape()));
  CHECK(!bounding_box(MaskRef()));
  CHECK(!bounding_box(Polygon()));
  CHECK(!bounding_box(Polygon{{{}}}));
  CHECK(!bounding_box(Polyline()));
  CHECK(!bounding_box(Points()));
  CHECK(thrown_by([] { bounding_box(Shape(Rle{{4, 5}, {3}})); }).code() == Code::bad_value);
}

TEST_CASE("outlines lie on their shapes") {
  const Ring box = outline(RotatedBox{{10, 20}, 6, 4, 0});
  CHECK(box == Ring{{7, 18}, {7, 22}, {13, 22}, {13, 18}});
  const Ring ellipse = outline(Ellipse{{10, 20}, 6, 4, 30});
  REQUIRE(ellipse.size() == 360);
  CHECK_THAT(ellipse[0].x, WithinAbs(10 + 6 * std::cos(std::acos(-1) / 6), 1e-9));
  CHECK_THAT(ellipse[0].y, WithinAbs(20 + 6 * 0.5, 1e-9));
}

}  // namespace maskmill::tests
