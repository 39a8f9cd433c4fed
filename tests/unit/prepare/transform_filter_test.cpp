// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "transform_support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Item item_of_shapes(std::vector<Shape> shapes) {
  Item item;
  item.id = "a";
  item.size = Size{20, 10};
  for (Shape& shape : shapes) item.annotations.push_back(annotation_of(1, std::move(shape)));
  return item;
}

ReadDataSet filter(std::vector<Item> items, FilterSettings filter) {
  TransformSettings settings;
  settings.filter = filter;
  return transform(street_source(std::move(items)), settings);
}

}  // namespace

TEST_CASE("annotations of fewer pixels are left out; a box counts inside the image") {
  const Rle specks = rle_from_mask(mask_of({20, 10}, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0}));  // 20 pixels
  const Item item = item_of_shapes({square(0, 0, 3), square(0, 0, 4), specks, Box{18, 0, 8, 7},
                                    Box{0, 0, 4, 4}, Points{{{1, 1}}}, Polyline{{{1, 1}, {2, 2}}}});
  const ReadDataSet by_pixels = filter({item}, {.min_area = 16});
  CHECK(by_pixels.items[0].annotations.size() == 5);
  CHECK(by_pixels.rules() == std::map<std::string, int>{{"annotation-dropped", 2}});
  const ReadDataSet by_share = filter({item}, {.min_area_share = 0.09});  // 18 of 200 pixels
  CHECK(by_share.items[0].annotations.size() == 3);
}

TEST_CASE("what has no area, no place or lies outside is left out, and what reaches outside is cut off") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Polygon two_parts = square(2, 2, 4);
  two_parts.parts.push_back({{{1, 1}, {2, 2}}, {}});
  const ReadDataSet read =
      filter({item_of_shapes({Polygon{{{{{1, 1}, {2, 2}}, {}}}}, Polygon{{{{{1, 1}, {2, 2}, {3, 3}}, {}}}},
                              Polygon(), Box{1, 1, 0, 5}, Box{nan, 1, 2, 2}, Box{20, 0, 5, 5},
                              square(30, 0, 5), Rle{{20, 10}, {200}}, Polyline{{{1, 1}}},
                              RotatedBox{{5, 5}, -1, 2, 0}, Ellipse{{5, 5}, 0, 2, 0}, Points(),
                              square(2, 2, 4), two_parts, square(17, 2, 6), Box{-2, -2, 5, 5}, Shape()})},
             {.drop_invalid = true});
  CHECK(read.rules() == std::map<std::string, int>{{"annotation-cut", 2}, {"annotation-dropped", 12}});
  const std::vector<Annotation>& kept = read.items[0].annotations;
  REQUIRE(kept.size() == 5);
  CHECK(kept[0].shape == Shape(square(2, 2, 4)));
  CHECK(kept[1].shape == Shape(square(2, 2, 4)));
  CHECK(area(std::get<Polygon>(kept[2].shape)) == 18);
  CHECK(kept[3].shape == Shape(Box{0, 0, 3, 3}));
}

TEST_CASE("items on which nothing is annotated are left out where that is asked for") {
  const Scratch scratch;
  Item empty = item_of_shapes({}), nobody = item_of_shapes({}), full = item_of_shapes({square(0, 0, 5)}),
       ignored = item_of_shapes({square(0, 0, 5)});
  empty.id = "empty", nobody.id = "nobody", full.id = "full", ignored.id = "ignored";
  nobody.annotated = false;
  ignored.annotations[0].label = 3;
  const Item mask = street_item(scratch, "mask", {20, 10}, {0, 1}, 1),
             blank = street_item(scratch, "blank", {20, 10}, {0, 255}, 1);
  const std::vector<Item> items{empty, nobody, full, ignored, mask, blank};
  const ReadDataSet read = filter(items, {.drop_empty = true});
  CHECK(read.ids() == std::vector<std::string>{"full", "mask"});
  CHECK(read.source->size() == 2);
  // Small annotations go first.
  CHECK(filter(items, {.min_area = 26, .drop_empty = true}).ids() == std::vector<std::string>{"mask"});
}
