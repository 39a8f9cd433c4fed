// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "base/output.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// Two images, three objects and, of these, two that are found; detections as a detector writes them.
struct Files {
  Scratch scratch;
  std::string truth, detections;
  Files() {
    truth = scratch
                .write("data/annotations/instances_val.json", R"({"images": [
      {"id": 7, "file_name": "a.jpg", "width": 100, "height": 80}, {"id": 3, "file_name": "b.jpg", "width": 100, "height": 80}],
      "annotations": [
      {"id": 1, "image_id": 7, "category_id": 5, "bbox": [10, 10, 20, 20], "area": 400, "iscrowd": 0, "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]},
      {"id": 2, "image_id": 7, "category_id": 9, "bbox": [50, 10, 20, 20], "area": 400, "iscrowd": 0, "segmentation": [[50, 10, 70, 10, 70, 30, 50, 30]]},
      {"id": 3, "image_id": 3, "category_id": 5, "bbox": [10, 10, 20, 20], "area": 400, "iscrowd": 0, "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]}],
      "categories": [{"id": 9, "name": "dog"}, {"id": 5, "name": "cat"}]})")
                .string();
    detections = scratch
                     .write("found/detections_val.json", R"([
      {"image_id": 3, "category_id": 5, "score": 0.5, "bbox": [10, 10, 20, 20]},
      {"image_id": 7, "category_id": 9, "score": 0.9, "bbox": [50, 10, 20, 20]},
      {"image_id": 7, "category_id": 5, "score": 0.8, "bbox": [60, 60, 20, 20]}])")
                     .string();
  }
};

Json evaluated(std::vector<std::string> words, int status = 0) {
  words.insert(words.begin(), "evaluate");
  words.insert(words.end(), {"--json", "--quiet"});
  const Ran ran = tests::maskmill(words);
  INFO(ran.err);
  REQUIRE(ran.status == status);
  return Json::parse(ran.out);
}

}  // namespace

TEST_CASE("evaluate takes what results do not say from the truth, a file or a folder") {
  const Files files;
  for (const std::string& truth : {files.truth, (files.scratch / "data").string()}) {
    const Json document = evaluated({truth, files.detections});
    CHECK(document["truth_format"] == "coco");
    CHECK(document["predictions_format"] == "coco_results");
    CHECK(document["items"] == 2);
    CHECK_FALSE(document.contains("semantic"));
    const Json& bbox = document["coco"]["bbox"];
    // The dog: 1. The cats: wrong before right, and one of two is found: 1/2 up to a recall of 1/2.
    CHECK(std::abs(bbox["AP"].get<double>() - (1 + 51 * .5 / 101) / 2) < 1e-12);
    CHECK(bbox["APl"].is_null());
    CHECK(bbox["classes"][0]["name"] == "cat");  // the order is that of the ids
    CHECK(document["findings"].empty());
  }
}

TEST_CASE("evaluate measures what is asked for, and writes pycocotools' arrays") {
  const Files files;
  const std::string arrays = (files.scratch / "out" / "curves.npz").string();
  const Json document =
      evaluated({files.truth, files.detections, "--metrics", "segm,bbox", "--arrays", arrays});
  CHECK(document["coco"].size() == 2);
  CHECK(document["coco"]["segm"]["AP"] == document["coco"]["bbox"]["AP"]);  // boxes count as masks of boxes
  const std::string bytes = read_file(arrays);
  CHECK(bytes.find("'shape': (10,101,2,4,3,)") != std::string::npos);
  const Ran again = tests::maskmill({"evaluate", files.truth, files.detections, "--arrays", arrays});
  CHECK(again.status == 3);
  CHECK(read_file(arrays) == bytes);
  CHECK(tests::maskmill({"evaluate", files.truth, files.detections, "--arrays", arrays, "--force"}).status ==
        0);
}

TEST_CASE("evaluate prints a table a kind, and says on what") {
  const Files files;
  const Ran ran = tests::maskmill({"evaluate", files.truth, files.detections});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, contains("2 items evaluated"));
  CHECK_THAT(ran.out, contains("bbox\n  AP"));
  CHECK_THAT(ran.out, contains("  APl          -"));
}

TEST_CASE("evaluate refuses what it cannot do, and says what can be done") {
  const Files files;
  const Ran lvis = tests::maskmill({"evaluate", files.truth, files.detections, "--federated"});
  CHECK(lvis.status == 3);
  CHECK_THAT(lvis.err, contains("neg_category_ids"));
  CHECK_THAT(lvis.err, contains("--federated"));
  const Ran metric = tests::maskmill({"evaluate", files.truth, files.detections, "--metrics", "box"});
  CHECK(metric.status == 2);
  CHECK_THAT(metric.err, contains("bbox"));
  const Ran subset = tests::maskmill({"evaluate", files.truth, files.detections, "--subset", "train"});
  CHECK(subset.status == 2);
}

TEST_CASE("evaluate gives two annotators' masks each other's IoU") {
  const Scratch scratch;
  const std::string data = (scratch / "shapes").string();
  REQUIRE(run_program_at({std::string(MASKMILL_BIN_DIR) + "/quickstart-shapes", data}).status == 0);
  const Json same = evaluated({data, data});
  CHECK(same["semantic"]["mean_iou"] == 1);
  CHECK(same["semantic"]["mean_boundary_iou"] == 1);
  CHECK_FALSE(same.contains("coco"));
}

TEST_CASE("segments of things and stuff get panoptic quality, without being asked") {
  const Files files;
  const std::string truth = (files.scratch / "panoptic").string();
  const Ran made = tests::maskmill({"convert", files.truth, "-o", truth, "--to", "coco_panoptic", "--media",
                                    "none", "--write", "stuff=dog", "--quiet"});
  INFO(made.err);
  REQUIRE(made.status == 0);
  const Json same = evaluated({truth, truth});
  CHECK(same["panoptic"]["PQ"] == 1);
  CHECK(same["panoptic"]["stuff"]["PQ"] == 1);
  CHECK(same["panoptic"]["classes"].size() == 2);
  CHECK_FALSE(same.contains("coco"));

  const std::string fewer = (files.scratch / "fewer").string();
  const Ran left = tests::maskmill({"transform", files.truth, "-o", fewer, "--to", "coco_panoptic", "--media",
                                    "none", "--drop", "dog", "--quiet"});
  INFO(left.err);
  REQUIRE(left.status == 0);
  const Json missed = evaluated({truth, fewer});
  CHECK(missed["panoptic"]["PQ"] == 0.5);
  CHECK(missed["panoptic"]["stuff"]["RQ"] == 0);
  CHECK_FALSE(evaluated({files.truth, files.detections}).contains("panoptic"));
}
