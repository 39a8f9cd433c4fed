// SPDX-License-Identifier: Apache-2.0
#include "catch.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

std::string text_of(const Attributes& attributes, std::string_view name) {
  const AttributeValue* value = find_attribute(attributes, name);
  if (!value) return "absent";
  if (const auto* json = std::get_if<JsonText>(value)) return "json " + json->text;
  if (const auto* text = std::get_if<std::string>(value)) return "text " + *text;
  if (const auto* integer = std::get_if<std::int64_t>(value)) return "integer " + std::to_string(*integer);
  if (const auto* number = std::get_if<double>(value)) return "number " + std::to_string(*number);
  return std::get<bool>(*value) ? "true" : "false";
}

}  // namespace

TEST_CASE("each list of numbers is a part of one polygon") {
  const Annotation annotation = read_annotation_text(
      R"({"image_id": 7, "category_id": 3, "segmentation": [[0, 0, 4.5, 0, 4, 4], [5,5,9,5,9,7,5,7]]})");
  CHECK(annotation.label == 0);
  CHECK(annotation.shape ==
        Shape(Polygon{{{{{0, 0}, {4.5, 0}, {4, 4}}, {}}, {{{5, 5}, {9, 5}, {9, 7}, {5, 7}}, {}}}}));
}

TEST_CASE("compressed and uncompressed RLE are the same mask") {
  // pycocotools: encode() of an 8x10 mask with rows 2..4 of columns 3..5 set gives this string and these
  // runs.
  const Rle mask{{10, 8}, {26, 3, 5, 3, 5, 3, 35}};
  CHECK(read_annotation_text(R"({"image_id": 7, "segmentation": {"size": [8, 10], "counts": "j035000n0"}})")
            .shape == Shape(mask));
  CHECK(read_annotation_text(
            R"({"image_id": 7, "segmentation": {"counts": [26, 3, 5, 3, 5, 3, 35], "size": [8, 10]}})")
            .shape == Shape(mask));
}

TEST_CASE("an RLE is no crowd, and a missing iscrowd stays unknown") {
  const std::string rle = R"("image_id": 7, "segmentation": {"size": [8, 10], "counts": [80]})";
  CHECK_FALSE(read_annotation_text("{" + rle + "}").flags.crowd.has_value());
  CHECK_FALSE(read_annotation_text("{" + rle + ", \"iscrowd\": null}").flags.crowd.has_value());
  CHECK(read_annotation_text("{" + rle + ", \"iscrowd\": 0}").flags.crowd == false);
  CHECK(read_annotation_text("{" + rle + ", \"iscrowd\": true}").flags.crowd == true);
}

TEST_CASE("a bbox is the shape where there is no segmentation, else it stands beside it") {
  const Box box{1, 2, 3.5, 4};
  for (const char* empty : {"", ", \"segmentation\": []", ", \"segmentation\": null"}) {
    const Annotation annotation =
        read_annotation_text(std::string(R"({"image_id": 7, "bbox": [1, 2, 3.5, 4])") + empty + "}");
    CHECK(annotation.shape == Shape(box));
    CHECK_FALSE(annotation.box.has_value());
  }
  const Annotation annotation = read_annotation_text(
      R"({"image_id": 7, "bbox": [1, 2, 3.5, 4], "segmentation": [[0,0,4,0,4,4]], "area": 8.25})");
  CHECK(std::holds_alternative<Polygon>(annotation.shape));
  CHECK(annotation.box == box);
  CHECK(annotation.area == 8.25);
}

TEST_CASE("keypoints come with their names and edges") {
  const Reading reading =
      read_coco_text(R"({"images": [{"id": 0, "file_name": "a.jpg", "width": 4, "height": 4}],
    "categories": [{"id": 0, "name": "person", "keypoints": ["nose", "eye"], "skeleton": [[1, 2]]}],
    "annotations": [{"id": 0, "image_id": 0, "category_id": 0, "keypoints": [1, 2, 2, 0, 0, 0], "num_keypoints": 1}]})");
  CHECK(reading.findings.empty());
  CHECK(reading.metadata.labels[0].id == 0);
  CHECK(reading.metadata.labels[0].skeleton == Skeleton{{"nose", "eye"}, {{0, 1}}});
  REQUIRE(reading.items.at(0).annotations.size() == 1);
  const Annotation& annotation = reading.items[0].annotations[0];
  CHECK(annotation.id == 0);
  CHECK(annotation.keypoints == std::vector<Keypoint>{{{1, 2}, 2}, {{0, 0}, 0}});
  CHECK(annotation.attributes.empty());
}

TEST_CASE("keys of other programs are attributes of their own types") {
  const Annotation annotation = read_annotation_text(
      R"({"image_id": 7, "b": false, "i": -5, "d": 1.0, "s": "a\u00e9\ud83d\ude00\n", "n": null, "l": [1, {"x": 2.50}],
          "big": 123456789012345678901234567890, "score": 0.25, "attributes": {"rotation": 0.5, "deep": {"k": []}}})");
  CHECK(text_of(annotation.attributes, "b") == "false");
  CHECK(text_of(annotation.attributes, "i") == "integer -5");
  CHECK(text_of(annotation.attributes, "d") == "number 1.000000");
  CHECK(text_of(annotation.attributes, "s") == "text a\xC3\xA9\xF0\x9F\x98\x80\n");
  CHECK(text_of(annotation.attributes, "n") == "json null");
  CHECK(text_of(annotation.attributes, "l") == "json [1,{\"x\":2.5}]");
  CHECK(text_of(annotation.attributes, "big") == "json 123456789012345678901234567890");
  CHECK(text_of(annotation.attributes, "rotation") == "number 0.500000");
  CHECK(text_of(annotation.attributes, "deep") == "json {\"k\":[]}");
  CHECK(text_of(annotation.attributes, "attributes") == "absent");
  CHECK(annotation.score == 0.25);
}

TEST_CASE("info, licences and unknown keys belong to the data set") {
  const Reading reading = read_coco_text(R"({"type": "instances", "info": {"year": 2017, "description": "d"},
    "videos": [{"id": 1}], "images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 4, "license": 2}],
    "licenses": [{"id": 2, "name": "by", "url": "u"}], "categories": [{"id": 1, "name": "x", "synset": "x.n.01"}],
    "annotations": []})");
  CHECK(reading.findings.empty());
  CHECK(reading.metadata.description == "d");
  CHECK(reading.metadata.licences == std::vector<Licence>{{2, "by", "u"}});
  CHECK(text_of(reading.metadata.attributes, "info") == "json {\"year\":2017}");
  CHECK(text_of(reading.metadata.attributes, "type") == "text instances");
  CHECK(text_of(reading.metadata.attributes, "videos") == "json [{\"id\":1}]");
  CHECK(text_of(reading.metadata.attributes, "categories") == "json {\"x\":{\"synset\":\"x.n.01\"}}");
  CHECK(text_of(reading.items.at(0).attributes, "license") == "integer 2");
}

TEST_CASE("an image without annotations is empty; a file without a list of them is not annotated") {
  const std::string images = R"("images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 4}])";
  CHECK(read_coco_text("{" + images + ", \"annotations\": []}").items.at(0).annotated);
  CHECK_FALSE(read_coco_text("{" + images + "}").items.at(0).annotated);
}

TEST_CASE("items come in the order of the images, whatever the order of keys, annotations and ids") {
  const Reading reading = read_coco_text(R"({"annotations": [
    {"id": 1, "image_id": 5, "category_id": 2}, {"id": 2, "image_id": -9, "category_id": 2},
    {"id": 3, "image_id": 5, "category_id": 2}, {"id": 4, "image_id": 9007199254740993, "category_id": 2}],
    "images": [{"file_name": "z.jpg", "id": 9007199254740993, "width": 4, "height": 4},
               {"file_name": "a.jpg", "id": 5, "width": 4, "height": 4},
               {"file_name": "m.jpg", "id": -9, "width": 4, "height": 4}],
    "categories": [{"id": 2, "name": "x"}]})");
  CHECK(reading.findings.empty());
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> found;
  for (const Item& item : reading.items) {
    found.push_back({item.id, {}});
    for (const Annotation& annotation : item.annotations) found.back().second.push_back(*annotation.id);
  }
  CHECK(found == std::vector<std::pair<std::string, std::vector<std::int64_t>>>{
                     {"z", {4}}, {"a", {1, 3}}, {"m", {2}}});
  CHECK(reading.items[0].source_id == 9007199254740993);
}

TEST_CASE("ids that are numbers in quotes or with a point are numbers") {
  const Reading reading =
      read_coco_text(R"({"images": [{"id": "12", "file_name": "a.jpg", "width": 4, "height": 4}],
    "annotations": [{"id": "5", "image_id": 12.0, "category_id": "3"}], "categories": [{"id": 3.0, "name": "x"}]})");
  CHECK(reading.findings.empty());
  CHECK(reading.items.at(0).source_id == 12);
  REQUIRE(reading.items[0].annotations.size() == 1);
  CHECK(reading.items[0].annotations[0].id == 5);
  CHECK(reading.items[0].annotations[0].label == 0);
}

TEST_CASE("ids that are text hold a data set together and are kept as attributes") {
  const Reading reading =
      read_coco_text(R"({"images": [{"id": "img", "file_name": "a.jpg", "width": 4, "height": 4}],
    "annotations": [{"id": "ann", "image_id": "img", "category_id": "cat"}], "categories": [{"id": "cat", "name": "x"}]})");
  CHECK(reading.summary() == std::vector<std::string>{"text-id 2 categories[0].id", "text-id 1 images[0].id",
                                                      "text-id 2 annotations[0].id"});
  const Item& item = reading.items.at(0);
  CHECK_FALSE(item.source_id.has_value());
  CHECK(text_of(item.attributes, "id") == "text img");
  REQUIRE(item.annotations.size() == 1);
  CHECK(item.annotations[0].label == 0);
  CHECK_FALSE(item.annotations[0].id.has_value());
  CHECK(text_of(item.annotations[0].attributes, "id") == "text ann");
}

TEST_CASE("of a key that is there twice the last counts, as in Python") {
  const Annotation annotation = read_annotation_text(
      R"({"image_id": 1, "id": 1, "iscrowd": 1, "x": 1, "image_id": 7, "id": 2, "iscrowd": 0, "x": 2})");
  CHECK(annotation.id == 2);
  CHECK(annotation.flags.crowd == false);
  CHECK(text_of(annotation.attributes, "x") == "integer 2");
}

TEST_CASE("escapes in keys and names are what they stand for") {
  const Reading reading = read_coco_text(
      R"({"im\u0061ges": [{"\u0069d": 1, "file_name": "\ud83d\ude00 \"b\".jpg", "width": 4, "height": 4}], "annotations": []})");
  CHECK(reading.items.at(0).id == "\xF0\x9F\x98\x80 \"b\"");
}

TEST_CASE("a byte order mark and CRLF change nothing but the lines") {
  std::string text =
      with_annotations({R"({"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 1, 2, 2]})"});
  const Reading plain = read_coco_text(text);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.insert(at, "\r");
  const Reading dressed = read_coco_text("\xEF\xBB\xBF" + text);
  CHECK(dressed.findings.empty());
  CHECK(dressed.metadata == plain.metadata);
  REQUIRE(dressed.items.size() == 1);
  CHECK(dressed.items[0].annotations == plain.items[0].annotations);
  CHECK(dressed.items[0].annotations[0].origin.line == 4u);
}

TEST_CASE("LVIS has no file names, but addresses") {
  const Reading reading = read_coco_text(R"({"images": [{"id": 1, "width": 4, "height": 4,
      "coco_url": "http://images.cocodataset.org/train2017/000000391895.jpg"}], "annotations": []})");
  CHECK(reading.findings.empty());
  CHECK(reading.items.at(0).file_name == "000000391895.jpg");
}

TEST_CASE("colours, kinds and roles of categories are read") {
  const Reading reading =
      read_coco_text(R"({"info": {"maskmill": {"background": {"index": 1, "id": 0, "name": "sky",
      "color": [9, 8, 7]}}}, "images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 4}],
      "annotations": [{"id": 1, "image_id": 1, "category_id": 5}, {"id": 2, "image_id": 1, "category_id": 6, "iscrowd": 1}],
      "categories": [{"id": 5, "name": "cat", "color": [1, 2, 3], "isthing": 1, "supercategory": "animal"},
                     {"id": 6, "name": "void", "role": "ignore", "isthing": 0}]})");
  CHECK(reading.findings.empty());
  Label cat = label("cat", 5), sky = label("sky", 0, Role::background),
        ignored = label("void", 6, Role::ignore);
  cat.colour = Rgb{1, 2, 3};
  cat.supercategory = "animal";
  cat.kind = LabelKind::thing;
  sky.colour = Rgb{9, 8, 7};
  ignored.kind = LabelKind::stuff;
  CHECK(reading.metadata.labels == LabelMap({cat, sky, ignored}));
  CHECK(reading.items.at(0).annotations.at(0).label == 0);
  CHECK(reading.items.at(0).annotations.at(1).label == 2);
}

TEST_CASE("annotations that lie apart in a large file are each read whole") {
  std::string text =
      R"({"images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 4}], "annotations": [)";
  for (int i = 0; i < 40; ++i) {
    if (i > 0) text += ",";
    text += "{\"id\": " + std::to_string(i) + ", \"image_id\": 1, \"pad\": \"" +
            std::string(i % 3 == 0 ? 100'000 : 10, 'p') + "\"}";
    text += std::string(i % 5 == 0 ? 6000 : 0, ' ');
  }
  const Reading reading = read_coco_text(text + "]}");
  REQUIRE(reading.items.at(0).annotations.size() == 40);
  for (int i = 0; i < 40; ++i) CHECK(reading.items[0].annotations[static_cast<std::size_t>(i)].id == i);
}
