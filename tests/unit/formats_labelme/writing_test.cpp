// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "dataset/masks.h"
#include "formats/registry.h"
#include "prepare/convert.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Metadata metadata_of(const std::vector<std::string>& names) {
  Metadata metadata;
  for (const std::string& name : names) {
    Label label;
    label.name = name;
    metadata.labels.add(label);
  }
  return metadata;
}

Item item_of(std::vector<Annotation> annotations, const std::string& id = "a") {
  Item item;
  item.id = id;
  item.file_name = id + ".png";
  item.size = Size{6, 4};
  item.annotations = std::move(annotations);
  return item;
}

Annotation annotation_of(Shape shape, int label = 0) {
  Annotation annotation;
  annotation.label = label;
  annotation.shape = std::move(shape);
  return annotation;
}

Polygon triangles(int count) {
  Polygon polygon;
  for (int i = 0; i < count; ++i) polygon.parts.push_back({{{0.0 + i, 0}, {1.0 + i, 0}, {1.0 + i, 1}}, {}});
  return polygon;
}

}  // namespace

TEST_CASE("a file is written as LabelMe writes it") {
  const Scratch scratch;
  Annotation box = annotation_of(Box{1.1, 2, 3.2, 0.5});
  box.flags.occluded = true;
  box.score = 0.5;
  box.attributes = {{"description", std::string("left \"one\"")},
                    {"blurry", true},
                    {"seats", std::int64_t{5}},
                    {"points", false}};
  CHECK(write_labelme(scratch / "out", metadata_of({"car"}), {item_of({box})}).empty());
  CHECK(read_file(scratch / "out/a.json") == R"({
  "version": "5.5.0",
  "flags": {},
  "shapes": [
    {"label": "car", "points": [[1.1, 2], [4.3, 2.5]], "group_id": null, "description": "left \"one\"", "shape_type": "rectangle", "flags": {"occluded": true, "blurry": true}, "mask": null, "seats": 5, "@points": false, "score": 0.5}
  ],
  "imagePath": "a.png",
  "imageData": null,
  "imageHeight": 4,
  "imageWidth": 6
}
)");
  CHECK(read_file(scratch / "out/labels.txt") == "car\n");
}

TEST_CASE("the parts of one object share a number that no other object of its label has") {
  const Scratch scratch;
  Annotation grouped = annotation_of(triangles(1)), twin = grouped, parts = annotation_of(triangles(2)),
             other = annotation_of(triangles(3), 1);
  grouped.group = twin.group = other.group = 0;
  Metadata metadata = metadata_of({"car", "wheel"});
  const std::vector<Annotation> annotations{grouped, twin, parts, other};
  write_labelme(scratch / "out", metadata, {item_of(annotations)});
  const Json shapes = parse_json(read_file(scratch / "out/a.json"), {})["shapes"];
  REQUIRE(shapes.size() == 7);
  std::vector<Json> numbers;
  for (const Json& shape : shapes) numbers.push_back(shape["group_id"]);
  CHECK(numbers == std::vector<Json>{0, nullptr, 1, 1, 0, 0, 0});
  const ReadDataSet read = read_data_set(labelme(), scratch / "out");
  CHECK(read.items.at(0).annotations == annotations);
}

TEST_CASE("shapes are in the order in which LabelMe paints them") {
  const Scratch scratch;
  Annotation above = annotation_of(triangles(1)), below = annotation_of(Box{0, 0, 1, 1});
  above.z_order = 2;
  below.z_order = 1;
  write_labelme(scratch / "out", metadata_of({"car"}), {item_of({above, below})});
  CHECK(read_data_set(labelme(), scratch / "out").items.at(0).annotations ==
        std::vector<Annotation>{below, above});
}

TEST_CASE("a hole survives as a mask, pixel by pixel") {
  const Scratch scratch;
  const Polygon ring{{{{{0, 0}, {6, 0}, {6, 4}, {0, 4}}, {{{2, 1}, {4, 1}, {4, 3}, {2, 3}}}}}};
  const auto source = make_source(metadata_of({"ring"}), {item_of({annotation_of(ring)})});
  CreateRequest request;
  request.target = scratch / "out";
  request.media = Media::none;
  request.metadata = source->metadata();
  Findings findings;
  convert(*source, labelme(), request, {}, {}, findings, [](const auto&) {});
  const ReadDataSet read = read_data_set(labelme(), scratch / "out");
  CHECK(std::get<Rle>(read.items.at(0).annotations.at(0).shape) == rasterise(ring, {6, 4}));
}

TEST_CASE("an annotation that LabelMe cannot hold is left out, and said") {
  const Scratch scratch;
  Annotation unnamed = annotation_of(triangles(1)), endless = annotation_of(Points{{{1.0 / 0.0, 0}}});
  unnamed.label.reset();
  const auto findings =
      write_labelme(scratch / "out", metadata_of({"car"}),
                    {item_of({unnamed, endless, annotation_of(Polygon{}), annotation_of(Points{{{1, 1}}})})});
  CHECK(std::ranges::count(findings, "annotation-left-out", &Finding::rule) == 3);
  CHECK(read_data_set(labelme(), scratch / "out").items.at(0).annotations.size() == 1);
}

TEST_CASE("an item whose file would be another's is refused") {
  const Scratch scratch;
  Metadata metadata = metadata_of({"car"});
  metadata.subsets = {"train"};
  for (const char* id : {"labels", "provenance", "train/a", "../a", ".a"}) {
    INFO(id);
    const auto write = [&] { write_labelme(scratch / "out", metadata, {item_of({}, id)}); };
    CHECK(thrown_by(write).code() == Code::bad_value);
    CHECK_FALSE(fs::exists(scratch / "out"));
  }
}

TEST_CASE("what nobody annotated is an image alone, and its loss is said where there is none") {
  const Scratch scratch;
  Item item = item_of({});
  item.image = scratch.write("there/a.png", png_picture());
  item.annotated = false;
  Item other = item_of({annotation_of(Points{{{1, 1}}})}, "b");
  other.image = item.image;
  CHECK(write_labelme(scratch / "copied", metadata_of({"x"}), {item, other}, Media::copy).empty());
  const ReadDataSet read = read_data_set(labelme(), scratch / "copied");
  CHECK(read.rules().empty());
  REQUIRE(read.items.size() == 2);
  CHECK_FALSE(read.items[0].annotated);
  const auto findings = write_labelme(scratch / "none", metadata_of({"x"}), {item, other}, Media::none);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "unannotated-lost");
}

TEST_CASE("images lie beside their JSON, or are where it says") {
  const Scratch scratch;
  Item item = item_of({annotation_of(Points{{{1, 1}}})}, "deep/a");
  item.image = scratch.write("there/x.png", png_picture());
  item.subset = "train";
  Metadata metadata = metadata_of({"x"});
  metadata.subsets = {"train"};
  write_labelme(scratch / "copied", metadata, {item}, Media::copy);
  CHECK(fs::exists(scratch / "copied/train/deep/a.png"));
  const ReadDataSet copied = read_data_set(labelme(), scratch / "copied");
  CHECK(copied.rules().empty());
  CHECK(copied.items.at(0).image == scratch / "copied/train/deep/a.png");
  CHECK(copied.items.at(0).id == "deep/a");
  CHECK(copied.items.at(0).subset == "train");
  write_labelme(scratch / "named", metadata, {item}, Media::reference);
  CHECK(read_data_set(labelme(), scratch / "named").items.at(0).image == item.image);
}

TEST_CASE("labelme's ignore label is void, and not 0, in the object mask of Pascal VOC") {
  const Scratch scratch;
  scratch.write("set/a.png", png_picture());
  scratch.write(
      "set/a.json",
      labelme_text(
          R"({"label": "__ignore__", "shape_type": "polygon", "points": [[0, 0], [2, 0], [2, 4], [0, 4]]},
                                {"label": "cat", "shape_type": "polygon", "points": [[3, 0], [6, 0], [6, 4], [3, 4]]})"));
  const auto source = labelme().open({scratch / "set", {}});
  const Format& voc = formats::find("voc");
  CreateRequest request;
  request.target = scratch / "voc";
  request.metadata = source->metadata();
  Findings findings;
  convert(*source, voc, request, {}, {}, findings, [](const auto&) {});
  const cv::Mat objects = read_raw(scratch / "voc/SegmentationObject/a.png").pixels;
  CHECK(objects.at<std::uint8_t>(1, 0) == 255);
  CHECK(objects.at<std::uint8_t>(1, 4) == 1);
  CHECK(objects.at<std::uint8_t>(1, 2) == 0);
}
