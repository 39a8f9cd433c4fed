// SPDX-License-Identifier: Apache-2.0
#include "catch.h"
#include "image/image.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

const std::string kGood = R"({"id": 100, "image_id": 7, "category_id": 3, "bbox": [1, 1, 2, 2]})";
using Lines = std::vector<std::string>;

std::string images(const std::string& list) {
  return "{\"categories\": [{\"id\": 3, \"name\": \"cat\"}],\n\"annotations\": [],\n\"images\": [" + list +
         "]}";
}

}  // namespace

TEST_CASE("an annotation that cannot be read costs itself, not its neighbours") {
  const auto [members, field, message] = GENERATE(table<std::string, std::string, std::string>({
      {R"("category_id": 4)", "category_id", "no category has the id 4"},
      {R"("category_id": "dog")", "category_id", "no category has the id \"dog\""},
      {R"("category_id": [3])", "category_id", "expected an integer; found"},
      {R"("segmentation": [[0, 0, 1, 0, 1, 1, 0]])", "segmentation[0]", "found 7 numbers"},
      {R"("segmentation": [[0, 0, 1, 1]])", "segmentation[0]", "found 4 numbers"},
      {R"("segmentation": [[]])", "segmentation[0]", "found 0 numbers"},
      {R"("segmentation": [0, 0, 1, 0, 1, 1])", "segmentation",
       "expected a list of x, y numbers; found \"0\""},
      {R"("segmentation": [[0, 0, NaN, 0, 1, 1]])", "segmentation[0]", "expected a number; found \"NaN\""},
      {R"("segmentation": [[0, 0, -Infinity, 0, 1, 1]])", "segmentation[0]",
       "expected a number; found \"-Infinity\""},
      {R"("segmentation": [[0, 0, null, 0, 1, 1]])", "segmentation[0]", "expected a number; found \"null\""},
      {R"("segmentation": [[0, 0, "1", 0, 1, 1]])", "segmentation[0]", "expected a number; found"},
      {R"("segmentation": [[0, 0, 1e400, 0, 1, 1]])", "segmentation[0]",
       "expected a number; found \"1e400\""},
      {R"("segmentation": [[0, 0, 1e300, 0, 1, 1]])", "segmentation[0]", "is no pixel"},
      {R"("segmentation": [[0, 0, 01, 0, 1, 1]])", "segmentation[0]", "expected a number; found \"01\""},
      {R"("segmentation": [[0, 0, 1 0, 1, 1]])", "segmentation", ""},
      {R"("segmentation": "x")", "segmentation", "expected polygons or an RLE"},
      {R"("segmentation": {"size": [8, 10], "counts": [70, 11]})", "segmentation", ""},
      {R"("segmentation": {"size": [8, 10], "counts": [70, 9]})", "segmentation", ""},
      {R"("segmentation": {"size": [8, 10], "counts": [70, -10]})", "segmentation",
       "expected a run length; found \"-10\""},
      {R"("segmentation": {"size": [8, 10], "counts": [70, 9.5]})", "segmentation",
       "expected a run length; found \"9.5\""},
      {R"("segmentation": {"size": [8, 10], "counts": [4294967296]})", "segmentation",
       "expected a run length"},
      {R"("segmentation": {"size": [8, 10], "counts": "zzzzzz"})", "segmentation", ""},
      {R"("segmentation": {"size": [10, 8], "counts": [80]})", "segmentation",
       "an RLE of 8x10 in an image of 10x8"},
      {R"("segmentation": {"size": [8], "counts": [80]})", "segmentation", "height and width"},
      {R"("segmentation": {"size": [0, 10], "counts": []})", "segmentation", "expected a width and a height"},
      {R"("segmentation": {"counts": [80]})", "segmentation", "without a size"},
      {R"("segmentation": {"size": [8, 10]})", "segmentation", "without counts"},
      {R"("bbox": [1, 2, 3])", "bbox", "found 3 numbers"},
      {R"("bbox": [1, 2, 3, NaN])", "bbox", "found \"NaN\""},
      {R"("bbox": [1, 2, -3, 4])", "bbox", "[1, 2, -3, 4] is no box"},
      {R"("bbox": 5)", "bbox", "expected a list of numbers; found \"5\""},
      {R"("keypoints": [1, 2])", "keypoints", "found 2 numbers"},
      {R"("keypoints": [1, 2, 3])", "keypoints", "a visibility is 0, 1 or 2; found 3"},
      {R"("id": true)", "id", "expected an integer; found \"true\""},
      {R"("x": {"a": [1 2]})", "x", ""},
      {R"("x" 1)", "", "not valid JSON"},
      {R"("bbox": [1, 2, 3, 4] "x": 1)", "", "not valid JSON"},
  }));
  CAPTURE(members);
  const Reading reading =
      read_coco_text(with_annotations({kGood, "{\"image_id\": 7, " + members + "}", kGood}));
  REQUIRE(reading.items.size() == 1);
  const bool attribute_only = field == "x";
  CHECK(reading.items[0].annotations.size() == (attribute_only ? 3 : 2));
  std::vector<Finding> findings = reading.findings;
  std::erase_if(findings, [](const Finding& finding) { return finding.rule == "duplicate-id"; });
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == (attribute_only ? "unreadable-attribute" : "unreadable-annotation"));
  CHECK(findings[0].place.line == 5u);
  CHECK_THAT(findings[0].place.file, contains("annotations.json"));
  if (!field.empty()) CHECK(findings[0].place.field == "annotations[1]." + field);
  CHECK_THAT(findings[0].message, contains(message));
}

TEST_CASE("a value of an annotation that cannot be read costs itself where a shape remains") {
  const auto [member, field, message] = GENERATE(table<std::string, std::string, std::string>({
      {R"("area": NaN)", "area", "found \"NaN\""},
      {R"("area": "12")", "area", "expected a number"},
      {R"("area": [1, [2]])", "area", "expected a number"},
      {R"("bbox": [NaN, 80, 30, 20])", "bbox", "expected a number; found \"NaN\""},
      {R"("bbox": [120, 80, -30, -20])", "bbox", "[120, 80, -30, -20] is no box"},
      {R"("bbox": [1, 2, 1e300, 4])", "bbox", "is no box"},
      {R"("bbox": [[1, 2], [3, 4]])", "bbox", "expected a number"},
      {R"("bbox": {"x": 1})", "bbox", "expected a list of numbers"},
      {R"("keypoints": [1, 2, 2, 1, 2, 3])", "keypoints", "a visibility is 0, 1 or 2; found 3"},
      {R"("keypoints": [1, 2])", "keypoints", "found 2 numbers"},
      {R"("score": NaN)", "score", "found \"NaN\""},
  }));
  CAPTURE(member);
  const std::string outline = R"("segmentation": [[0, 0, 4, 0, 4, 4]])";
  const bool outline_first = GENERATE(true, false);
  const Reading reading = read_coco_text(
      with_annotations({kGood, "{\"image_id\": 7, " + (outline_first ? outline : member) + ", " +
                                   (outline_first ? member : outline) + ", \"iscrowd\": 0, \"x\": 5}"}));
  REQUIRE(reading.items.at(0).annotations.size() == 2);
  const Annotation& annotation = reading.items[0].annotations[1];
  CHECK(annotation.shape == Shape(Polygon{{{{{0, 0}, {4, 0}, {4, 4}}, {}}}}));
  CHECK_FALSE(annotation.box.has_value());
  CHECK_FALSE(annotation.area.has_value());
  CHECK_FALSE(annotation.score.has_value());
  CHECK(annotation.keypoints.empty());
  CHECK(annotation.flags.crowd == false);
  CHECK(annotation.attributes.size() == 1);
  REQUIRE(reading.summary() == Lines{"unreadable-value 5 annotations[1]." + field});
  CHECK(reading.findings[0].severity == Severity::warning);
  CHECK_THAT(reading.findings[0].place.file, contains("annotations.json"));
  CHECK_THAT(reading.findings[0].message, contains(message));
}

TEST_CASE("a ring that is none costs itself, not the others") {
  const Reading reading = read_coco_text(
      with_annotations({R"({"image_id": 7, "area": 8, "segmentation": )"
                        R"([[10, 10, 20, 10], [0, 0, 4, 0, 4, 4], [0, NaN, 1, 0, 1, 1], [[1, 2]]]})"}));
  REQUIRE(reading.items.at(0).annotations.size() == 1);
  CHECK(reading.items[0].annotations[0].shape == Shape(Polygon{{{{{0, 0}, {4, 0}, {4, 4}}, {}}}}));
  CHECK(reading.items[0].annotations[0].area == 8);
  REQUIRE(reading.summary() == Lines{"unreadable-value 4 annotations[0].segmentation[0]"});
  CHECK(reading.findings[0].severity == Severity::warning);
  CHECK(reading.findings[0].message ==
        "3 of 4 rings left out: a polygon needs 3 or more x, y pairs; found 4 numbers");
}

TEST_CASE("where no ring and no mask is left, the box is the shape") {
  const std::string segmentation =
      GENERATE("[[]]", "[[0, 0, 1, 1]]", "[[NaN, 0, 1, 0, 1, 1], [1]]", "[0, 0, 1, 0, 1, 1]", "\"x\"", "NaN",
               R"({"size": [10, 8], "counts": [80]})", R"({"size": [8, 10], "counts": [70, [9]]})");
  CAPTURE(segmentation);
  const bool box_first = GENERATE(true, false);
  const std::string box = R"("bbox": [1, 2, 3, 4])", mask = "\"segmentation\": " + segmentation;
  const Reading reading = read_coco_text(with_annotations(
      {"{\"image_id\": 7, " + (box_first ? box : mask) + ", " + (box_first ? mask : box) + "}"}));
  REQUIRE(reading.items.at(0).annotations.size() == 1);
  CHECK(reading.items[0].annotations[0].shape == Shape(Box{1, 2, 3, 4}));
  CHECK_FALSE(reading.items[0].annotations[0].box.has_value());
  REQUIRE(reading.findings.size() == 1);
  CHECK(reading.findings[0].rule == "unreadable-value");
  CHECK(reading.findings[0].severity == Severity::error);
  CHECK_THAT(reading.findings[0].place.field, contains("annotations[0].segmentation"));
}

TEST_CASE("an annotation is left out only where nothing remains of what it shows") {
  const Reading reading = read_coco_text(with_annotations(
      {R"({"image_id": 7, "segmentation": [[]], "bbox": [NaN, 0, 1, 1], "keypoints": [1, 2, 3]})",
       R"({"image_id": 7, "bbox": [1, 2], "keypoints": [1, 2, 2]})", R"({"image_id": 7, "area": NaN})"}));
  REQUIRE(reading.items.at(0).annotations.size() == 2);
  CHECK(reading.items[0].annotations[0].keypoints == std::vector<Keypoint>{{{1, 2}, 2}});
  CHECK(reading.summary() ==
        Lines{"unreadable-value 4 annotations[0].bbox", "unreadable-value 4 annotations[0].keypoints",
              "unreadable-annotation 4 annotations[0].segmentation[0]",
              "unreadable-value 5 annotations[1].bbox", "unreadable-value 6 annotations[2].area"});
}

TEST_CASE("an annotation that is no object, or of no image, is left out") {
  const Reading reading =
      read_coco_text(with_annotations({"5", kGood, R"({"id": 2, "image_id": 8})", R"({"id": 3})",
                                       R"({"id": 4, "image_id": "seven"})", "null", "[]"}));
  CHECK(reading.items.at(0).annotations.size() == 1);
  CHECK(reading.summary() ==
        Lines{"unreadable-annotation 4 annotations[0]", "unreadable-annotation 7 annotations[3].image_id",
              "unreadable-annotation 9 annotations[5]", "unreadable-annotation 10 annotations[6]",
              "unknown-image 6 annotations[2].image_id", "unknown-image 8 annotations[4].image_id"});
  CHECK(reading.findings[4].message == "no image has the id 8");
  CHECK(reading.findings[5].message == "no image has the id \"seven\"");
}

TEST_CASE("a repeated annotation id is kept by the first only") {
  const Reading reading =
      read_coco_text(with_annotations({kGood, kGood, R"({"id": 5, "image_id": 7})", kGood}));
  REQUIRE(reading.items.at(0).annotations.size() == 4);
  CHECK(reading.items[0].annotations[0].id == 100);
  CHECK_FALSE(reading.items[0].annotations[1].id.has_value());
  CHECK(reading.items[0].annotations[2].id == 5);
  CHECK_FALSE(reading.items[0].annotations[3].id.has_value());
  CHECK(reading.summary() == Lines{"duplicate-id 5 annotations[1].id", "duplicate-id 7 annotations[3].id"});
}

TEST_CASE("a line in an element that spans several is the line of what is wrong, where JSON is broken") {
  const Reading reading = read_coco_text(with_annotations({"{\"image_id\": 7,\n\"x\": 1\n\"y\": 2}"}));
  REQUIRE(reading.findings.size() == 1);
  CHECK(reading.findings[0].place.line.value_or(0) >= 5);
  CHECK(reading.findings[0].place.line.value_or(0) <= 6);
}

TEST_CASE("a second image of an id is left out; one of a file name joins the first") {
  const Reading reading = read_coco_text(R"({"images": [
{"id": 1, "file_name": "a.jpg", "width": 4, "height": 4},
{"id": 1, "file_name": "b.jpg", "width": 4, "height": 4},
{"id": 2, "file_name": "a.jpg", "width": 4, "height": 4}],
"annotations": [{"id": 1, "image_id": 1}, {"id": 2, "image_id": 2}]})");
  REQUIRE(reading.items.size() == 1);
  CHECK(reading.items[0].annotations.size() == 2);
  CHECK(reading.summary() ==
        Lines{"duplicate-id 3 images[1].id", "duplicate-file-name 4 images[2].file_name"});
}

TEST_CASE("images that differ in their extension have ids of their own") {
  const Reading reading = read_coco_text(images(R"({"id": 1, "file_name": "x/a.jpg", "width": 4, "height": 4},
      {"id": 2, "file_name": "x/a.png", "width": 4, "height": 4})"));
  REQUIRE(reading.items.size() == 2);
  CHECK(reading.items[0].id == "x/a");
  CHECK(reading.items[1].id == "x/a.png");
  CHECK(reading.findings.empty());
}

TEST_CASE("a size that is missing or no size is unknown") {
  const std::string size =
      GENERATE(R"("width": 4)", R"("width": 0, "height": 4)", R"("width": 4, "height": -4)",
               R"("width": 4.5, "height": 4)", R"("width": "4", "height": 4)",
               R"("width": null, "height": 4)", R"("width": 100000, "height": 100000)",
               R"("width": 1e300, "height": 1e300)", R"("width": NaN, "height": 4)");
  CAPTURE(size);
  const Reading reading = read_coco_text(images(R"({"id": 1, "file_name": "a.jpg", )" + size + "}"));
  REQUIRE(reading.items.size() == 1);
  CHECK_FALSE(reading.items[0].size.has_value());
  CHECK(reading.summary() == Lines{"size-unknown 3 images[0].width"});
}

TEST_CASE("where the file states no size, the picture does") {
  const std::string size =
      GENERATE("", R"("width": null, "height": null,)", R"("width": 0, "height": 4,)", R"("width": 6,)");
  CAPTURE(size);
  const Scratch scratch;
  scratch.write("a.png", encode_png(cv::Mat(4, 6, CV_8UC1, cv::Scalar(3))));
  const Reading reading = read_coco(scratch.write("annotations.json", R"({"annotations": [
{"image_id": 1, "segmentation": {"size": [4, 6], "counts": [20, 4]}},
{"image_id": 1, "segmentation": {"size": [6, 4], "counts": [20, 4]}}],
"images": [{"id": 1, )" + size + R"( "file_name": "a.png"}]})"));
  REQUIRE(reading.items.size() == 1);
  CHECK(reading.items[0].size == Size{6, 4});
  CHECK(reading.items[0].annotations.size() == 1);
  REQUIRE(reading.summary() == Lines{"unreadable-annotation 3 annotations[1].segmentation"});
  CHECK_THAT(reading.findings[0].message, contains("an RLE of 4x6 in an image of 6x4"));
}

TEST_CASE("a size that is stated is not taken from the picture, and a broken picture has none") {
  const Scratch scratch;
  scratch.write("a.png", encode_png(cv::Mat(4, 6, CV_8UC1, cv::Scalar(3))));
  scratch.write("b.png", "no picture");
  const std::string list = R"({"id": 1, "file_name": "a.png", "width": 60, "height": 40},
{"id": 2, "file_name": "b.png"})";
  const Reading reading = read_coco(scratch.write("annotations.json", images(list)));
  CHECK(reading.items.at(0).size == Size{60, 40});
  CHECK_FALSE(reading.items.at(1).size.has_value());
  REQUIRE(reading.summary() == Lines{"size-unknown 4 images[1].width"});
  CHECK_THAT(reading.findings[0].message,
             contains("width or height is missing") && contains("the picture does not say them either"));
}

TEST_CASE("an image that cannot be named or found by its annotations is left out") {
  const Reading reading = read_coco_text(images(R"(7, {"file_name": "a.jpg"},
{"id": 1, "file_name": 5}, {"id": [], "file_name": "b.jpg"},
{"id": 2, "width": 1, "height": 1}, {"id": 3, "file_name": "c.jpg", "width": 1 "height": 1})"));
  CHECK(reading.summary() == Lines{"unreadable-image 3 images[0]", "unreadable-image 3 images[1].id",
                                   "unreadable-image 4 images[2].file_name",
                                   "unreadable-image 4 images[3].id", "no-file-name 5 images[4].file_name",
                                   "unreadable-image 5 images[5].width"});
  REQUIRE(reading.items.size() == 1);
  CHECK(reading.items[0].id == "image 2");
  CHECK(reading.items[0].image.empty());
}

TEST_CASE("a file name that leaves the data set is reduced to its last part") {
  const std::string name = GENERATE("../../etc/a.jpg", "/etc/a.jpg", "x/../../a.jpg", "C:\\\\x\\\\a.jpg");
  CAPTURE(name);
  const Scratch scratch;
  const Path json = scratch.write("data/annotations.json", images(R"({"id": 1, "file_name": ")" + name +
                                                                  R"(", "width": 4, "height": 4})"));
  const Reading reading = read_coco(json);
  CHECK(reading.summary() == Lines{"unsafe-file-name 3 images[0].file_name"});
  REQUIRE(reading.items.size() == 1);
  CHECK(reading.items[0].id == "a");
  CHECK(reading.items[0].file_name == "a.jpg");
  CHECK(reading.items[0].image == scratch / "data/a.jpg");
}

TEST_CASE("a file name that is no name at all is called unnamed") {
  const std::string name = GENERATE("..", "/", "x/..", "a\\u0000/..");
  const Reading reading =
      read_coco_text(images(R"({"id": 1, "file_name": ")" + name + R"(", "width": 4, "height": 4})"));
  CHECK(reading.summary() == Lines{"unsafe-file-name 3 images[0].file_name"});
  CHECK(reading.items.at(0).id == "unnamed");
}

TEST_CASE("the annotations of an image that was left out say so") {
  const Reading reading = read_coco_text(R"({"annotations": [
{"image_id": 1}, {"image_id": 2},
{"image_id": "x"}, {"image_id": 3}], "images": [
{"id": 1, "file_name": 5}, {"id": "x", "file_name": []},
{"id": 3, "file_name": 5}, {"id": 3, "file_name": "a.jpg", "width": 4, "height": 4}]})");
  CHECK(reading.items.at(0).annotations.size() == 1);
  REQUIRE(reading.summary() ==
          Lines{"unreadable-image 4 images[0].file_name", "unreadable-image 4 images[1].file_name",
                "unreadable-image 5 images[2].file_name", "image-left-out 2 annotations[0].image_id",
                "unknown-image 2 annotations[1].image_id", "image-left-out 3 annotations[2].image_id"});
  CHECK(reading.findings[3].severity == Severity::error);
  CHECK(reading.findings[3].message == "its image, of the id 1, was left out");
  CHECK(reading.findings[4].message == "no image has the id 2");
  CHECK(reading.findings[5].message == "its image, of the id \"x\", was left out");
}

TEST_CASE("null instead of annotations or categories, and anything instead of licences, is an empty list") {
  const std::string licences = GENERATE("null", "{}", "\"\"", "5", "{\"id\": [1]}");
  CAPTURE(licences);
  const Reading reading = read_coco_text(R"({"annotations": null,
"categories":
null, "licenses": )" + licences + R"(,
"images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 4}]})");
  REQUIRE(reading.items.size() == 1);
  CHECK(reading.items[0].annotated);
  CHECK(reading.metadata.labels.size() == 0);
  CHECK(reading.metadata.licences.empty());
  CHECK(reading.metadata.attributes.empty());
  REQUIRE(reading.summary() == Lines{"no-list 1 annotations", "no-list 3 categories", "no-list 3 licenses"});
  CHECK(reading.findings[0].severity == Severity::warning);
  CHECK(reading.findings[0].message == "expected a list; found \"null\", which is read as an empty one");
}

TEST_CASE("images that are no list, and annotations or categories that are something else, are refused") {
  const auto [members, field] = GENERATE(table<std::string, std::string>({
      {R"("images": null)", "images"},
      {R"("images": {"1": {"file_name": "a.jpg"}})", "images"},
      {R"("images": [], "annotations": {})", "annotations"},
      {R"("images": [], "annotations": "")", "annotations"},
      {R"("images": [], "categories": {"1": "cat"})", "categories"},
      {R"("images": [], "categories": nul)", "categories"},
  }));
  CAPTURE(members);
  const Error error = thrown_by([&members = members] { read_coco_text("{\n" + members + "}"); });
  CHECK(error.code() == Code::bad_format);
  CHECK(error.place().line == 2u);
  CHECK(error.place().field == field);
  CHECK_THAT(error.message(), contains("must be a list; found \""));
  CHECK_THAT(error.message(), !contains("not valid JSON"));
}

TEST_CASE("categories of one id or one name, without either, or broken, are told apart or left out") {
  const Reading reading = read_coco_text(R"({"images": [], "annotations": [], "categories": [
{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"},
{"id": 2, "name": "cat"}, {"id": 3}, {"name": "x"},
"y", {"id": 4, "name": }]})");
  std::vector<std::string> names;
  for (const Label& label : reading.metadata.labels) names.push_back(label.name);
  CHECK(names == Lines{"cat", "cat (2)", "category 3"});
  CHECK(reading.summary() ==
        Lines{"duplicate-id 2 categories[1].id", "duplicate-name 3 categories[2].name",
              "unnamed-category 3 categories[3].name", "unreadable-category 3 categories[4].id",
              "unreadable-category 4 categories[5]", "unreadable-category 4 categories[6]"});
}

TEST_CASE("a score outside 0 to 1 and an iscrowd that is no flag are said and kept apart") {
  const Reading reading = read_coco_text(
      with_annotations({R"({"image_id": 7, "score": 7.5})", R"({"image_id": 7, "iscrowd": 2})"}));
  CHECK(reading.summary() ==
        Lines{"score-outside-range 4 annotations[0].score", "unreadable-flag 5 annotations[1].iscrowd"});
  REQUIRE(reading.items.at(0).annotations.size() == 2);
  CHECK(std::get<double>(*find_attribute(reading.items[0].annotations[0].attributes, "score")) == 7.5);
  CHECK_FALSE(reading.items[0].annotations[1].flags.crowd.has_value());
}

TEST_CASE("a long value that nobody knows is left out, not held in memory") {
  const Reading reading =
      read_coco_text("{\"images\": [],\n\"tracks\": [" + std::string(1 << 20, ' ') + "]}");
  CHECK(reading.summary() == Lines{"value-left-out 2 tracks"});
  CHECK(reading.metadata.attributes.empty());
}

TEST_CASE("a file without images is refused") {
  CHECK_THAT(thrown_by([] { read_coco_text("{\"annotations\": []}"); }).message(),
             contains("no list of images"));
  CHECK_THAT(thrown_by([] { read_coco_text("[]"); }).message(), contains("expected one JSON object"));
  CHECK(thrown_by([] { read_coco_text("{\"images\": [],\n\"info\": {\"a\": nul}}"); }).place().line == 2u);
}
