// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <array>

#include "base/random.h"
#include "dataset/masks.h"
#include "prepare/transform/tiles.h"
#include "prepare/transform/untile.h"
#include "transform_support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

TransformSettings tiling(std::string tile, int overlap, TileEdges edges = TileEdges::shift,
                         CutOutlines cut = CutOutlines::automatic) {
  TransformSettings settings;
  settings.reshape.tile = std::move(tile);
  settings.reshape.overlap = overlap;
  settings.reshape.edges = edges;
  settings.reshape.cut = cut;
  return settings;
}

TransformSettings untiling() {
  TransformSettings settings;
  settings.untile = true;
  return settings;
}

std::vector<Item> read_items(Source& source) {
  Findings findings;
  return read_all(source, findings);
}

Polygon rectangle(double x, double y, double width, double height) {
  return {{{{{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}}, {}}}};
}

Item tile(int x, int y, Size size, std::vector<Annotation> annotations, Size image = {40, 20}) {
  Item item;
  item.id = tile_id({"a", x, y, image});
  item.size = size;
  item.annotations = std::move(annotations);
  return item;
}

std::vector<Annotation> annotations_of(std::vector<Item> tiles) {
  const ReadDataSet read = transform(street_source(std::move(tiles)), untiling());
  REQUIRE(read.items.size() == 1);
  return read.items[0].annotations;
}

/// The label of each pixel, row by row.
std::vector<std::string> names_of_pixels(const Item& item, const LabelMap& labels) {
  const cv::Mat mask = semantic_of(item, labels).labels;
  std::vector<std::string> names;
  for (int y = 0; y < mask.rows; ++y)
    for (int x = 0; x < mask.cols; ++x) {
      const int label = mask.at<std::uint16_t>(y, x);
      names.push_back(label == kUnlabelled ? "" : labels[label].name);
    }
  return names;
}

Rle pixels(const Shape& shape, Size size = {40, 20}) {
  return rasterise(shape, size);
}

}  // namespace

TEST_CASE("a tile's id says where it lies, whatever its image is called") {
  for (const TilePlace& place :
       {TilePlace{"a", 0, 0, {1, 1}}, TilePlace{"x/y z@1_2_3x4", 512, 0, {6000, 4000}}})
    CHECK(place_of_tile(tile_id(place)) == place);
  CHECK(tile_id({"street/a", 512, 0, {6000, 4000}}) == "street/a@512_0_6000x4000");
  for (const char* id : {"a", "a@1_2", "@0_0_1x1", "a@0_0_0x1", "a@1_0_1x1", "a@0_0_1x1 ", "a@-1_0_4x4",
                         "a@0_0_4x", "a@0_0_99999x99999", "a@0_0_4x4b", "a@99999999999_0_4x4", "a@0_0_4X4"}) {
    INFO(id);
    CHECK_FALSE(place_of_tile(id));
  }
}

TEST_CASE("cells divide what tiles share, and have every pixel of an image once") {
  REQUIRE(rc::check([] {
    const Size image{*rc::gen::inRange(1, 60), *rc::gen::inRange(1, 60)};
    const Size size{*rc::gen::inRange(1, 30), *rc::gen::inRange(1, 30)};
    const int overlap = *rc::gen::inRange(0, std::min(size.width, size.height));
    const TileGrid grid(image, size, overlap, *rc::gen::element(TileEdges::shift, TileEdges::pad));
    std::vector<Window> tiles;
    for (std::size_t i = 0; i < grid.size(); ++i) tiles.push_back(common(grid[i], {0, 0, image}));
    const std::vector<Window> cells = cells_of(tiles);
    cv::Mat covered = cv::Mat::zeros(image.height, image.width, CV_8UC1);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      RC_ASSERT(cells[i].size.area() == 0 || common(cells[i], tiles[i]) == cells[i]);
      if (cells[i].size.area() > 0)
        covered(cv::Rect(cells[i].x, cells[i].y, cells[i].size.width, cells[i].size.height)) += 1;
    }
    RC_ASSERT(cv::countNonZero(covered != 1) == 0);
  }));
}

TEST_CASE("tiles give back every pixel of images and masks through the formats that are written") {
  Random random(5);
  const auto between = [&](int low, int high) {
    return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low)));
  };
  for (int i = 0; i < 24; ++i) {
    const Scratch scratch, work;
    const Size size{between(1, 50), between(1, 50)}, tile_size{between(1, 40), between(1, 40)};
    const int overlap = between(0, std::min(tile_size.width, tile_size.height));
    const auto edges = i % 2 == 0 ? TileEdges::shift : TileEdges::pad;
    const char* format = std::array{"coco", "voc", "pairs"}[static_cast<std::size_t>(i % 3)];
    INFO(format << ", " << to_string(size) << " in " << to_string(tile_size) << " that share " << overlap);
    const std::vector<Item> before{png_item(scratch, "a", size, 1), png_item(scratch, "b/c", size, 2)};
    auto tiles =
        written(street_source(before), tiling(to_string(tile_size), overlap, edges), format, work / "tiles");
    auto whole = written(std::move(tiles), untiling(), format, work / "whole");
    const auto masks = written(std::move(whole), {.reshape = {.scale = 1}}, "pairs", work / "pairs");
    const std::vector<Item> after = read_items(*masks);
    REQUIRE(after.size() == before.size());
    for (std::size_t k = 0; k < before.size(); ++k) {
      CHECK(after[k].id == before[k].id);
      CHECK(equal_pixels(read_picture(after[k]), read_picture(before[k])));
      CHECK(names_of_pixels(after[k], masks->metadata().labels) ==
            names_of_pixels(before[k], street_labels()));
    }
  }
}

TEST_CASE("objects that tiles cut are whole again, in their order, with what they said") {
  REQUIRE(rc::check([] {
    const Scratch work;
    const Size size{*rc::gen::inRange(10, 60), *rc::gen::inRange(10, 60)};
    Item item;
    item.id = "a";
    item.file_name = "a.png";
    item.size = size;
    const int count = *rc::gen::inRange(1, 8);
    for (int i = 0; i < count; ++i) {
      const double x = *rc::gen::inRange(0, size.width), y = *rc::gen::inRange(0, size.height);
      const double width = *rc::gen::inRange(1, 30), height = *rc::gen::inRange(1, 30);
      const Rle rle =
          rasterise(Polygon{{{{{x, y}, {x + width, y + 1}, {x + width / 2, y + height}}, {}}}}, size);
      if (area(rle) == 0) continue;
      Annotation one = annotation_of(1 + i % 2, rle);
      one.flags.occluded = i % 3 == 0;
      one.score = 0.5 + i / 100.0;
      one.attributes = {{"number", std::int64_t{i}}};
      item.annotations.push_back(one);
    }
    const int tile_size = *rc::gen::inRange(4, 40), overlap = *rc::gen::inRange(0, tile_size);
    const auto edges = *rc::gen::element(TileEdges::shift, TileEdges::pad);
    auto tiles = written(street_source({item}), tiling(to_string({tile_size, tile_size}), overlap, edges),
                         "coco", work / "tiles");
    const ReadDataSet whole = transform(std::move(tiles), untiling());
    RC_ASSERT(whole.items.size() == 1U);
    const std::vector<Annotation>& back = whole.items[0].annotations;
    RC_ASSERT(back.size() == item.annotations.size());
    for (std::size_t i = 0; i < back.size(); ++i) {
      RC_ASSERT(back[i].shape == item.annotations[i].shape);
      RC_ASSERT(whole.labels()[*back[i].label].name == street_labels()[*item.annotations[i].label].name);
      RC_ASSERT(back[i].attributes == item.annotations[i].attributes);
      RC_ASSERT(std::abs(*back[i].score - *item.annotations[i].score) < 1e-12);
    }
  }));
}

TEST_CASE("an outline that lies whole in a tile comes back as it was, one that is cut with its pixels") {
  const Polygon inside{{{{{1.5, 2.25}, {9, 3}, {4, 9}}, {}}}}, across{{{{{12, 5}, {31, 9}, {25, 18}}, {}}}};
  Item item;
  item.id = "a";
  item.size = Size{40, 20};
  item.annotations = {annotation_of(1, inside), annotation_of(2, across),
                      annotation_of(2, Box{15, 2, 10, 10})};
  const auto back = [&](CutOutlines cut) {
    const ReadDataSet tiles = transform(street_source({item}), tiling("20x20", 0, TileEdges::shift, cut));
    return annotations_of(tiles.items);
  };
  const std::vector<Annotation> outlines = back(CutOutlines::automatic), exact = back(CutOutlines::pixels);
  REQUIRE(outlines.size() == 3);
  CHECK(outlines[0].shape == Shape(inside));
  CHECK(outlines[2].shape == Shape(Box{15, 2, 10, 10}));
  CHECK(iou(std::get<Rle>(outlines[1].shape), pixels(across)) > 0.97);
  CHECK(exact[1].shape == Shape(pixels(across)));
}

TEST_CASE("parts that no number joins are one object where they touch across the border") {
  const auto left = [](Shape shape) { return tile(0, 0, {20, 20}, {annotation_of(1, std::move(shape))}); };
  const auto right = [](Shape shape, int label = 1) {
    return tile(20, 0, {20, 20}, {annotation_of(label, std::move(shape))});
  };
  const std::vector<Annotation> joined =
      annotations_of({left(rectangle(15, 5, 5, 5)), right(rectangle(0, 8, 5, 5))});
  REQUIRE(joined.size() == 1);
  CHECK(area(std::get<Rle>(joined[0].shape)) == 50);
  // Corners touch, too, as they do in a component.
  CHECK(annotations_of({left(rectangle(15, 5, 5, 5)), right(rectangle(0, 10, 5, 5))}).size() == 1);
  CHECK(annotations_of({left(rectangle(15, 5, 5, 5)), right(rectangle(0, 11, 5, 5))}).size() == 2);
  CHECK(annotations_of({left(rectangle(15, 5, 4, 5)), right(rectangle(0, 5, 5, 5))}).size() == 2);
  CHECK(annotations_of({left(rectangle(15, 5, 5, 5)), right(rectangle(0, 5, 5, 5), 2)}).size() == 2);
  const std::vector<Annotation> boxes = annotations_of({left(Box{15, 5, 5, 5}), right(Box{0, 6, 5, 5})});
  REQUIRE(boxes.size() == 1);
  CHECK(boxes[0].shape == Shape(Box{15, 5, 10, 6}));
  CHECK(annotations_of({left(Box{15, 5, 5, 5}), right(Box{0, 9, 5, 5})}).size() == 2);
}

TEST_CASE("objects of one label that touch or overlap stay apart") {
  const auto both = [](int x, int width) {
    return tile(
        x, 0, {width, 20},
        {annotation_of(1, rectangle(15 - x, 2, 10, 6)), annotation_of(1, rectangle(15 - x, 8, 10, 6))});
  };
  const auto cut_to_tile = [](Item item) {
    std::vector<Annotation> kept;
    for (Annotation& one : item.annotations)
      for (Shape& shape : cut(one.shape, {0, 0, *item.size})) {
        one.shape = std::move(shape);
        kept.push_back(one);
      }
    item.annotations = std::move(kept);
    return item;
  };
  const std::vector<Annotation> touching =
      annotations_of({cut_to_tile(both(0, 20)), cut_to_tile(both(20, 20))});
  REQUIRE(touching.size() == 2);
  CHECK(area(std::get<Rle>(touching[0].shape)) == 60);
  // One inside the other, in what two tiles share.
  const auto nested = [](int x) {
    return tile(
        x, 0, {24, 20},
        {annotation_of(1, rectangle(17 - x, 3, 6, 12)), annotation_of(1, rectangle(18 - x, 5, 3, 3))});
  };
  const std::vector<Annotation> overlapping = annotations_of({nested(0), nested(16)});
  REQUIRE(overlapping.size() == 2);
  CHECK(overlapping[0].shape == Shape(rectangle(17, 3, 6, 12)));
  CHECK(overlapping[1].shape == Shape(rectangle(18, 5, 3, 3)));
}

TEST_CASE("predictions on tiles that overlap are one object each, with the mean of their scores") {
  // The tiles are 24 wide and share the columns from 16 to 24; 20 divides them.
  Annotation a = annotation_of(1, rectangle(10, 5, 14, 10)), b = annotation_of(1, rectangle(0, 6, 14, 10));
  a.score = 0.9;
  b.score = 0.6;
  const std::vector<Annotation> one = annotations_of({tile(0, 0, {24, 20}, {a}), tile(16, 0, {24, 20}, {b})});
  REQUIRE(one.size() == 1);
  CHECK(std::get<Rle>(one[0].shape) ==
        merged(std::vector<Rle>{pixels(rectangle(10, 5, 10, 10)), pixels(rectangle(20, 6, 10, 10))}));
  CHECK_THAT(*one[0].score, WithinRel(0.75, 1e-12));
  // One that lies whole in both is not doubled; one that only the tile sees whose edge is near is dropped.
  Annotation small = annotation_of(1, rectangle(17, 5, 2, 3)),
             again = annotation_of(1, rectangle(1, 5, 2, 3));
  const std::vector<Annotation> seen_twice =
      annotations_of({tile(0, 0, {24, 20}, {small}), tile(16, 0, {24, 20}, {again})});
  REQUIRE(seen_twice.size() == 1);
  CHECK(seen_twice[0].shape == Shape(rectangle(17, 5, 2, 3)));
  CHECK(annotations_of({tile(0, 0, {24, 20}, {}), tile(16, 0, {24, 20}, {again})}).empty());
  CHECK(annotations_of({tile(0, 0, {24, 20}, {small}), tile(16, 0, {24, 20}, {})}).size() == 1);
}

TEST_CASE("lines are cut at the cells, points stay once, and a tag is said once") {
  Annotation tag = annotation_of(1, Shape());
  const Annotation line = annotation_of(1, Polyline{{{5, 5}, {35, 5}}}),
                   points = annotation_of(1, Points{{{5, 5}, {30, 6}}});
  Item item;
  item.id = "a";
  item.size = Size{40, 20};
  item.annotations = {line, points, tag};
  Capabilities all = held_by("coco");
  const ReadDataSet tiles = transform(street_source({item}), tiling("24x20", 8), all);
  const std::vector<Annotation> back = annotations_of(tiles.items);
  REQUIRE(back.size() == 4);
  CHECK(back[0].shape == Shape(Polyline{{{5, 5}, {20, 5}}}));
  CHECK(back[1].shape == Shape(Polyline{{{20, 5}, {35, 5}}}));
  CHECK(back[2].shape == points.shape);
  CHECK(back[3] == tag);
}

TEST_CASE("objects of an instance mask are whole again") {
  const Scratch scratch, work;
  Item item = street_item(scratch, "a", {40, 20}, {0}, 1);
  cv::Mat labels = cv::Mat::zeros(20, 40, CV_8UC1), numbers = labels.clone();
  labels(cv::Rect(10, 5, 20, 6)) = 2, numbers(cv::Rect(10, 5, 20, 6)) = 1;
  labels(cv::Rect(10, 11, 20, 6)) = 2, numbers(cv::Rect(10, 11, 20, 6)) = 2;  // it touches the first
  rewrite(item.semantic->file, encode_index_png(labels));
  const auto coding = std::make_shared<MaskCoding>();
  coding->kind = MaskCoding::Kind::instance;
  item.instances = MaskRef{scratch.write("numbers.png", encode_index_png(numbers)), coding, {}, false};
  for (const Box& box : {Box{10, 5, 20, 6}, Box{10, 11, 20, 6}})
    item.annotations.push_back(annotation_of(2, box));
  auto tiles = written(street_source({item}), tiling("16x16", 4), "voc", work / "tiles");
  auto whole = written(std::move(tiles), untiling(), "voc", work / "whole");
  const auto objects = written(std::move(whole), {.reshape = {.scale = 1}}, "coco", work / "coco");
  const std::vector<Annotation> back = read_items(*objects).at(0).annotations;
  REQUIRE(back.size() == 2);
  CHECK(back[0].shape == Shape(rle_from_value(numbers, 1)));
  CHECK(back[1].shape == Shape(rle_from_value(numbers, 2)));
}

TEST_CASE("tiles come in any order, and those of several images between each other") {
  const ReadDataSet read = [] {
    std::vector<Item> tiles;
    for (const char* id : {"b@20_0_40x20", "a@0_0_40x20", "plain", "b@0_0_40x20", "a@20_0_40x20"}) {
      tiles.push_back(tile(0, 0, {20, 20}, {}));
      tiles.back().id = id;
    }
    return transform(street_source(std::move(tiles)), untiling());
  }();
  CHECK(read.ids() == std::vector<std::string>{"b", "a", "plain"});
  CHECK(read.source->size() == 3);
  CHECK(read.findings.empty());
}

TEST_CASE("what no tile has is black and without a label, and said") {
  const Scratch scratch;
  const Item item = png_item(scratch, "a", {40, 20}, 1);
  const ReadDataSet tiles = transform(street_source({item}), tiling("20x20", 0), held_by("pairs"));
  const ReadDataSet half = transform(street_source({tiles.items.at(1)}), untiling(), held_by("pairs"));
  CHECK(half.rules() == std::map<std::string, int>{{"tile-missing", 1}});
  const cv::Mat labels = read_semantic(*half.items.at(0).semantic).labels,
                picture = read_picture(half.items[0]);
  CHECK(cv::countNonZero(labels(cv::Rect(0, 0, 20, 20)) != kUnlabelled) == 0);
  CHECK(cv::countNonZero(picture(cv::Rect(0, 0, 20, 20)).clone().reshape(1)) == 0);
  CHECK(equal_pixels(picture(cv::Rect(20, 0, 20, 20)), read_picture(item)(cv::Rect(20, 0, 20, 20))));
}

TEST_CASE("data that are no tiles, and tiles that contradict each other, are refused or left out") {
  Item plain = tile(0, 0, {20, 20}, {});
  plain.id = "a";
  CHECK(thrown_by([&] { transform(street_source({plain}), untiling()); }).code() == Code::bad_value);
  const Error sizes = thrown_by([&] {
    transform(street_source({tile(0, 0, {20, 20}, {}), tile(20, 0, {20, 20}, {}, {50, 20})}), untiling());
  });
  CHECK_THAT(sizes.message(), contains("40x20") && contains("50x20"));
  Item twice = tile(0, 0, {20, 20}, {annotation_of(1, Box{1, 1, 2, 2})}), unknown = tile(20, 0, {20, 20}, {});
  unknown.size.reset();
  unknown.subset = "val";
  const ReadDataSet read = transform(street_source({tile(0, 0, {20, 20}, {}), twice, unknown}), untiling());
  CHECK(read.rules() ==
        std::map<std::string, int>{{"same-tile", 1}, {"size-unknown", 1}, {"tile-missing", 1}});
  CHECK(read.items.at(0).annotations.empty());
}
