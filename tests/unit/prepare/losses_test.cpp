// SPDX-License-Identifier: Apache-2.0
#include "prepare/losses.h"

#include "support/drawn.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Capabilities everything() {
  Capabilities all;
  all.box = all.rotated_box = all.ellipse = all.polygon = all.polyline = all.points = all.rle =
      all.keypoints = true;
  all.shapeless = all.polygon_parts = all.polygon_holes = all.semantic_mask = all.instance_mask = true;
  all.crowd = all.occluded = all.truncated = all.difficult = all.score = all.group = all.z_order =
      all.attributes = true;
  all.ignore_areas = all.background = all.unannotated = all.subsets = all.label_ids = all.label_colours =
      true;
  all.item_attributes = all.licences = all.label_masks = true;
  return all;
}

std::unique_ptr<Source> one_of_everything() {
  Item item;
  item.id = "a";
  item.subset = "train";
  item.size = Size{10, 10};
  item.attributes.emplace_back("camera", std::string("x"));
  item.origin.file = "a.json";
  Annotation polygon;
  polygon.shape = Polygon{{{{{0, 0}, {8, 0}, {8, 8}}, {{{1, 1}, {2, 1}, {2, 2}}}}}};
  polygon.flags = {true, false, true, false};
  polygon.score = 0.5, polygon.group = 1, polygon.z_order = 2;
  polygon.attributes.emplace_back("k", true);
  polygon.keypoints.push_back({{1, 1}, 2});
  polygon.origin = {"a.json", 12, ""};
  item.annotations.push_back(polygon);
  for (const Shape& shape : {Shape(), Shape(Box{1, 1, 2, 2}), Shape(RotatedBox{}), Shape(Ellipse{}),
                             Shape(Polyline{}), Shape(Points{}), Shape(Rle{{10, 10}, {100}})}) {
    item.annotations.emplace_back();
    item.annotations.back().shape = shape;
  }
  Item unseen;
  unseen.id = "b";
  unseen.annotated = false;
  Metadata metadata;
  metadata.labels = street_labels();
  metadata.subsets = {"train"};
  metadata.licences.push_back({1, "CC", "url"});
  return make_source(metadata, {item, unseen});
}

std::vector<Loss> losses_into(const Capabilities& holds) {
  Format format;
  format.holds = holds;
  Findings findings;
  const auto source = one_of_everything();
  return survey(*source, format, findings).losses;
}

const Loss* find(const std::vector<Loss>& losses, std::string_view what) {
  for (const Loss& loss : losses)
    if (loss.what == what) return &loss;
  return nullptr;
}

}  // namespace

TEST_CASE("a format that holds everything loses nothing") {
  CHECK(losses_into(everything()).empty());
}

TEST_CASE("each thing that a format cannot hold is a loss of its own, with count and first place") {
  const std::vector<std::pair<bool Capabilities::*, std::string>> each{
      {&Capabilities::shapeless, "annotations without a shape"},
      {&Capabilities::box, "boxes"},
      {&Capabilities::rotated_box, "rotated boxes"},
      {&Capabilities::ellipse, "ellipses"},
      {&Capabilities::polyline, "polylines"},
      {&Capabilities::points, "points"},
      {&Capabilities::polygon_holes, "polygons with holes"},
      {&Capabilities::rle, "RLE masks"},
      {&Capabilities::crowd, "crowd flags"},
      {&Capabilities::occluded, "occluded flags"},
      {&Capabilities::truncated, "truncated flags"},
      {&Capabilities::difficult, "difficult flags"},
      {&Capabilities::score, "scores"},
      {&Capabilities::group, "group numbers"},
      {&Capabilities::z_order, "stacking orders"},
      {&Capabilities::keypoints, "keypoints"},
      {&Capabilities::attributes, "attributes of annotations"},
      {&Capabilities::unannotated, "items that nobody has annotated"},
      {&Capabilities::subsets, "subsets"},
      {&Capabilities::item_attributes, "attributes of items"},
      {&Capabilities::label_ids, "label ids"},
      {&Capabilities::ignore_areas, "void labels"},
      {&Capabilities::background, "background labels"},
      {&Capabilities::licences, "licences"}};
  for (const auto& [member, what] : each) {
    INFO(what);
    Capabilities holds = everything();
    holds.*member = false;
    const auto losses = losses_into(holds);
    REQUIRE(find(losses, what) != nullptr);
    CHECK(find(losses, what)->count >= 1);
  }
  Capabilities no_score = everything();
  no_score.score = false;
  CHECK(find(losses_into(no_score), "scores")->example == Place{"a.json", 12, ""});
}

TEST_CASE("a format of masks alone says that objects merge") {
  Capabilities masks;
  masks.semantic_mask = true;
  const auto losses = losses_into(masks);
  REQUIRE(find(losses, "objects of their own") != nullptr);
  CHECK_THAT(find(losses, "objects of their own")->outcome, contains("merge"));
  CHECK(find(losses, "polygons")->outcome == "are painted");
}

TEST_CASE(
    "an object whose pixels are those of one value in a file is an RLE mask to a target that has none") {
  auto coding = std::make_shared<MaskCoding>();
  coding->kind = MaskCoding::Kind::colour;
  MaskRef mask;
  mask.file = "segments.png";
  mask.coding = std::move(coding);
  mask.value = 70000;
  Item item;
  item.id = "a";
  item.annotations.resize(1);
  item.annotations[0].label = 1;
  item.annotations[0].shape = mask;
  Metadata metadata;
  metadata.labels = street_labels();
  Format format;
  format.holds = everything();
  Findings findings;
  const auto source = make_source(metadata, {item});
  CHECK(survey(*source, format, findings).losses.empty());
  format.holds.rle = false;
  const std::vector<Loss> losses = survey(*source, format, findings).losses;
  REQUIRE(losses.size() == 1);
  CHECK(losses[0].what == "RLE masks");
  CHECK(losses[0].outcome == "become polygons");
}

TEST_CASE("a format of single rings says what becomes of parts and holes") {
  Annotation annotation;
  annotation.label = 1;
  annotation.shape =
      Polygon{{{{{0, 0}, {4, 0}, {4, 4}}, {}}, {{{5, 5}, {8, 5}, {8, 8}}, {{{6, 5}, {7, 5}, {7, 6}}}}}};
  Item item;
  item.id = "a";
  item.annotations = {annotation};
  Metadata metadata;
  metadata.labels = street_labels();
  const auto source = make_source(metadata, {item});
  Format rings;
  rings.holds.polygon = true;
  Findings findings;
  const std::vector<Loss> losses = survey(*source, rings, findings).losses;
  REQUIRE(find(losses, "polygons of several parts") != nullptr);
  CHECK_THAT(find(losses, "polygons of several parts")->outcome, contains("one ring"));
  CHECK(find(losses, "polygons with holes")->outcome == "lose their holes");
  rings.holds.polygon_parts = true;
  CHECK(find(survey(*source, rings, findings).losses, "polygons of several parts") == nullptr);
}
