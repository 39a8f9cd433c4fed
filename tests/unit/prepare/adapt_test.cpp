// SPDX-License-Identifier: Apache-2.0
#include "prepare/adapt.h"

#include <boost/filesystem.hpp>

#include "formats/coco/coco.h"
#include "formats/pairs/pairs.h"
#include "prepare/convert.h"
#include "support/drawn.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Capabilities like_coco() {
  Capabilities holds;
  holds.box = holds.polygon = holds.polygon_parts = holds.rle = holds.crowd = holds.attributes = true;
  return holds;
}

Item with_shape(Shape shape) {
  Item item;
  item.id = "a";
  item.size = Size{40, 30};
  item.annotations.emplace_back();
  item.annotations[0].label = 1;
  item.annotations[0].shape = std::move(shape);
  return item;
}

/// The same with a name and a picture.
Item with_picture(const Scratch& scratch, Item item, const std::string& id) {
  item.id = id;
  item.file_name = id + ".jpg";
  item.image = scratch.write("in/" + item.file_name, encode_jpeg(picture(*item.size, 1)));
  return item;
}

ConvertReport convert_items(std::vector<Item> items, const Format& target, const Path& path,
                            const ConvertSettings& settings, Findings& findings) {
  CreateRequest request;
  request.target = path;
  request.metadata.labels = street_labels();
  const auto source = make_source(request.metadata, std::move(items));
  return convert(*source, target, request, settings, {.command = "test", .inputs = {}}, findings,
                 [](const std::vector<Loss>&) {});
}

Item adapt(Item item, const Capabilities& holds) {
  InstanceLoss loss;
  return adapted(std::move(item), holds, street_labels(), {}, loss);
}

}  // namespace

TEST_CASE("a polygon with a hole keeps its pixels as RLE where holes are not held") {
  const Polygon ring{{{{{2, 2}, {30, 2}, {30, 20}, {2, 20}}, {{{10, 5}, {20, 5}, {20, 15}, {10, 15}}}}}};
  const Item item = adapt(with_shape(ring), like_coco());
  REQUIRE(std::holds_alternative<Rle>(item.annotations.at(0).shape));
  CHECK(std::get<Rle>(item.annotations[0].shape) == rasterise(ring, {40, 30}));
  CHECK(area(std::get<Rle>(item.annotations[0].shape)) < 28 * 18);
}

TEST_CASE("a polygon that the target holds stays as its author drew it") {
  const Polygon drawn{{{{{2.25, 2}, {30, 2}, {30, 20.5}}, {}}}};
  CHECK(std::get<Polygon>(adapt(with_shape(drawn), like_coco()).annotations.at(0).shape) == drawn);
}

TEST_CASE("ellipses and rotated boxes become polygons of their area") {
  const Item ellipse = adapt(with_shape(Ellipse{{20, 15}, 12, 8, 30}), like_coco());
  CHECK(static_cast<double>(area(rasterise(ellipse.annotations.at(0).shape, {40, 30}))) ==
        Approx(3.14159265 * 12 * 8).epsilon(0.03));
  const Item box = adapt(with_shape(RotatedBox{{20, 15}, 16, 10, 45}), like_coco());
  CHECK(static_cast<double>(area(rasterise(box.annotations.at(0).shape, {40, 30}))) ==
        Approx(160).epsilon(0.1));
}

TEST_CASE("what a target has no word for is taken off, and an annotation of nothing else goes") {
  Capabilities boxes;
  boxes.box = true;
  Item item = with_shape(Box{1, 1, 5, 5});
  item.annotations[0].score = 0.5;
  item.annotations[0].flags.crowd = false;
  item.annotations.push_back(item.annotations[0]);
  item.annotations[1].shape = Polyline{{{0, 0}, {1, 1}}};
  const Item changed = adapt(item, boxes);
  REQUIRE(changed.annotations.size() == 1);
  CHECK_FALSE(changed.annotations[0].score.has_value());
  CHECK_FALSE(changed.annotations[0].flags.crowd.has_value());
}

TEST_CASE("a mask becomes instances that paint to the same mask, void as crowd") {
  const Scratch scratch;
  const Item item = street_item(scratch, "a", {60, 45}, {0, 1, 2, 255}, 3);
  const cv::Mat before = read_semantic(*item.semantic).labels;
  const Item changed = adapt(item, like_coco());
  CHECK_FALSE(changed.semantic.has_value());
  REQUIRE(!changed.annotations.empty());
  for (const Annotation& annotation : changed.annotations)
    CHECK((annotation.flags.crowd == true) == (annotation.label == 3));
  const PaintedMask painted = mask_from_instances(changed.annotations, {60, 45}, street_labels());
  CHECK(cv::countNonZero(painted.labels != before) == 0);
  CHECK(painted.overlapping == 0);
}

TEST_CASE("a mask stays a mask where the target has masks") {
  const Scratch scratch;
  Capabilities masks;
  masks.semantic_mask = true;
  const Item item = street_item(scratch, "a", {20, 10}, {0, 1}, 1);
  CHECK(adapt(item, masks).semantic == item.semantic);
}

TEST_CASE("a box with flags hands them to the instance that it surrounds, and no other") {
  const Scratch scratch;
  Item item;
  item.id = "a";
  item.size = Size{40, 30};
  cv::Mat labels = cv::Mat::zeros(30, 40, CV_8UC1), objects = labels.clone();
  labels(cv::Rect(2, 3, 10, 8)) = 2, objects(cv::Rect(2, 3, 10, 8)) = 1;
  labels(cv::Rect(20, 10, 12, 9)) = 2, objects(cv::Rect(20, 10, 12, 9)) = 2;
  MaskCoding by_id, by_number;
  for (const auto& [id, label] : {std::pair(0, 0), {1, 1}, {2, 2}, {255, 3}})
    by_id.values.emplace_back(id, label);
  by_number.kind = MaskCoding::Kind::instance;
  by_number.void_value = 255;
  item.semantic = MaskRef{
      scratch.write("c.png", encode_index_png(labels)), std::make_shared<MaskCoding>(by_id), {}, false};
  item.instances = MaskRef{
      scratch.write("o.png", encode_index_png(objects)), std::make_shared<MaskCoding>(by_number), {}, false};
  for (const Box box : {Box{19.5, 10, 12, 9.5}, Box{0, 20, 4, 4}}) {
    Annotation annotation;
    annotation.label = 2;
    annotation.shape = box;
    annotation.attributes.emplace_back("pose", std::string("Left"));
    item.annotations.push_back(annotation);
  }
  const Item changed = adapt(item, like_coco());
  std::size_t boxes = 0, masks = 0, posed = 0;
  for (const Annotation& annotation : changed.annotations) {
    boxes += std::holds_alternative<Box>(annotation.shape);
    masks += std::holds_alternative<Rle>(annotation.shape);
    if (std::holds_alternative<Rle>(annotation.shape) && !annotation.attributes.empty()) {
      ++posed;
      CHECK(bounding_box(std::get<Rle>(annotation.shape)) == Box{20, 10, 12, 9});
      CHECK(annotation.box == Box{19.5, 10, 12, 9.5});  // as it was stated
    }
  }
  CHECK(boxes == 1);
  CHECK(masks == 2);
  CHECK(posed == 1);
}

TEST_CASE("polygons of an image of unknown size are refused with what to do") {
  Item item = with_shape(Polygon{{{{{0, 0}, {4, 0}, {4, 4}}, {}}}});
  item.size.reset();
  Capabilities rle_only;
  rle_only.rle = true;
  CHECK_FALSE(thrown_by([&] { adapt(item, rle_only); }).hint_text().empty());
}

TEST_CASE("annotations without an area do not become a mask of background") {
  Capabilities masks;
  masks.semantic_mask = true;
  for (const Shape& shape : {Shape(Box{1, 1, 5, 5}), Shape(Points{{{1, 1}}}), Shape(Polyline{}), Shape()}) {
    const Error error = thrown_by([&] { adapt(with_shape(shape), masks); });
    CHECK(error.code() == Code::bad_value);
    CHECK_THAT(error.message(), contains("which pixels"));
  }
  Item empty = with_shape({});
  empty.annotations.clear();
  CHECK(adapt(empty, masks).annotations.empty());
  const Scratch scratch;
  Item masked = street_item(scratch, "a", {40, 30}, {0, 1}, 1);
  masked.annotations = with_shape(Box{1, 1, 5, 5}).annotations;
  CHECK(adapt(masked, masks).annotations.empty());
}

TEST_CASE("an image of boxes alone is left out of a data set of masks; beside areas a box is void") {
  const Scratch scratch;
  const Item boxes = with_picture(scratch, with_shape(Box{2, 2, 10, 10}), "boxes");
  Item mixed = with_picture(scratch, with_shape(Box{20, 4, 10, 8}), "mixed");
  mixed.annotations.push_back(
      with_shape(Polygon{{{{{2, 2}, {12, 2}, {12, 12}, {2, 12}}, {}}}}).annotations.at(0));
  Findings findings;
  const ConvertReport report = convert_items({boxes, mixed}, pairs(), scratch / "out", {}, findings);
  CHECK(report.items == 1);
  CHECK(report.left_out == 1);
  CHECK(report.annotations == 2);
  REQUIRE(findings.by_rule() == std::map<std::string, std::size_t>{{"unconvertible-item", 1}});
  findings.for_each([](const Finding& finding) { CHECK_THAT(finding.message, contains("boxes")); });
  CHECK_FALSE(fs::exists(scratch / "out/masks/boxes.png"));
  const cv::Mat mask = read_raw(scratch / "out/masks/mixed.png").pixels;
  REQUIRE(mask.type() == CV_8UC1);
  CHECK(mask.at<std::uint8_t>(5, 5) == 1);
  CHECK(mask.at<std::uint8_t>(5, 25) == 255);
  CHECK(mask.at<std::uint8_t>(5, 35) == 0);
}

TEST_CASE("an annotation without a shape stays where the target holds such, and COCO does") {
  Capabilities tags = like_coco();
  CHECK(adapt(with_shape({}), tags).annotations.empty());
  tags.shapeless = true;
  CHECK(adapt(with_shape({}), tags).annotations.size() == 1);

  const Scratch scratch;
  Item item = with_picture(scratch, with_shape({}), "a");
  item.annotations[0].attributes.emplace_back("caption", std::string("a car on a road"));
  Findings findings;
  ConvertSettings settings;
  settings.lossless = true;
  CHECK(convert_items({item}, coco(), scratch / "out", settings, findings).annotations == 1);
  const auto back = coco().open({scratch / "out", {}});
  const std::vector<Item> items = read_all(*back, findings);
  REQUIRE(items.size() == 1);
  REQUIRE(items[0].annotations.size() == 1);
  CHECK(std::holds_alternative<std::monostate>(items[0].annotations[0].shape));
  CHECK(items[0].annotations[0].attributes == item.annotations[0].attributes);
}
