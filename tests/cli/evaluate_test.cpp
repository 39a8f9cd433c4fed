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

TEST_CASE("evaluate --images writes a table whole, or refuses before it has read anything") {
  const Files files;
  const std::string table = (files.scratch / "out" / "images.csv").string();
  const Json document = evaluated(
      {files.truth, files.detections, "--metrics", "bbox", "--images", table, "--min-score", "0.6"});
  CHECK(document["least_scores"]["bbox"] == 0.6);
  const std::string text = read_file(table);
  CHECK(text == "id,bbox_found,bbox_wrong,bbox_missed\na,1,1,1\nb,0,0,1\n");
  CHECK(tests::maskmill({"evaluate", files.truth, files.detections, "--images", table}).status == 3);
  CHECK(read_file(table) == text);
  evaluated({files.truth, files.detections, "--metrics", "bbox", "--images", table, "--force"});
  CHECK(read_file(table) != text);  // from the score on at which F1 is best, which is that of the cat in b
  CHECK_THAT(read_file(table), contains("\nb,1,0,0\n"));
}

TEST_CASE("evaluate --errors says what is wrong with detections, and of what it cannot say so") {
  const Files files;
  const Json document = evaluated({files.truth, files.detections, "--errors"});
  const Json& errors = document["coco"]["bbox"]["errors"];
  CHECK(errors["Bkg"]["count"] == 1);
  CHECK(errors["Miss"]["count"] == 1);
  CHECK(errors["AP50"] == document["coco"]["bbox"]["AP50"]);
  CHECK_FALSE(evaluated({files.truth, files.detections})["coco"]["bbox"].contains("errors"));
  const Ran masks =
      tests::maskmill({"evaluate", files.truth, files.truth, "--metrics", "semantic", "--errors"});
  CHECK(masks.status == 2);
  CHECK_THAT(masks.err, contains("--metrics bbox"));
}

TEST_CASE("evaluate --compare holds two predictions against each other, with draws of the images") {
  const Files files;
  const std::string better = files.scratch
                                 .write("better/detections_val.json", R"([
      {"image_id": 3, "category_id": 5, "score": 0.5, "bbox": [10, 10, 20, 20]},
      {"image_id": 7, "category_id": 5, "score": 0.8, "bbox": [10, 10, 20, 20]},
      {"image_id": 7, "category_id": 9, "score": 0.9, "bbox": [50, 10, 20, 20]}])")
                                 .string();
  const std::vector<std::string> words{files.truth,   better, "--compare", files.detections,
                                       "--bootstrap", "50",   "--seed",    "3"};
  const Json document = evaluated(words);
  const Json& boxes = document["comparison"]["bbox"];
  CHECK(boxes["images"] == 2);
  CHECK(boxes["won"] == 1);
  CHECK(boxes["lost"] == 0);
  CHECK(boxes["numbers"]["AP"]["value"] == 1);
  CHECK(boxes["numbers"]["AP"]["other"] == document["other"]["coco"]["bbox"]["AP"]);
  CHECK(boxes["numbers"]["AP"]["difference"].get<double>() > 0);
  CHECK(boxes["numbers"]["AP"]["interval"].size() == 2);
  CHECK(boxes["classes"].size() == 2);
  CHECK(document["bootstrap"]["resamples"] == 50);
  CHECK(document["bootstrap"]["intervals"]["bbox"]["AP"] == Json{1., 1.});
  CHECK(evaluated(words) == document);
  const Ran text = tests::maskmill({"evaluate", files.truth, better, "--compare", files.detections});
  CHECK_THAT(text.out, contains("compared\nbbox: 2 images, of which 1 better, 0 worse"));
  CHECK_FALSE(evaluated({files.truth, better, "--compare", files.detections}).contains("bootstrap"));
  CHECK(tests::maskmill({"evaluate", files.truth, better, "--from-other", "coco"}).status == 2);
}

TEST_CASE("evaluate --report is one page: numbers, curves, errors, and the worst images drawn") {
  const Files files;
  const std::string page = (files.scratch / "out" / "page.html").string();
  const Json document = evaluated({files.truth, files.detections, "--report", page, "--worst", "1"});
  CHECK(document["coco"]["bbox"].contains("errors"));
  const std::string text = read_file(page);
  CHECK_THAT(text, contains("Boxes: precision by recall"));
  CHECK_THAT(text, contains("Boxes: errors"));
  CHECK_THAT(text, contains("Worst images"));
  // The image with an error; its picture lies nowhere, which is said.
  CHECK_THAT(text, contains("a: truth"));
  CHECK_THAT(text, !contains("b: truth"));
  CHECK_THAT(text, contains("without its image"));
  CHECK(text.find("http://") == text.find("http://www.w3.org/"));
  CHECK(tests::maskmill({"evaluate", files.truth, files.detections, "--report", page}).status == 3);
  CHECK(read_file(page) == text);
}

TEST_CASE("a report of masks draws truth, prediction and differences, in whatever order the two lie") {
  const Scratch scratch;
  const std::string data = (scratch / "shapes").string();
  REQUIRE(run_program_at({std::string(MASKMILL_BIN_DIR) + "/quickstart-shapes", data}).status == 0);
  const std::string fewer = (scratch / "fewer").string();
  const Ran made =
      tests::maskmill({"transform", data, "-o", fewer, "--to", "pairs", "--drop", "box", "--quiet"});
  INFO(made.err);
  REQUIRE(made.status == 0);
  const std::string page = (scratch / "page.html").string();
  const Json document =
      evaluated({data, fewer, "--report", page, "--worst", "2", "--compare", data, "--bootstrap", "20"});
  CHECK(document["comparison"]["semantic"]["won"] == 0);
  CHECK(document["comparison"]["semantic"]["lost"].get<int>() > 0);
  CHECK(document["comparison"]["semantic"]["numbers"]["mean_iou"]["share_above_0"] == 0);
  const std::string text = read_file(page);
  CHECK_THAT(text, contains("Compared: Masks of labels"));
  CHECK_THAT(text, contains("Masks of labels: confusion"));
  CHECK_THAT(text, contains(": differences\""));
  CHECK_THAT(text, !contains("without its image"));
}
