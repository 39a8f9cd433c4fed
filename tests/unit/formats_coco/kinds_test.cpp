// SPDX-License-Identifier: Apache-2.0
// COCO's other files with the same lists, as its documentation and LVIS's and COCO-Stuff's have them: what
// they say survives reading and writing.
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "catch.h"
#include "dataset/rle.h"
#include "formats/coco/coco.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Json written_again(const Reading& reading) {
  const Scratch scratch;
  write_coco(scratch / "a.json", reading.metadata, reading.items);
  return read_json(scratch / "a.json");
}

// Every key of `expected`, in objects and lists below too.
void check_holds(const Json& found, const Json& expected) {
  if (expected.is_object())
    for (const auto& [key, value] : expected.items()) {
      INFO(key);
      REQUIRE(found.contains(key));
      check_holds(found[key], value);
    }
  else
    CHECK(found == expected);
}

}  // namespace

TEST_CASE("person_keypoints: keypoints, their number, names and edges are kept") {
  const Json annotation = Json::parse(
      R"({"segmentation": [[125.12, 539.69, 140.94, 522.43, 100.67, 496.54]], "num_keypoints": 2, "area": 47803.27955,
  "iscrowd": 0, "keypoints": [0, 0, 0, 142, 309, 1, 177, 320, 2], "image_id": 425226, "bbox": [73.35, 206.02, 300.58, 372.5],
  "category_id": 1, "id": 183126})");
  const Json category = Json::parse(
      R"({"supercategory": "person", "id": 1, "name": "person", "keypoints": ["nose", "left_eye", "right_eye"],
  "skeleton": [[2, 3], [1, 2]]})");
  const Json file{
      {"images", {{{"id", 425226}, {"file_name", "000000425226.jpg"}, {"width", 640}, {"height", 600}}}},
      {"annotations", {annotation}},
      {"categories", {category}}};
  const Reading reading = read_coco_text(to_text(file));
  CHECK(reading.findings.empty());
  const Json again = written_again(reading);
  check_holds(again["annotations"][0], annotation);
  check_holds(again["categories"][0], category);
}

TEST_CASE("person_keypoints: a crowd without a keypoint is no object with one") {
  const Json annotation = Json::parse(
      R"({"segmentation": {"counts": [40, 8, 32], "size": [8, 10]}, "num_keypoints": 0, "area": 8, "iscrowd": 1,
  "keypoints": [0, 0, 0, 0, 0, 0], "image_id": 7, "bbox": [5, 0, 1, 8], "category_id": 3, "id": 900100425226})");
  const Reading reading = read_coco_text(with_annotations({to_line(annotation)}));
  CHECK(reading.findings.empty());
  CHECK(reading.items.at(0).annotations.at(0).keypoints.size() == 2);
  const Json again = written_again(reading);
  CHECK(again["annotations"][0]["keypoints"] == annotation["keypoints"]);
  CHECK(again["annotations"][0]["num_keypoints"] == 0);
  CHECK(again["annotations"][0]["iscrowd"] == 1);
}

TEST_CASE("captions: each is an annotation without a shape and without a label, and its text is kept") {
  const std::string file =
      R"({"info": {"description": "COCO 2017 Dataset"}, "licenses": [],
  "images": [{"license": 3, "file_name": "000000391895.jpg", "height": 360, "width": 640, "id": 391895}],
  "annotations": [{"image_id": 391895, "id": 770337, "caption": "A man with a red helmet on a small moped on a dirt road. "},
  {"image_id": 391895, "id": 771687, "caption": "Man riding a motor bike on a dirt road on the countryside."}]})";
  const Reading reading = read_coco_text(file);
  CHECK(reading.findings.empty());
  REQUIRE(reading.items.at(0).annotations.size() == 2);
  const Annotation& caption = reading.items[0].annotations[1];
  CHECK(caption.shape == Shape());
  CHECK_FALSE(caption.label.has_value());
  CHECK(caption.id == 771687);
  CHECK(caption.attributes ==
        Attributes{{"caption", std::string("Man riding a motor bike on a dirt road on the countryside.")}});
  const Json again = written_again(reading);
  for (int i = 0; i < 2; ++i) check_holds(again["annotations"][i], Json::parse(file)["annotations"][i]);
}

TEST_CASE("captions alone are subsets of their own") {
  const Scratch scratch;
  const std::string file = R"({"images": [{"file_name": "1.jpg", "height": 3, "width": 6, "id": 1}],
  "annotations": [{"image_id": 1, "id": 7, "caption": "a"}]})";
  scratch.write("annotations/captions_val2017.json", file);
  scratch.write("annotations/captions_train2017.json", file);
  scratch.write("val2017/1.jpg", "x");
  const Reading reading = read_coco(scratch.path());
  CHECK(reading.metadata.subsets == std::vector<std::string>{"train2017", "val2017"});
  CHECK(reading.items.at(1).image == scratch / "val2017/1.jpg");
}

TEST_CASE("LVIS: what is known to be absent, what is not exhaustive and how frequent a label is are kept") {
  const Json file = Json::parse(R"({"info": {"description": "LVIS v1"},
  "images": [{"id": 397133, "coco_url": "http://images.cocodataset.org/val2017/000000397133.jpg", "height": 427, "width": 640,
    "license": 4, "neg_category_ids": [3, 12], "not_exhaustive_category_ids": [7]}],
  "annotations": [{"id": 1, "area": 176.1, "segmentation": [[246.5, 180.3, 249.5, 180, 255.7, 182.1]],
    "image_id": 397133, "bbox": [246.5, 180, 9.2, 2.1], "category_id": 7}],
  "categories": [{"id": 3, "name": "air_conditioner", "frequency": "f", "synset": "air_conditioner.n.01",
    "synonyms": ["air_conditioner"], "def": "a machine", "image_count": 207, "instance_count": 364},
    {"id": 7, "name": "almond", "frequency": "r", "synset": "almond.n.02", "synonyms": ["almond"], "def": "a nut",
    "image_count": 1, "instance_count": 1}, {"id": 12, "name": "apple", "frequency": "c"}]})");
  const Reading reading = read_coco_text(to_text(file));
  CHECK(reading.findings.empty());
  CHECK(reading.items.at(0).file_name == "000000397133.jpg");
  const Json again = written_again(reading);
  check_holds(again["images"][0], file["images"][0]);
  check_holds(again["annotations"][0], file["annotations"][0]);
  for (int i = 0; i < 3; ++i) check_holds(again["categories"][i], file["categories"][i]);
}

TEST_CASE("COCO-Stuff: an RLE a label and image is that, no crowd, and `other` is a label like others") {
  const Scratch scratch;
  const std::string file = R"({"images": [{"file_name": "1.jpg", "height": 8, "width": 10, "id": 1}],
  "annotations": [{"segmentation": {"counts": "j035000n0", "size": [8, 10]}, "area": 9.0, "iscrowd": 0, "image_id": 1,
    "bbox": [3.0, 2.0, 3.0, 3.0], "category_id": 183, "id": 10000000}],
  "categories": [{"supercategory": "plant", "id": 94, "name": "branch"}, {"supercategory": "other", "id": 183, "name": "other"}]})";
  scratch.write("annotations/stuff_val2017.json", file);
  scratch.write("annotations/captions_val2017.json", file);
  const Reading reading = read_coco(scratch.path());
  CHECK(reading.summary() == std::vector<std::string>{"file-left-out 0 "});
  const Annotation& annotation = reading.items.at(0).annotations.at(0);
  CHECK(annotation.shape == Shape(Rle{{10, 8}, {26, 3, 5, 3, 5, 3, 35}}));
  CHECK(annotation.flags.crowd == false);
  CHECK(reading.metadata.labels[*annotation.label].name == "other");
  CHECK(reading.items[0].subset == "val2017");
}

// --- what peers get wrong

TEST_CASE("datumaro: RLE becomes iscrowd=1; holes vanish (external contours only)") {
  // A ring: a hole of two pixels in the middle of a square.
  cv::Mat ring(8, 10, CV_8UC1, cv::Scalar(0));
  ring(cv::Rect(2, 2, 4, 4)).setTo(cv::Scalar(1));
  ring(cv::Rect(3, 3, 2, 1)).setTo(cv::Scalar(0));
  const Rle mask = rle_from_mask(ring);
  Metadata metadata;
  metadata.labels = LabelMap({label("cat", 3)});
  Item item;
  item.id = "a";
  item.size = Size{10, 8};
  for (const Flag crowd : {Flag(false), Flag(true), Flag()}) {
    Annotation annotation;
    annotation.label = 0;
    annotation.shape = mask;
    annotation.flags.crowd = crowd;
    item.annotations = {annotation};
    const Scratch scratch;
    write_coco(scratch / "a.json", metadata, {item});
    CHECK(read_json(scratch / "a.json")["annotations"][0]["iscrowd"] == (crowd == true ? 1 : 0));
    const Annotation read = read_coco(scratch / "a.json").items.at(0).annotations.at(0);
    CHECK(read.flags.crowd == crowd);
    CHECK(read.shape == Shape(mask));
  }
}

TEST_CASE("supervision: holes become filled objects; area = box area") {
  const Rle square = Rle{{6, 6}, {7, 4, 2, 1, 2, 1, 2, 1, 2, 1, 2, 4, 7}};  // a frame of 4x4 pixels, one wide
  REQUIRE(area(square) == 12);
  Metadata metadata;
  metadata.labels = LabelMap({label("cat", 3)});
  Item item;
  item.id = "a";
  item.size = Size{6, 6};
  Annotation annotation;
  annotation.label = 0;
  annotation.shape = square;
  item.annotations = {annotation};
  const Scratch scratch;
  write_coco(scratch / "a.json", metadata, {item});
  const Json written = read_json(scratch / "a.json");
  CHECK(written["annotations"].size() == 1);
  CHECK(written["annotations"][0]["area"] == 12);
  CHECK(written["annotations"][0]["bbox"] == Json({1, 1, 4, 4}));
  CHECK(read_coco(scratch / "a.json").items.at(0).annotations.at(0).shape == Shape(square));
}
