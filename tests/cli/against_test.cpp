// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "base/json.h"
#include "base/output.h"
#include "support/data_sets.h"
#include "support/program.h"
#include "support/schemas.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr Size kSize{160, 120};
constexpr const char* kLabels = R"({"labels": [{"name": "background", "id": 0, "role": "background"},
                                              {"name": "road", "id": 1}, {"name": "car", "id": 2}]})";

cv::Mat scene(int car_x) {
  cv::Mat mask = cv::Mat::zeros(kSize.height, kSize.width, CV_8UC1);
  mask(cv::Rect(0, 60, kSize.width, 60)) = 1;
  mask(cv::Rect(car_x, 70, 24, 20)) = 2;
  return mask;
}

/// Six annotated pictures, in one of which the car is a part of the road; and what two models predict, each
/// of half of them, as predict --probabilities writes it.
struct Doubtful {
  Scratch scratch;
  std::string data = (scratch / "data").string(), first = (scratch / "first").string(),
              second = (scratch / "second").string();
  Doubtful() {
    scratch.write("data/labels.json", kLabels);
    for (int i = 0; i < 6; ++i) {
      const std::string name = "item" + std::to_string(i) + ".png";
      const cv::Mat mask = scene(10 + 20 * i);
      cv::Mat annotated = mask.clone();
      if (i == 4) annotated(cv::Rect(90, 70, 24, 20)) = 1;
      cv::Mat picture(kSize.height, kSize.width, CV_8UC3);
      for (int y = 0; y < picture.rows; ++y)
        for (int x = 0; x < picture.cols; ++x)
          picture.at<cv::Vec3b>(y, x) = {static_cast<std::uint8_t>(40 * i + x / 4),
                                         static_cast<std::uint8_t>(y + 60 * mask.at<std::uint8_t>(y, x)), 90};
      scratch.write("data/images/" + name, encode_png(picture));
      scratch.write("data/masks/" + name, encode_index_png(annotated));
      const std::string model = i % 2 == 0 ? "first/" : "second/";
      scratch.write(model + "labels.json", kLabels);
      scratch.write(model + "masks/" + name, encode_index_png(mask));
      for (int label = 0; label < 3; ++label) {
        cv::Mat levels;
        cv::Mat(mask == label).convertTo(levels, CV_16U, 60000 / 255.0);
        const char* names[]{"background", "road", "car"};
        scratch.write(model + "probabilities/" + names[label] + "/" + name, encode_png(levels));
      }
    }
  }
};

}  // namespace

TEST_CASE("check --against ranks what models contradict, and draws both sides") {
  const Doubtful made;
  const std::string page = (made.scratch / "doubts.html").string();
  const Ran ran = tests::maskmill({"check", made.data, "--against", made.first, "--against", made.second,
                                   "--json", "--quiet", "--report", page});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  const Json document = parse_json(ran.out, "check");
  CHECK(document["against"]["by"] == "probabilities");
  CHECK(document["against"]["items"] == 6);
  CHECK(document["against"]["not_predicted"] == 0);
  std::vector<Json> found;
  for (const Json& finding : document["findings"])
    if (finding["rule"] == "contradicted-region") found.push_back(finding);
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0]["place"]["file"].get<std::string>(), contains("data/masks/item4.png"));
  CHECK_THAT(found[0]["related"][0]["file"].get<std::string>(), contains("first/masks/item4.png"));
  CHECK(found[0]["region"] == Json::array({90, 70, 24, 20}));
  CHECK_THAT(read_file(page), contains("first/masks/item4.png") && contains("contradicted-region"));

  const Ran half = tests::maskmill({"check", made.data, "--against", made.second, "--json", "--quiet"});
  const Json of_second = parse_json(half.out, "check");
  CHECK(of_second["against"]["not_predicted"] == 3);
  CHECK(!of_second["rules"].contains("contradicted-region"));
  CHECK_THAT(tests::maskmill({"check", made.data, "--against", made.second}).out,
             contains("3 items held against predictions, by their probabilities") &&
                 contains("3 items without a prediction"));
}

TEST_CASE("check --against takes COCO results, whose images and categories the data set says") {
  const Scratch scratch;
  std::string images, annotations, detections;
  for (int i = 1; i <= 3; ++i) {
    const std::string n = std::to_string(i), comma = i < 3 ? "," : "";
    scratch.write("data/images/" + n + ".jpg", jpeg_picture({100, 80}));
    images += R"({"id": )" + n + R"(, "file_name": ")" + n + R"(.jpg", "width": 100, "height": 80})" + comma;
    annotations += R"({"id": )" + n + R"(, "image_id": )" + n +
                   R"(, "category_id": 5, "bbox": [10, 10, 20, 20], "area": 400, "iscrowd": 0})" + comma;
    detections += R"({"image_id": )" + n + R"(, "category_id": 5, "score": 0.8, "bbox": [10, 10, 20, 20]},)";
  }
  detections += R"({"image_id": 2, "category_id": 5, "score": 0.9, "bbox": [60, 40, 30, 30]})";
  scratch.write("data/annotations.json", R"({"images": [)" + images + R"(], "annotations": [)" + annotations +
                                             R"(], "categories": [{"id": 5, "name": "cat"}]})");
  const std::string results = scratch.write("found/results.json", "[" + detections + "]").string();
  const Ran ran = tests::maskmill({"check", (scratch / "data").string(), "--against", results, "--json",
                                   "--quiet", "--report", (scratch / "doubts.html").string()});
  INFO(ran.err);
  const Json document = parse_json(ran.out, "check");
  CHECK(document["against"]["by"] == "objects");
  CHECK(document["rules"]["overlooked-object"] == 1);
  for (const Json& finding : document["findings"])
    if (finding["rule"] == "overlooked-object") CHECK(finding["region"] == Json::array({60, 40, 30, 30}));
}

TEST_CASE("settings of predictions without predictions are refused") {
  const Doubtful made;
  CHECK(tests::maskmill({"check", made.data, "--from-predictions", "pairs"}).status == 2);
}
