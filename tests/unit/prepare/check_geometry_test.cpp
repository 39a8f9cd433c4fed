// SPDX-License-Identifier: Apache-2.0
// What check says of the geometry of annotations and of regions of masks.
#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <set>

#include "base/random.h"
#include "check_support.h"
#include "dataset/rle.h"
#include "image/image.h"
#include "prepare/check/check.h"
#include "prepare/check/coinciding.h"
#include "prepare/check/habits.h"
#include "prepare/check/regions.h"
#include "prepare/check/rule.h"
#include "support/drawn.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr Size kImage{640, 480};

LabelMap animals() {
  std::vector<Label> labels(3);
  labels[0].name = "cat";
  labels[1].name = "dog";
  labels[2].name = "grass";
  labels[2].kind = LabelKind::stuff;
  return LabelMap(labels);
}

Annotation annotation(Shape shape, int label = 0) {
  Annotation made;
  made.label = label;
  made.shape = std::move(shape);
  return made;
}

Item item_of(std::vector<Annotation> annotations) {
  static std::size_t number = 0;
  Item item;
  item.id = "i" + std::to_string(number++);
  item.size = kImage;
  item.origin = {"a.json", 1000 * number, {}};
  item.annotations = std::move(annotations);
  for (std::size_t i = 0; i < item.annotations.size(); ++i)
    item.annotations[i].origin = {"a.json", 1000 * number + i + 1, "annotations"};
  return item;
}

/// The findings of this file's rules: images are not there, and labels of few items are not the point.
std::vector<Finding> found(const CheckReport& report) {
  static const std::set<std::string> rules{
      "specks",      "pin-holes",    "empty-shape", "outside-image",        "self-crossing",
      "box-differs", "area-differs", "far-parts",   "duplicate-annotation", "label-conflict"};
  std::vector<Finding> list;
  report.findings.for_each([&](const Finding& finding) {
    if (!rules.contains(finding.rule)) return;
    UNSCOPED_INFO(finding.rule << ": " << finding.message);
    list.push_back(finding);
  });
  return list;
}
std::vector<Finding> found_in(std::vector<Annotation> annotations) {
  return found(checked({item_of(std::move(annotations))}, animals()));
}
Ring square(double x, double y, double side) {
  return {{x, y}, {x + side, y}, {x + side, y + side}, {x, y + side}};
}
Shape polygon(Ring ring) {
  return Polygon{{{std::move(ring), {}}}};
}
Shape polygon(const std::vector<Ring>& rings) {
  Polygon made;
  for (const Ring& ring : rings) made.parts.push_back({ring, {}});
  return made;
}
Rle pixels(const std::vector<cv::Rect>& inside, const std::vector<cv::Rect>& holes = {}) {
  cv::Mat mask = cv::Mat::zeros(kImage.height, kImage.width, CV_8UC1);
  for (const cv::Rect& rect : inside) mask(rect) = 1;
  for (const cv::Rect& rect : holes) mask(rect) = 0;
  return rle_from_mask(mask);
}

/// What check --fix does to an item of these annotations.
std::vector<Annotation> repaired(std::vector<Annotation> annotations) {
  Item item = item_of(std::move(annotations));
  Metadata metadata;
  metadata.labels = animals();
  for (const PlannedRepair& repair : checked({item}, animals()).repairs) {
    auto next = repair.rule->repair(std::move(item), metadata);
    REQUIRE(next);
    item = std::move(*next);
  }
  return item.annotations;
}

/// Items of street_labels with a mask each.
std::vector<Finding> found_in_masks(const std::vector<cv::Mat>& masks) {
  const Scratch scratch;
  std::vector<Item> items;
  for (std::size_t i = 0; i < masks.size(); ++i) {
    items.push_back(street_item(scratch, "m" + std::to_string(i), {masks[i].cols, masks[i].rows}, {0, 1}, i));
    rewrite(items.back().semantic->file, encode_index_png(masks[i]));
  }
  return found(checked(items, street_labels()));
}

cv::Mat road_and_car() {
  cv::Mat mask = cv::Mat::zeros(120, 200, CV_8UC1);
  mask(cv::Rect(0, 60, 200, 60)) = 1;
  mask(cv::Rect(120, 40, 40, 50)) = 2;
  mask(cv::Rect(0, 0, 200, 10)) = 255;
  return mask;
}

}  // namespace

// --- regions

TEST_CASE("regions of a mask are those that OpenCV finds, whatever their form") {
  Random random(3);
  for (int round = 0; round < 40; ++round) {
    const Size size{1 + static_cast<int>(random.below(60)), 1 + static_cast<int>(random.below(60))};
    const cv::Mat mask = round % 2 == 0 ? blotches(size, {0, 1, 2}, static_cast<std::uint64_t>(round))
                                        : cv::Mat(size.height, size.width, CV_8UC1);
    if (round % 2 == 1)
      for (int y = 0; y < mask.rows; ++y)
        for (int x = 0; x < mask.cols; ++x)
          const_cast<cv::Mat&>(mask).at<std::uint8_t>(y, x) = random.chance(0.4);
    using Key = std::tuple<std::uint32_t, std::int64_t, int, int, int, int>;
    std::multiset<Key> swept, expected;
    for_each_region(mask, [&](const Region& r) {
      swept.emplace(r.value, r.area, r.window.x, r.window.y, r.window.size.width, r.window.size.height);
    });
    for (int value = 0; value < 3; ++value) {
      cv::Mat numbers, stats, centres;
      const int count = cv::connectedComponentsWithStats(mask == value, numbers, stats, centres, 8);
      for (int i = 1; i < count; ++i) {
        const int* s = stats.ptr<int>(i);
        expected.emplace(value, s[cv::CC_STAT_AREA], s[cv::CC_STAT_LEFT], s[cv::CC_STAT_TOP],
                         s[cv::CC_STAT_WIDTH], s[cv::CC_STAT_HEIGHT]);
      }
    }
    REQUIRE(swept == expected);
  }
}

TEST_CASE("regions of an Rle are its parts and the holes that it encloses") {
  const RleRegions regions =
      regions_of(pixels({{10, 10, 30, 20}, {100, 50, 5, 5}}, {{15, 15, 2, 3}, {10, 20, 4, 2}}));
  REQUIRE(regions.parts.size() == 2);
  CHECK(regions.parts[0].area == 30 * 20 - 6 - 8);
  CHECK(regions.parts[1].window == Window{100, 50, {5, 5}});
  REQUIRE(regions.holes.size() == 1);  // the other one is a bay
  CHECK(regions.holes[0].area == 6);
  CHECK(regions.holes[0].window == Window{15, 15, {2, 3}});
  CHECK(regions_of(pixels({})).parts.empty());
}

// --- specks and pin-holes

TEST_CASE("specks: a few pixels of a label amid another, with their place") {
  cv::Mat mask = road_and_car();
  mask(cv::Rect(30, 90, 2, 2)) = 2;
  const Finding finding = only(found_in_masks({road_and_car(), mask, road_and_car()}));
  CHECK(finding.rule == "specks");
  CHECK(finding.severity == Severity::warning);
  CHECK_THAT(finding.place.file, contains("m1.png"));
  CHECK_THAT(finding.message, contains("4 pixels of \"car\" at (30, 90)"));
  CHECK(finding.region == std::array<double, 4>{30, 90, 2, 2});
}

TEST_CASE("specks: neither what is larger, nor crumbs of a border, nor what lies in void") {
  const auto with = [](cv::Rect rect, int label) {
    cv::Mat mask = road_and_car();
    mask(rect) = label;
    return found_in_masks({mask});
  };
  CHECK(with({30, 90, 4, 3}, 2).empty());  // twelve pixels
  CHECK(with({30, 59, 2, 2}, 2).empty());  // between background and road
  CHECK(with({30, 4, 2, 2}, 2).empty());   // in void
  CHECK(with({30, 90, 4, 1}, 2).size() == 1);
  CHECK(with({0, 90, 2, 2}, 2).empty());    // at the image's edge
  CHECK(with({117, 50, 2, 2}, 2).empty());  // a crumb of the car, a pixel off it
  CHECK(with({118, 50, 2, 2}, 2).empty());  // touches the car
  cv::Mat thin = road_and_car();            // a line of 8 pixels that touch by their corners
  for (int i = 0; i < 8; ++i) thin.at<std::uint8_t>(90 + i, 30 + i) = 2;
  CHECK(found_in_masks({thin}).empty());
}

TEST_CASE("specks: where all there is of a label is small, it is no speck but the label") {
  cv::Mat mask = road_and_car();
  mask(cv::Rect(120, 40, 40, 50)) = 1;
  for (int i = 0; i < 6; ++i) mask(cv::Rect(10 + 20 * i, 90, 2, 2)) = 2;
  CHECK(found_in_masks({mask}).empty());
}

TEST_CASE("pin-holes: a few pixels of background or void amid a label, with their place") {
  for (const int value : {0, 255}) {
    cv::Mat mask = road_and_car();
    mask(cv::Rect(130, 70, 2, 2)) = value;
    mask(cv::Rect(140, 75, 1, 2)) = value;
    const Finding finding = only(found_in_masks({mask, road_and_car()}));
    CHECK(finding.rule == "pin-holes");
    CHECK_THAT(finding.message, contains("2 holes") && contains("6 pixels") && contains("in \"car\"") &&
                                    contains("(130, 70)"));
    CHECK(finding.region == std::array<double, 4>{130, 70, 2, 2});
  }
  cv::Mat three = road_and_car(), four = road_and_car();
  three(cv::Rect(130, 70, 3, 3)) = 0;
  four(cv::Rect(130, 70, 4, 4)) = 0;
  CHECK(only(found_in_masks({three})).rule == "pin-holes");
  CHECK(found_in_masks({four}).empty());
}

TEST_CASE("specks that many masks have are one note, and those of another label are still told") {
  std::vector<cv::Mat> masks(12);
  for (std::size_t i = 0; i < masks.size(); ++i) {
    masks[i] = road_and_car();
    if (i < 7) masks[i](cv::Rect(40 + static_cast<int>(i), 90, 2, 2)) = 2;
    if (i == 9) masks[i](cv::Rect(135, 50, 2, 2)) = 1;
  }
  const std::vector<Finding> findings = found_in_masks(masks);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].severity == Severity::warning);
  CHECK_THAT(findings[0].message, contains("\"road\" at (135, 50)"));
  CHECK(findings[1].severity == Severity::note);
  CHECK_THAT(findings[1].message, contains("\"car\" in 7 of 12") && contains("at (40, 90)"));
}

TEST_CASE("specks and pin-holes of an object's mask, and of a polygon's parts") {
  const Rle mask = pixels({{100, 100, 60, 60}, {400, 300, 2, 2}}, {{120, 120, 3, 1}});
  const std::vector<Finding> findings = found_in({annotation(mask)});
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].rule == "specks");
  CHECK(findings[0].place.line == findings[1].place.line);
  CHECK_THAT(findings[0].message, contains("4 pixels") && contains("(400, 300)"));
  CHECK(findings[1].rule == "pin-holes");
  CHECK_THAT(findings[1].message, contains("3 pixels") && contains("(120, 120)"));

  const Shape parts = polygon({square(100, 100, 60), square(300, 200, 2)});
  CHECK(only(found_in({annotation(parts)})).rule == "specks");
  const Shape clicked = polygon({square(100, 100, 60), Ring{{300, 200}, {301, 200}, {300, 201}}});
  const Finding click = only(found_in({annotation(clicked)}));
  CHECK(click.rule == "specks");
  CHECK_THAT(click.message, contains("less than a pixel, at 300, 200"));
  Annotation crowd = annotation(mask);
  crowd.flags.crowd = true;
  CHECK(found_in({crowd}).empty());
  CHECK(found_in({annotation(polygon({square(100, 100, 60), square(160, 100, 2)}))}).empty());  // touch
  CHECK(found_in({annotation(pixels({{100, 100, 6, 6}, {110, 100, 2, 2}}))})
            .empty());  // not that small beside it
}

TEST_CASE("a speck is relative to the image: 4 pixels, one in 100,000, and at most one in 1,000") {
  CHECK(largest_speck({64, 64}) == 4);
  CHECK(largest_speck({640, 480}) == 4);
  CHECK(largest_speck({1000, 900}) == 9);
  CHECK(largest_speck({6000, 4000}) == 240);
}

// --- shapes by themselves

TEST_CASE("empty-shape: what has no area, or a coordinate that is no number") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::pair<Shape, const char*>> shapes{
      {Box{10, 10, 0, 5}, "without an area"},
      {Box{10, nan, 3, 5}, "no number"},
      {polygon(Ring{{1, 1}, {9, 9}, {1, 1}}), "fewer than 3 points"},
      {polygon(Ring{{1, 1}, {5, 5}, {9, 9}}), "without an area"},
      {polygon(Ring{{1, 1}, {5, nan}, {9, 9}}), "no number"},
      {pixels({}), "without pixels"}};
  for (const auto& [shape, words] : shapes) {
    INFO(words);
    const Finding finding = only(found_in({annotation(shape)}));
    CHECK(finding.rule == "empty-shape");
    CHECK(finding.severity == Severity::error);
    CHECK_THAT(finding.message, contains(words));
    CHECK(finding.place.field == "annotations");
  }
  CHECK(found_in({annotation(polygon(Ring{{1, 1}, {5, 5}, {9, 9.1}}))}).empty());
  CHECK(found_in({annotation(Shape())}).empty());
}

TEST_CASE("empty-shape: --fix takes outlines without an area out, and nothing that may mean something") {
  const Ring line{{1, 1}, {5, 5}, {9, 9}};
  const Annotation good = annotation(polygon(square(10, 10, 30)));
  CHECK(repaired({annotation(polygon(line)), good}).size() == 1);
  const auto parts = repaired({annotation(polygon({line, square(10, 10, 30)}))});
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].shape == good.shape);
  Annotation with_box = annotation(polygon(line));
  with_box.box = Box{1, 1, 8, 8};
  CHECK(repaired({with_box}).size() == 1);
  CHECK(repaired({annotation(Box{10, 10, 0, 5})}).size() == 1);
  CHECK(repaired({annotation(polygon(Ring{{1, 1}, {5, std::numeric_limits<double>::infinity()}, {9, 9}}))})
            .size() == 1);
}

TEST_CASE("outside-image: wholly is an error, in part beyond two pixels a warning with how far") {
  const Finding away = only(found_in({annotation(Box{700, 10, 30, 30})}));
  CHECK(away.rule == "outside-image");
  CHECK(away.severity == Severity::error);
  CHECK_THAT(away.message, contains("from 700, 10 to 730, 40") && contains("640x480"));
  const Finding partly = only(found_in({annotation(polygon(square(-12.5, 10, 30)))}));
  CHECK(partly.severity == Severity::warning);
  CHECK_THAT(partly.message, contains("12.5 px"));
  CHECK(only(found_in({annotation(Box{10, 460, 30, 30})})).severity == Severity::warning);
  CHECK(only(found_in({annotation(Points{{{-50, 3}}})})).severity == Severity::error);
  CHECK(found_in({annotation(Box{-1, -1, 642, 482})}).empty());  // another way of counting
  CHECK(found_in({annotation(Box{0, 0, 640, 480})}).empty());
}

TEST_CASE("self-crossing: says where, and how much is tied off") {
  const Finding finding =
      only(found_in({annotation(polygon(Ring{{100, 100}, {200, 200}, {200, 100}, {100, 200}}))}));
  CHECK(finding.rule == "self-crossing");
  CHECK(finding.severity == Severity::warning);
  CHECK_THAT(finding.message,
             contains("at 150, 150") && contains("points 1 and 3") && contains("2500 square"));
  CHECK(finding.region == std::array<double, 4>{150, 150, 0, 0});
  // What a rounding twists: a lobe of half a pixel.
  CHECK(found_in({annotation(polygon(
                     Ring{{100, 100}, {200, 100}, {200, 200}, {101, 200}, {102, 201}, {102, 199.5}}))})
            .empty());
  CHECK(found_in({annotation(polygon(square(10, 10, 50)))}).empty());
}

// --- stated boxes and areas

TEST_CASE("box-differs: a box that is not around its mask, beyond how formats count") {
  const auto with_box = [](Shape shape, Box box) {
    Annotation made = annotation(std::move(shape));
    made.box = box;
    return found_in({made});
  };
  const Shape shape = polygon(square(100, 100, 60));
  const Finding finding = only(with_box(shape, {100, 100, 60, 75}));
  CHECK(finding.rule == "box-differs");
  CHECK_THAT(finding.message, contains("from 100, 100 to 160, 175") &&
                                  contains("from 100, 100 to 160, 160") && contains("15 px off"));
  CHECK(only(with_box(pixels({{10, 10, 50, 50}}), {200, 200, 50, 50})).rule == "box-differs");
  CHECK(only(with_box(shape, {0, 0, 0, 0})).rule == "box-differs");
  CHECK(with_box(shape, {100, 100, 60, 60}).empty());
  CHECK(with_box(shape, {99, 99, 61, 61}).empty());                       // counts from 1
  CHECK(with_box(pixels({{10, 10, 50, 50}}), {10, 10, 49, 49}).empty());  // the last pixel not included
  CHECK(with_box(polygon(square(0, 0, 470)), {0, 0, 470, 478}).empty());  // 2 % of a long side
}

TEST_CASE("area-differs: an area that is not the shape's, beyond how borders count") {
  const auto with_area = [](Shape shape, double area) {
    Annotation made = annotation(std::move(shape));
    made.area = area;
    return found_in({made});
  };
  const Ring triangle{{100, 100}, {200, 100}, {100, 200}};
  const Finding finding = only(with_area(polygon(triangle), 10000));
  CHECK(finding.rule == "area-differs");
  CHECK_THAT(finding.message, contains("10000") && contains("its box"));
  CHECK(only(with_area(pixels({{10, 10, 50, 50}}), 625)).rule == "area-differs");
  CHECK(with_area(polygon(triangle), 5000).empty());
  CHECK(with_area(polygon(triangle), 4830).empty());  // through the middles of pixels
  CHECK(with_area(pixels({{10, 10, 50, 50}}), 49 * 49).empty());
  // Two parts that overlap: their union, or their sum.
  const Shape overlap = polygon({square(100, 100, 100), square(150, 100, 100)});
  CHECK(with_area(overlap, 15000).empty());
  CHECK(with_area(overlap, 20000).empty());
  CHECK(with_area(overlap, 10000).size() == 1);
}

// --- annotations with each other

TEST_CASE("duplicate-annotation: the same or nearly the same, and --fix takes copies out") {
  const Annotation one = annotation(polygon(square(100, 100, 60)));
  Annotation numbered = one;
  numbered.id = 7;
  const Finding copy = only(found_in({one, annotation(Box{5, 5, 9, 9}), numbered}));
  CHECK(copy.rule == "duplicate-annotation");
  CHECK_THAT(copy.message, contains("the same as that at") && contains("annotations"));
  CHECK(repaired({one, annotation(Box{5, 5, 9, 9}), numbered}).size() == 2);

  const Annotation near = annotation(polygon(square(100.5, 100.5, 60)));
  CHECK_THAT(only(found_in({one, near})).message, contains("IoU 0.97"));
  CHECK(repaired({one, near}).size() == 2);
  Annotation said = one;
  said.attributes.emplace_back("pose", std::string("left"));
  CHECK(found_in({one, said}).size() == 1);
  CHECK(repaired({one, said}).size() == 2);

  CHECK(only(found_in({annotation(Box{10, 10, 100, 100}), annotation(Box{10, 10, 100, 104})})).rule ==
        "duplicate-annotation");
  CHECK(found_in({annotation(Box{10, 10, 100, 100}), annotation(Box{10, 10, 100, 106})}).empty());
  CHECK(found_in({one, annotation(Box{100, 100, 60, 60})}).empty());  // an object and its box
  CHECK(only(found_in({annotation(pixels({{100, 100, 60, 60}})), one})).rule == "duplicate-annotation");
  // The same box, and another shape.
  CHECK(found_in({one, annotation(polygon(Ring{{100, 100}, {160, 100}, {160, 160}}))}).empty());
}

TEST_CASE("label-conflict: the same place under two labels") {
  const Finding finding =
      only(found_in({annotation(Box{10, 10, 100, 100}, 0), annotation(Box{10, 10, 100, 100}, 1)}));
  CHECK(finding.rule == "label-conflict");
  CHECK(finding.severity == Severity::warning);
  CHECK_THAT(finding.message, contains("\"dog\"") && contains("\"cat\"") && contains("IoU 1.000"));
  CHECK(repaired({annotation(Box{10, 10, 100, 100}, 0), annotation(Box{10, 10, 100, 100}, 1)}).size() == 2);
}

TEST_CASE("what coincides is what comparing all boxes finds, and many boxes are no matter") {
  Random random(8);
  std::vector<Annotation> annotations;
  std::vector<ObjectFacts> facts;
  const auto add = [&](const Box& box) {
    annotations.push_back(annotation(box, static_cast<int>(annotations.size())));  // each its own label
    facts.push_back(object_facts(annotations.back(), kImage));
  };
  const auto iou = [](const Box& a, const Box& b) {
    const double shared = clipped(a, b).area();
    return shared / (a.area() + b.area() - shared);
  };
  for (int i = 0; i < 600; ++i) {
    const Box box{random.uniform(0, 500), random.uniform(0, 400), random.uniform(3, 90),
                  random.uniform(3, 90)};
    add(box);
    const auto wobble = [&](double side) { return random.uniform(-0.03, 0.03) * side; };
    add({box.x + wobble(box.width), box.y + wobble(box.height), box.width + wobble(box.width),
         box.height + wobble(box.height)});
  }
  std::set<std::pair<std::size_t, std::size_t>> expected, coincide;
  for (std::size_t i = 0; i < annotations.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (iou(*facts[i].box, *facts[j].box) >= kSamePlace) {
        expected.emplace(j, i);
        break;
      }
  for (const Coinciding& pair : find_coinciding(annotations, facts))
    coincide.emplace(pair.first, pair.second);
  CHECK(coincide == expected);
  CHECK(expected.size() > 100);

  annotations.clear();
  facts.clear();
  for (int i = 0; i < 100'000; ++i) {
    annotations.push_back(
        annotation(i % 2 == 0 ? Box{1, 1, 50, 50} : Box{1.0 * (i % 600), 1.0 * (i / 600), 8, 8}));
    facts.push_back(object_facts(annotations.back(), kImage));
  }
  CHECK(find_coinciding(annotations, facts).size() >= 49'999);
}

TEST_CASE("far-parts: two objects under one number, but no parts that something hides") {
  const Finding finding = only(found_in({annotation(polygon({square(10, 10, 40), square(400, 300, 40)}))}));
  CHECK(finding.rule == "far-parts");
  CHECK_THAT(finding.message, contains("from 10, 10 to 50, 50") && contains("from 400, 300 to 440, 340"));
  CHECK(finding.region == std::array<double, 4>{10, 10, 430, 330});
  CHECK(only(found_in({annotation(pixels({{10, 10, 30, 30}, {300, 20, 30, 30}}))})).rule == "far-parts");
  CHECK(found_in({annotation(polygon({square(10, 10, 40), square(120, 10, 40)}))}).empty());
  CHECK(found_in({annotation(polygon({square(10, 10, 40), square(150, 10, 40), square(290, 10, 40)}))})
            .empty());
  CHECK(found_in({annotation(polygon({square(10, 10, 40), square(400, 300, 40)}), 2)}).empty());  // stuff
  Annotation crowd = annotation(pixels({{10, 10, 30, 30}, {300, 20, 30, 30}}));
  crowd.flags.crowd = true;
  CHECK(found_in({crowd}).empty());
  CHECK(found_in({annotation(pixels({{10, 10, 90, 90}, {500, 400, 12, 12}}))}).empty());  // a crumb
}

TEST_CASE("far-parts: a number of an instance mask") {
  const Scratch scratch;
  Item item = street_item(scratch, "a", {200, 120}, {0, 1}, 1);
  rewrite(item.semantic->file, encode_index_png(road_and_car()));
  cv::Mat numbers = cv::Mat::zeros(120, 200, CV_8UC1);
  numbers(cv::Rect(5, 70, 10, 10)) = 3;
  numbers(cv::Rect(180, 70, 10, 10)) = 3;
  numbers(cv::Rect(60, 70, 10, 10)) = 4;
  const Path file = scratch.path() / "numbers.png";
  rewrite(file, encode_index_png(numbers));
  MaskCoding coding;
  coding.kind = MaskCoding::Kind::instance;
  item.instances = MaskRef{file, std::make_shared<const MaskCoding>(coding), std::nullopt, false};
  const Finding finding = only(found(checked({item}, street_labels())));
  CHECK(finding.rule == "far-parts");
  CHECK_THAT(finding.place.file, contains("numbers.png"));
  CHECK_THAT(finding.message, contains("the object 3"));
}

// --- what is a habit

TEST_CASE("what few items have is told one by one, what many have once, whatever their number") {
  for (const std::size_t items : {10u, 200u, 5000u}) {
    for (const std::size_t share : {3u, 70u}) {  // one in so many
      Habits habits;
      std::size_t seen = 0;
      for (std::size_t i = 0; i < items; ++i) {
        Sightings sightings;
        sightings.looked_for.emplace(rules()[0], 0);
        if (i % share == 0) {
          ++seen;
          sightings.seen.push_back(
              {rules()[0], 0, {"rule", Severity::warning, {"f" + std::to_string(i), {}, {}}, "this", "do"}});
        }
        habits.add(std::move(sightings));
      }
      std::vector<Finding> told;
      habits.finish(animals(), [&](Finding finding) { told.push_back(std::move(finding)); });
      INFO(items << " items, one in " << share);
      const bool are_few = seen <= std::max<std::size_t>(2, items / 50);
      REQUIRE(told.size() == (are_few ? seen : 1));
      CHECK(told[0].severity == (are_few ? Severity::warning : Severity::note));
      CHECK(told[0].place.file == "f0");
    }
  }
}
