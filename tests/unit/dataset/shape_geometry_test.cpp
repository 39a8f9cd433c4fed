// SPDX-License-Identifier: Apache-2.0
#include "dataset/shape_geometry.h"

#include <opencv2/core.hpp>

#include "catch.h"
#include "dataset/rle.h"
#include "random_masks.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// The pixels moved by `x` and `y` onto a canvas of `size`, one by one.
cv::Mat shifted_pixels(const cv::Mat& mask, int x, int y, Size size) {
  cv::Mat canvas = cv::Mat::zeros(size.height, size.width, CV_8UC1);
  for (int row = 0; row < mask.rows; ++row)
    for (int column = 0; column < mask.cols; ++column)
      if (row + y >= 0 && row + y < size.height && column + x >= 0 && column + x < size.width)
        canvas.at<std::uint8_t>(row + y, column + x) = mask.at<std::uint8_t>(row, column);
  return canvas;
}

Polygon rectangle(double x, double y, double width, double height) {
  return {{{{{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}}, {}}}};
}

template <class T>
T only(const std::vector<Shape>& shapes) {
  REQUIRE(shapes.size() == 1);
  REQUIRE(std::holds_alternative<T>(shapes[0]));
  return std::get<T>(shapes[0]);
}

}  // namespace

TEST_CASE("an RLE is shifted, cut off and resized as its pixels are") {
  Random random(7);
  for (int i = 0; i < 300; ++i) {
    const Size from = random_size(random), to = random_size(random);
    const cv::Mat mask = random_mask(random, from);
    const Rle rle = rle_from_mask(mask);
    const int x = static_cast<int>(random.below(60)) - 30, y = static_cast<int>(random.below(60)) - 30;
    INFO(to_string(from) << " to " << to_string(to) << " by " << x << ", " << y);
    CHECK(shifted(rle, x, y, to) == rle_from_mask(shifted_pixels(mask, x, y, to)));
    CHECK(resized(rle, to) == rle_from_mask(resize_nearest(mask, to)));
  }
}

TEST_CASE("a window of an RLE that is put back has its pixels and no others") {
  Random random(8);
  for (int i = 0; i < 100; ++i) {
    const Size size = random_size(random);
    const Rle rle = rle_from_mask(random_mask(random, size));
    const Window window{static_cast<int>(random.below(static_cast<std::uint64_t>(size.width))),
                        static_cast<int>(random.below(static_cast<std::uint64_t>(size.height))),
                        random_size(random)};
    const Rle back = shifted(shifted(rle, -window.x, -window.y, window.size), window.x, window.y, size);
    CHECK(intersection_area(back, rle) == area(back));
    CHECK(area(back) == area(shifted(rle, -window.x, -window.y, window.size)));
  }
}

TEST_CASE("a mask without pixels or of a wrong size is refused, not resized") {
  CHECK(thrown_by([] { resized({{2, 2}, {3}}, {4, 4}); }).code() == Code::bad_value);
  CHECK(thrown_by([] { resized({{0, 0}, {}}, {4, 4}); }).code() == Code::bad_value);
  CHECK(thrown_by([] { resized({{1, 1}, {1}}, {1 << 16, 1 << 16}); }).code() == Code::bad_value);
  CHECK(area(resized({{2, 2}, {0, 4}}, {0, 0})) == 0);
}

TEST_CASE("what lies in the window whole only moves, what lies outside is gone") {
  const Window window{10, 20, {30, 40}};
  CHECK(only<Box>(cut(Box{10, 20, 30, 40}, window)) == Box{0, 0, 30, 40});
  CHECK(only<Polygon>(cut(rectangle(11.25, 21.5, 5, 5), window)) == rectangle(1.25, 1.5, 5, 5));
  CHECK(only<RotatedBox>(cut(RotatedBox{{20, 40}, 4, 6, 30}, window)) == RotatedBox{{10, 20}, 4, 6, 30});
  CHECK(only<Ellipse>(cut(Ellipse{{20, 40}, 4, 6, 30}, window)) == Ellipse{{10, 20}, 4, 6, 30});
  CHECK(only<Polyline>(cut(Polyline{{{12, 22}, {14, 24}}}, window)) == Polyline{{{2, 2}, {4, 4}}});
  CHECK(only<Points>(cut(Points{{{12, 22}, {9, 22}}}, window)) == Points{{{2, 2}}});
  CHECK(only<std::monostate>(cut(Shape(), window)) == std::monostate());
  for (const Shape& shape :
       {Shape(Box{0, 0, 10, 10}), Shape(rectangle(50, 20, 5, 5)), Shape(Box{40, 20, 5, 5}),
        Shape(Ellipse{{5, 5}, 4, 3, 0}), Shape(Points{{{0, 0}}}), Shape(Polyline{{{10, 0}, {10, 15}}}),
        Shape(Polyline{{{0, 10}, {20, 10}}}), Shape(Rle{{60, 80}, {4800}})})
    CHECK(cut(shape, window).empty());
}

TEST_CASE("a polygon is cut along the window's edge, its holes too") {
  Polygon polygon = rectangle(0, 0, 20, 10);
  polygon.parts[0].holes.push_back({{2, 2}, {12, 2}, {12, 8}, {2, 8}});
  const Window window{10, 0, {20, 20}};
  const Polygon inside = only<Polygon>(cut(polygon, window));
  CHECK(area(inside) == 10 * 10 - 2 * 6);
  CHECK(rasterise(inside, window.size) ==
        shifted(rasterise(polygon, {40, 20}), -window.x, -window.y, window.size));
  // A turned box that is cut is a polygon; its halves have its area.
  const RotatedBox diamond{{10, 10}, 8, 8, 45};
  const double left = area(only<Polygon>(cut(diamond, {0, 0, {10, 20}}))),
               right = area(only<Polygon>(cut(diamond, window)));
  CHECK_THAT(left + right, WithinRel(64.0, 1e-12));
  CHECK_THAT(left, WithinRel(32.0, 1e-12));
}

TEST_CASE("a line that leaves the window and returns is two lines") {
  const Polyline line{{{2, 2}, {2, 12}, {6, 12}, {6, 2}, {7, 2}}};
  const std::vector<Shape> pieces = cut(line, {0, 0, {10, 10}});
  REQUIRE(pieces.size() == 2);
  CHECK(std::get<Polyline>(pieces[0]) == Polyline{{{2, 2}, {2, 10}}});
  CHECK(std::get<Polyline>(pieces[1]) == Polyline{{{6, 10}, {6, 2}, {7, 2}}});
}

TEST_CASE("shapes are scaled in doubles, and turned ones keep their shape or become outlines") {
  const Size from{4, 8}, to{6, 4};  // 1.5 and 0.5
  CHECK(std::get<Box>(scaled(Box{1, 2, 3, 4}, from, to)) == Box{1.5, 1, 4.5, 2});
  CHECK(std::get<RotatedBox>(scaled(RotatedBox{{2, 4}, 2, 4, 90}, from, to)) == RotatedBox{{3, 2}, 1, 6, 90});
  CHECK(std::get<Ellipse>(scaled(Ellipse{{2, 4}, 2, 4, 30}, {4, 4}, {8, 8})) == Ellipse{{4, 8}, 4, 8, 30});
  const Shape sheared = scaled(RotatedBox{{2, 4}, 2, 2, 45}, from, to);
  REQUIRE(std::holds_alternative<Polygon>(sheared));
  CHECK_THAT(area(std::get<Polygon>(sheared)), WithinRel(4 * 1.5 * 0.5, 1e-12));
  CHECK(thrown_by([&] { scaled(MaskRef{}, from, to); }).code() == Code::bug);
}
