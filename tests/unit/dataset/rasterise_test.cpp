// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <numbers>

#include "dataset/rle.h"
#include "random_masks.h"
#include "support/scratch.h"

namespace maskmill::tests {

TEST_CASE("polygons fill the pixels that pycocotools fills") {
  for (const auto& fields : golden_lines("polygons.txt")) {
    const Size size{std::stoi(fields[0]), std::stoi(fields[1])};
    Ring ring;
    for (std::size_t i = 3; i + 1 < fields.size(); i += 2)
      ring.push_back({std::stod(fields[i]), std::stod(fields[i + 1])});
    INFO(fields[2] << " from " << ring.size() << " points");
    CHECK(to_coco_string(rasterise(ring, size)) == fields[2]);
  }
}

TEST_CASE("boxes fill the pixels that pycocotools fills") {
  for (const auto& fields : golden_lines("boxes.txt")) {
    const Size size{std::stoi(fields[0]), std::stoi(fields[1])};
    const Box box{std::stod(fields[3]), std::stod(fields[4]), std::stod(fields[5]), std::stod(fields[6])};
    CHECK(to_coco_string(rasterise(box, size)) == fields[2]);
  }
}

TEST_CASE("a polygon is the union of its parts, each less its holes") {
  const auto square = [](double low, double high) {
    return Ring{{low, low}, {high, low}, {high, high}, {low, high}};
  };
  const Polygon polygon{{{square(0, 6), {square(1, 3), square(2, 5)}}, {square(4, 7), {}}}};
  CHECK(equal(mask_from_rle(rasterise(polygon, {7, 7})),
              drawn({"######.", "#..###.", "#....#.", "##...#.", "##..###", "#######", "....###"})));
  CHECK(area(rasterise(Polygon{}, {7, 7})) == 0);
}

TEST_CASE("fewer than three points fill nothing") {
  for (const Ring& ring : {Ring{}, Ring{{2, 2}}, Ring{{0, 0}, {9, 7}}})
    CHECK(rasterise(ring, {10, 10}) == Rle{{10, 10}, {100}});
}

TEST_CASE("a turned box and an ellipse cover about their area, in their place") {
  const Size size{100, 80};
  const Rle box = rasterise(Shape(RotatedBox{{50, 40}, 60, 20, 90}), size);
  CHECK(bounding_box(box) == Box{40, 10, 20, 60});
  CHECK(area(box) == 1200);
  const Rle ellipse = rasterise(Shape(Ellipse{{50, 40}, 30, 10, 30}), size);
  CHECK_THAT(static_cast<double>(area(ellipse)), WithinRel(300 * std::numbers::pi, 0.01));
  // Clockwise as seen: the right end goes down.
  CHECK(mask_from_rle(ellipse).at<std::uint8_t>(40 + 12, 50 + 22) == 1);
  CHECK(mask_from_rle(ellipse).at<std::uint8_t>(40 - 12, 50 + 22) == 0);
}

TEST_CASE("every shape with an area is drawn and no other") {
  const Size size{10, 8};
  const Rle rle{size, {1, 5, 74}};
  CHECK(rasterise(Shape(rle), size) == rle);
  CHECK(rasterise(Shape(Box{1, 2, 3, 4}), size) == rasterise(Box{1, 2, 3, 4}, size));
  CHECK(area(rasterise(Shape(Polygon{{{{{1, 1}, {4, 1}, {4, 4}, {1, 4}}, {}}}}), size)) == 9);
  for (const Shape& shape :
       {Shape(), Shape(Polyline{{{0, 0}, {5, 5}}}), Shape(Points{{{1, 1}}}), Shape(MaskRef{})}) {
    const Error error = thrown_by([&] { rasterise(shape, size); });
    CHECK(error.code() == Code::bad_value);
    CHECK_THAT(error.message(), contains(std::string(shape_name(shape))));
  }
  CHECK_THAT(thrown_by([&] { rasterise(Shape(rle), {8, 10}); }).message(), contains("10x8"));
  CHECK(thrown_by([&] { rasterise(Shape(Rle{size, {7}}), size); }).code() == Code::bad_value);
}

TEST_CASE("coordinates without a place are refused") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {std::nan(""), infinity, -infinity, 1.1e8, -1e300}) {
    CHECK(thrown_by([&] { rasterise(Ring{{0, 0}, {bad, 0}, {5, 5}}, {9, 9}); }).code() == Code::bad_value);
    CHECK(thrown_by([&] { rasterise(Ring{{0, 0}, {0, bad}, {5, 5}}, {9, 9}); }).code() == Code::bad_value);
    CHECK(thrown_by([&] { rasterise(Box{0, 0, bad, 5}, {9, 9}); }).code() == Code::bad_value);
  }
  CHECK(thrown_by([] { rasterise(Ring{}, {-1, 9}); }).code() == Code::bad_value);
  CHECK(thrown_by([] { rasterise(Ring{}, {1 << 16, 1 << 16}); }).code() == Code::bad_value);
}

TEST_CASE("edges that lie far outside cost no more than the columns of the image") {
  // pycocotools would hold 4 GB of points for each edge.
  Ring ring;
  for (int i = 0; i < 20000; ++i) ring.push_back({i % 2 ? 9e7 : -9e7, i % 4 < 2 ? 9e7 : -9e7});
  CHECK(rasterise(ring, {20, 20}).size == Size{20, 20});
  CHECK(area(rasterise(Box{-1e8, -1e8, 2e8, 2e8}, {20, 20})) == 400);
}

TEST_CASE("crossings that cancel each other are not kept") {
  // 2000 edges over 1000 columns, two million crossings, of which every second takes back what the one
  // before did.
  Ring ring;
  for (int i = 0; i < 2000; ++i) ring.push_back({i % 2 ? 1000. : 0., 5.});
  CHECK(area(rasterise(ring, {1000, 10})) == 0);
  ring.insert(ring.end(), {{0, 5}, {0, 8}, {1000, 8}, {1000, 5}});
  CHECK(area(rasterise(ring, {1000, 10})) == 3000);
}

}  // namespace maskmill::tests
