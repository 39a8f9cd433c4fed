// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "base/text.h"
#include "catch.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "formats/yolo/yolo.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// Two parts, the first with two holes.
Polygon parts_and_holes() {
  return {{{square(5, 5, 30), {square(10, 10, 5), square(20, 20, 10)}}, {square(60, 5, 20), {}}}};
}

constexpr Size kSize{100, 50};

struct Written {
  std::vector<Finding> findings;
  std::string rows;
  ReadDataSet read;
};

Written write_one(const Annotation& annotation, const std::vector<std::string>& settings = {}) {
  const Scratch scratch;
  Written written;
  written.findings = write_yolo(
      scratch / "out", metadata_of({"cat"}, {"train", "val"}),
      {item_of(scratch, "a", kSize, {annotation}, "train"), item_of(scratch, "b", kSize, {}, "val")},
      settings);
  written.rows = read_file(scratch / "out/labels/train/a.txt");
  written.read = read_yolo(scratch / "out");
  return written;
}

double iou_of(const Written& written, const Polygon& polygon) {
  std::vector<Rle> areas;
  for (const Annotation& annotation : written.read.items.at(0).annotations)
    areas.push_back(rasterise(annotation.shape, kSize));
  return iou(merged(areas), rasterise(polygon, kSize));
}

}  // namespace

TEST_CASE("supervision's YOLO round trip of parts and holes drops to an IoU of .25: a slit ring keeps 1") {
  const Annotation annotation = annotation_of(0, parts_and_holes());
  const Written slit = write_one(annotation, {"holes=slit"});
  CHECK(slit.read.items.at(0).annotations.size() == 1);
  CHECK(iou_of(slit, parts_and_holes()) == 1);
  CHECK_THAT(finding_of(slit.findings, "holes-slit").message, contains("1.0000 at worst"));
  CHECK_THAT(finding_of(slit.findings, "parts-joined").message, contains("1.0000 at worst"));
}

TEST_CASE("one object is one row by default: parts are joined, holes are lost and measured") {
  const Written written = write_one(annotation_of(0, parts_and_holes()));
  CHECK(lines_of(written.rows).size() == 1);
  const double expected = (900. + 400 - 125) / (900 + 400);
  CHECK(iou_of(written, parts_and_holes()) == Approx(expected));
  CHECK_THAT(finding_of(written.findings, "holes-filled").message, contains("0.9038 at worst"));
  CHECK(finding_of(written.findings, "holes-filled").severity == Severity::warning);
  CHECK_FALSE(yolo().holds.polygon_holes);  // so that the loss is said before anything is written
  CHECK_FALSE(yolo().holds.polygon_parts);
}

TEST_CASE("parts can be rows of their own") {
  const Written written = write_one(annotation_of(0, parts_and_holes()), {"parts=rows", "holes=slit"});
  CHECK(written.read.items.at(0).annotations.size() == 2);
  CHECK(iou_of(written, parts_and_holes()) == 1);
  CHECK(count_of(written.findings, "parts-split") == 1);
}

TEST_CASE("boxes beside polygons are said, and a task makes all of one kind") {
  const Scratch scratch;
  const Metadata metadata = metadata_of({"cat"}, {"train", "val"});
  const std::vector<Item> items{
      item_of(scratch, "a", kSize,
              {annotation_of(0, Box{10, 10, 20, 20}), annotation_of(0, Polygon{{{square(5, 5, 8), {}}}})},
              "train"),
      item_of(scratch, "b", kSize, {}, "val")};
  const std::vector<Finding> mixed = write_yolo(scratch / "mixed", metadata, items);
  CHECK_THAT(finding_of(mixed, "mixed-rows").message, contains("1 of boxes, 1 of polygons"));
  CHECK(read_file(scratch / "mixed/labels/train/a.txt") ==
        "0 0.2 0.4 0.2 0.4\n0 0.05 0.1 0.13 0.1 0.13 0.26 0.05 0.26\n");
  CHECK(read_yolo(scratch / "mixed").rules() == std::map<std::string, int>{{"mixed-rows", 1}});
  CHECK(write_yolo(scratch / "segment", metadata, items, {"task=segment"}).empty());
  CHECK(read_file(scratch / "segment/labels/train/a.txt") ==
        "0 0.1 0.2 0.3 0.2 0.3 0.6 0.1 0.6\n0 0.05 0.1 0.13 0.1 0.13 0.26 0.05 0.26\n");
  CHECK(write_yolo(scratch / "detect", metadata, items, {"task=detect"}).empty());
  CHECK(read_file(scratch / "detect/labels/train/a.txt") == "0 0.2 0.4 0.2 0.4\n0 0.09 0.18 0.08 0.16\n");
}

TEST_CASE("the layout is Ultralytics' own") {
  const Scratch scratch;
  Item unannotated = item_of(scratch, "deep/c", kSize, {}, "val");
  unannotated.annotated = false;
  write_yolo(scratch / "out", metadata_of({"cat", "dog"}, {"train", "val"}),
             {item_of(scratch, "a", kSize, {annotation_of(1, Box{0, 0, 10, 10})}, "train"), unannotated}, {},
             Media::copy);
  CHECK(read_file(scratch / "out/data.yaml") ==
        "train: images/train\nval: images/val\n\nnames:\n  0: cat\n  1: dog\n");
  CHECK(fs::exists(scratch / "out/images/train/a.png"));
  CHECK(fs::exists(scratch / "out/images/val/deep/c.png"));
  CHECK(fs::exists(scratch / "out/labels/train/a.txt"));
  CHECK_FALSE(fs::exists(scratch / "out/labels/val/deep/c.txt"));
  CHECK(fs::exists(scratch / "out/provenance.json"));
}

TEST_CASE("without a train and a val Ultralytics does not train: said") {
  const Scratch scratch;
  const std::vector<Finding> findings =
      write_yolo(scratch / "out", metadata_of({"cat"}), {item_of(scratch, "train/a", kSize, {})});
  CHECK(count_of(findings, "subsets-missing") == 1);
  const ReadDataSet read = read_yolo(scratch / "out");
  CHECK(read.ids() == std::vector<std::string>{"train/a"});
  CHECK(read.source->metadata().subsets.empty());
}

TEST_CASE("background and void are no classes, and void areas no objects") {
  const Scratch scratch;
  Metadata metadata = metadata_of({"ground", "cat", "void", "dog"}, {"train", "val"});
  std::vector<Label> labels(metadata.labels.begin(), metadata.labels.end());
  labels[0].role = Role::background;
  labels[2].role = Role::ignore;
  metadata.labels = LabelMap(labels);
  const std::vector<Finding> findings = write_yolo(
      scratch / "out", metadata,
      {item_of(scratch, "a", kSize, {annotation_of(2, Box{0, 0, 5, 5}), annotation_of(3, Box{0, 0, 10, 10})},
               "train")});
  CHECK(count_of(findings, "void-lost") == 1);
  const ReadDataSet read = read_yolo(scratch / "out");
  CHECK(read.labels().size() == 2);
  REQUIRE(read.items.at(0).annotations.size() == 1);
  CHECK(read.labels()[*read.items[0].annotations[0].label].name == "dog");
}

TEST_CASE("an annotation without a label has no row, and that is said") {
  Annotation annotation = annotation_of(0, Box{1, 2, 3, 4});
  annotation.label.reset();
  const Written written = write_one(annotation);
  CHECK(written.rows.empty());
  CHECK_THAT(finding_of(written.findings, "annotation-left-out").message, contains("without a label"));
}

TEST_CASE("what leaves its image is said, and cut on request") {
  const Annotation annotation = annotation_of(0, Polygon{{{square(80, 10, 30), {}}}});
  const Written kept = write_one(annotation);
  CHECK(count_of(kept.findings, "outside-image") == 1);
  CHECK(kept.read.items.at(0).annotations.at(0).shape == annotation.shape);
  const Written cut = write_one(annotation, {"outside=cut"});
  CHECK(cut.findings.empty());
  CHECK(cut.read.rules().empty());
  CHECK(rasterise(cut.read.items.at(0).annotations.at(0).shape, kSize) == rasterise(annotation.shape, kSize));
  const Written gone = write_one(annotation_of(0, Box{200, 10, 5, 5}), {"outside=cut"});
  CHECK(count_of(gone.findings, "empty-object") == 1);
}

TEST_CASE("keypoints are written with a box where labels have a skeleton") {
  const Scratch scratch;
  Metadata metadata = metadata_of({"person"}, {"train", "val"});
  std::vector<Label> labels(metadata.labels.begin(), metadata.labels.end());
  labels[0].skeleton = Skeleton{{"nose", "left eye"}, {}};
  metadata.labels = LabelMap(labels);
  metadata.attributes = {{"flip_idx", JsonText{"[0,1]"}}};
  Annotation pose = annotation_of(0, Box{10, 10, 20, 20}),
             area = annotation_of(0, Polygon{{{square(40, 10, 10), {}}}}), alone = annotation_of(0, {});
  pose.keypoints = {{{12, 13}, 2}, {{0, 0}, 0}};
  area.keypoints = {{{42, 13}, 1}};
  alone.keypoints = {{{60, 20}, 2}, {{70, 30}, 2}};
  Annotation many = annotation_of(0, Box{70, 10, 20, 20});
  many.keypoints.resize(3);
  const std::vector<Item> items{item_of(scratch, "a", kSize, {pose, area, alone, many}, "train"),
                                item_of(scratch, "b", kSize, {}, "val")};
  const std::vector<Finding> findings = write_yolo(scratch / "out", metadata, items);
  CHECK(count_of(findings, "pose-area-lost") == 1);
  CHECK(count_of(findings, "keypoints-lost") == 1);
  CHECK(count_of(findings, "mixed-rows") == 1);
  const ReadDataSet read = read_yolo(scratch / "out");
  CHECK(read.source->metadata().attributes == metadata.attributes);
  CHECK(read.labels()[0].skeleton->keypoints == labels[0].skeleton->keypoints);
  REQUIRE(read.items.at(0).annotations.size() == 4);
  CHECK(read.items[0].annotations[0] == pose);
  CHECK(read.items[0].annotations[1].shape == Shape(Box{40, 10, 10, 10}));
  CHECK(read.items[0].annotations[2].shape == Shape(Box{60, 20, 10, 10}));
  CHECK(read.items[0].annotations[3].keypoints.empty());
  // A polygon of 10 numbers, as many as a box and two keypoints: it gets one more point.
  const Polygon five{{{{{1, 1}, {5, 1}, {9, 5}, {5, 9}, {1, 9}}, {}}}};
  write_yolo(scratch / "five", metadata, {item_of(scratch, "a", kSize, {annotation_of(0, five)}, "train")});
  const Shape six = read_yolo(scratch / "five").items.at(0).annotations.at(0).shape;
  CHECK(std::get<Polygon>(six).parts.at(0).exterior.size() == 6);
  CHECK(rasterise(six, kSize) == rasterise(five, kSize));
  // Areas rather than keypoints.
  write_yolo(scratch / "segment", metadata, items, {"task=segment"});
  CHECK(std::holds_alternative<Polygon>(read_yolo(scratch / "segment").items.at(0).annotations.at(0).shape));
}

TEST_CASE("turned boxes come back with the setting") {
  const Scratch scratch;
  const RotatedBox box{{50, 25}, 30, 10, 30};
  write_yolo(scratch / "out", metadata_of({"cat"}, {"train", "val"}),
             {item_of(scratch, "a", kSize, {annotation_of(0, Polygon{{{outline(box), {}}}})}, "train")});
  const auto read =
      std::get<RotatedBox>(read_yolo(scratch / "out", {"obb=true"}).items.at(0).annotations.at(0).shape);
  CHECK(read.centre.x == Approx(50));
  CHECK(read.centre.y == Approx(25));
  CHECK(read.width == Approx(30));
  CHECK(read.height == Approx(10));
  CHECK(read.angle_degrees == Approx(30));
}

TEST_CASE("what cannot be written costs itself, or is refused before anything is written") {
  const Scratch scratch;
  const Metadata metadata = metadata_of({"cat"}, {"train", "val"});
  Annotation nowhere = annotation_of(0, Polygon{{{{{0, 0}, {1e300, 0}, {0, 5}}, {}}}}),
             line = annotation_of(0, Polygon{{{{{0, 0}, {9, 9}}, {}}}}),
             box = annotation_of(0, Box{0, 0, 5, 5});
  const std::vector<Finding> findings =
      write_yolo(scratch / "out", metadata, {item_of(scratch, "a", kSize, {nowhere, line, box}, "train")});
  CHECK(count_of(findings, "annotation-left-out") == 1);
  CHECK(count_of(findings, "empty-object") == 1);
  CHECK(read_file(scratch / "out/labels/train/a.txt") == "0 0.025 0.05 0.05 0.1\n");

  Item unsized = item_of(scratch, "a", kSize, {box}, "train");
  unsized.size.reset();
  CHECK(thrown_by([&] { write_yolo(scratch / "b", metadata, {unsized}); }).code() == Code::bad_value);
  CHECK(thrown_by([&] { write_yolo(scratch / "b", metadata, {}, {}, Media::reference); }).code() ==
        Code::usage);
  for (const char* subset : {"names", "path", "../x", ".x"}) {
    INFO(subset);
    CHECK(thrown_by([&] { write_yolo(scratch / "b", metadata_of({"cat"}, {subset}), {}); }).code() ==
          Code::bad_value);
  }
  CHECK(thrown_by([&] { write_yolo(scratch / "b", metadata_of({"\xFF"}), {}); }).code() == Code::bad_value);
  Item hidden = item_of(scratch, "a", kSize, {}, "train");
  hidden.id = "../../a";
  CHECK(thrown_by([&] { write_yolo(scratch / "b", metadata, {hidden}); }).code() == Code::bad_value);
  CHECK_FALSE(fs::exists(scratch / "b"));
}

TEST_CASE("images that are not there are said") {
  const Scratch scratch;
  const std::vector<Finding> findings = write_yolo(
      scratch / "out", metadata_of({"cat"}, {"train", "val"}),
      {item_of(scratch, "a", kSize, {annotation_of(0, Box{0, 0, 5, 5})}, "train")}, {}, Media::none);
  CHECK(count_of(findings, "images-absent") == 1);
}
