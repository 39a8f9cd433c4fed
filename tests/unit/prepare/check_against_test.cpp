// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/against.h"

#include <array>
#include <map>

#include "base/parallel.h"
#include "dataset/probability_files.h"
#include "support/data_sets.h"
#include "support/drawn.h"
#include "support/mask_items.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr Size kSceneSize{200, 120};

Label named(const std::string& name, Role role = Role::object) {
  Label label;
  label.name = name, label.role = role;
  return label;
}

LabelMap scene_labels() {
  return LabelMap({named("background", Role::background), named("road"), named("car")});
}

Item masked_item(const std::string& id, const cv::Mat& mask, const std::string& folder = "") {
  Item item;
  item.id = id;
  item.size = Size{mask.cols, mask.rows};
  item.origin = {folder + id + ".png", {}, {}};
  item.semantic = made_mask(mask, index_coding(3), folder + id + ".png");
  return item;
}

/// A road below, and a car on it.
cv::Mat road_with_car(int car_x) {
  cv::Mat mask = cv::Mat::zeros(kSceneSize.height, kSceneSize.width, CV_16UC1);
  mask(cv::Rect(0, 60, kSceneSize.width, 60)) = 1;
  mask(cv::Rect(car_x, 70, 30, 25)) = 2;
  return mask;
}

struct Checked {
  AgainstReport against;
  std::vector<Finding> findings;
  std::vector<std::string> rules;
};

Checked against(std::vector<Item> items, std::vector<Item> predicted, const LabelMap& labels,
                const LabelMap& predicted_labels, const std::optional<Path>& folder = std::nullopt) {
  Metadata metadata, of_predictions;
  metadata.labels = labels, of_predictions.labels = predicted_labels;
  const auto source = make_source(metadata, std::move(items));
  const auto predictions = make_source(of_predictions, std::move(predicted));
  CheckReport report;
  Checked checked;
  const std::array models{ModelPredictions{*predictions, folder}};
  checked.against = check_against(*source, models, report);
  report.findings.for_each([&](const Finding& finding) {
    UNSCOPED_INFO(finding.rule << ": " << finding.message);
    checked.findings.push_back(finding);
    checked.rules.push_back(finding.rule);
  });
  return checked;
}

/// Ten scenes that a model predicts as they are annotated, but for what the caller changes.
struct Scenes {
  std::vector<cv::Mat> annotated, predicted;
  Scenes() {
    for (int i = 0; i < 10; ++i)
      annotated.push_back(road_with_car(10 + 12 * i)), predicted.push_back(road_with_car(10 + 12 * i));
  }
  Checked check(const std::optional<Path>& folder = std::nullopt) const {
    std::vector<Item> items, found;
    for (std::size_t i = 0; i < annotated.size(); ++i) {
      items.push_back(masked_item("i" + std::to_string(i), annotated[i]));
      found.push_back(masked_item("i" + std::to_string(i), predicted[i], "predicted/"));
    }
    return against(std::move(items), std::move(found), scene_labels(), scene_labels(), folder);
  }
};

/// Where each label has the probability given of the predicted one, and the others share the rest.
void write_probabilities(const Path& folder, const std::string& id, const cv::Mat& predicted,
                         const cv::Mat& probability) {
  for (int label = 0; label < 3; ++label) {
    cv::Mat levels(predicted.size(), CV_16UC1);
    for (int y = 0; y < levels.rows; ++y)
      for (int x = 0; x < levels.cols; ++x) {
        const double p = probability.at<double>(y, x);
        const bool is_it = predicted.at<std::uint16_t>(y, x) == label;
        levels.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(65535 * (is_it ? p : (1 - p) / 2));
      }
    const Path file = folder / probability_file(scene_labels(), label, id);
    fs::create_directories(file.parent_path());
    rewrite(file, encode_png(levels));
  }
}

}  // namespace

TEST_CASE("contradicted-region: a car annotated as road, where the model sees a car") {
  Scenes scenes;
  scenes.annotated[3](cv::Rect(46, 70, 30, 25)) = 1;
  const Checked checked = scenes.check();
  CHECK(checked.against.by == AgainstReport::By::masks);
  CHECK(checked.against.items == 10);
  REQUIRE(checked.rules == std::vector<std::string>{"contradicted-region"});
  const Finding& finding = checked.findings[0];
  CHECK(finding.severity == Severity::warning);
  CHECK(finding.place.file == "i3.png");
  CHECK(finding.related == std::vector<Place>{{"predicted/i3.png", {}, {}}});
  CHECK(finding.region == std::array<double, 4>{46, 70, 30, 25});
  CHECK_THAT(finding.message, contains("750 pixels of \"road\"") && contains("predicts \"car\"") &&
                                  contains("90 % is annotated so"));
}

TEST_CASE("contradicted-region: borders that are a little off, void, and what nobody labelled are not told") {
  Scenes scenes;
  scenes.predicted[2] = road_with_car(10 + 12 * 2 + 2);
  scenes.annotated[4](cv::Rect(58, 70, 30, 25)) = kUnlabelled;
  const Checked checked = scenes.check();
  CHECK(checked.findings.empty());
}

TEST_CASE("contradicted-region: with probabilities, what the model is unsure of is not told") {
  const Scratch scratch;
  Scenes scenes;
  const cv::Rect car3(46, 70, 30, 25), car5(70, 70, 30, 25), car7(94, 70, 30, 25);
  for (const auto& [i, car] : {std::pair(3, car3), {5, car5}, {7, car7}})
    scenes.annotated[static_cast<std::size_t>(i)](car) = 1;
  for (std::size_t i = 0; i < 10; ++i) {
    cv::Mat sure(kSceneSize.height, kSceneSize.width, CV_64F, cv::Scalar(0.9));
    if (i == 3) sure(car3) = 0.92;
    if (i == 5) sure(car5) = 0.5;   // below the 0.9 that cars have elsewhere
    if (i == 7) sure(car7) = 0.97;  // the surest comes first
    write_probabilities(scratch.path(), "i" + std::to_string(i), scenes.predicted[i], sure);
  }
  const Checked checked = scenes.check(scratch.path());
  CHECK(checked.against.by == AgainstReport::By::probabilities);
  REQUIRE(checked.findings.size() == 2);
  CHECK(checked.findings[0].place.file == "i7.png");
  CHECK_THAT(checked.findings[0].message, contains("mean probability 0.97; of \"road\" 0.01"));
  CHECK(checked.findings[1].place.file == "i3.png");
}

TEST_CASE("against: probabilities that are missing or of another size are said, and the rest is compared") {
  const Scratch scratch;
  const Scenes scenes;
  const cv::Mat sure(kSceneSize.height, kSceneSize.width, CV_64F, cv::Scalar(0.9));
  for (std::size_t i = 1; i < 10; ++i)
    write_probabilities(scratch.path(), "i" + std::to_string(i), scenes.predicted[i], sure);
  write_probabilities(scratch.path(), "i1", scenes.predicted[1](cv::Rect(0, 0, 50, 50)).clone(),
                      sure(cv::Rect(0, 0, 50, 50)));
  const Checked checked = scenes.check(scratch.path());
  CHECK(checked.against.items == 8);
  CHECK(checked.against.left_out == 2);
  REQUIRE(checked.rules == std::vector<std::string>{"not-compared", "not-compared"});
  CHECK_THAT(checked.findings[0].place.file, contains("background/i0.png"));
  CHECK_THAT(checked.findings[1].message, contains("50x50"));
}

// --- objects

namespace {

const std::array<Box, 4> kPlaces{Box{10, 10, 40, 40}, Box{110, 10, 40, 40}, Box{10, 110, 40, 40},
                                 Box{110, 110, 40, 40}};

LabelMap cats_and_dogs() {
  return LabelMap({named("cat"), named("dog")});
}

Annotation object(int label, const Box& box, std::optional<double> score, const std::string& name) {
  Annotation made;
  made.label = label, made.shape = box, made.score = score;
  made.origin = {"file.json", {}, name};
  return made;
}

Item image_numbered(int i) {
  Item item;
  item.id = "i" + std::to_string(i);
  item.size = Size{200, 200};
  item.origin = {"truth.json", {}, item.id};
  return item;
}

/// Images with a cat or a dog in each of four places, all found with a score of 0.8; but for the first image,
/// which the caller makes.
Checked against_animals(std::vector<Annotation> annotated, std::vector<Annotation> detected) {
  std::vector<Item> items, predictions;
  for (int i = 0; i < 12; ++i) {
    Item item = image_numbered(i);
    Item prediction = item;
    for (std::size_t k = 0; i > 0 && k < 4; ++k) {
      const int label = static_cast<int>(k) % 2;
      item.annotations.push_back(object(label, kPlaces[k], std::nullopt, "t" + std::to_string(4 * i)));
      prediction.annotations.push_back(object(label, kPlaces[k], 0.8, "d"));
    }
    if (i == 0) item.annotations = annotated, prediction.annotations = detected;
    items.push_back(std::move(item));
    predictions.push_back(std::move(prediction));
  }
  return against(std::move(items), std::move(predictions), cats_and_dogs(), cats_and_dogs());
}

}  // namespace

TEST_CASE("overlooked-object: a sure detection where nothing is annotated, told once") {
  const Checked checked = against_animals(
      {object(0, kPlaces[0], {}, "a")},
      {object(0, kPlaces[0], 0.8, "p"), object(1, {150, 150, 30, 30}, 0.95, "q"),
       object(1, {151, 151, 30, 30}, 0.9, "double"), object(0, {60, 150, 30, 30}, 0.5, "unsure")});
  REQUIRE(checked.rules == std::vector<std::string>{"overlooked-object"});
  CHECK(checked.against.by == AgainstReport::By::objects);
  CHECK(checked.findings[0].place == Place{"truth.json", {}, "i0"});
  CHECK(checked.findings[0].region == std::array<double, 4>{150, 150, 30, 30});
  CHECK(checked.findings[0].related == std::vector<Place>{{"file.json", {}, "q"}});
  CHECK_THAT(checked.findings[0].message, contains("\"dog\" (score 0.95"));
}

TEST_CASE("overlooked-object: in a crowd everything is annotated") {
  Annotation crowd = object(1, {140, 140, 60, 60}, {}, "crowd");
  crowd.flags.crowd = true;
  CHECK(against_animals({crowd}, {object(1, {150, 150, 30, 30}, 0.95, "q")}).findings.empty());
}

TEST_CASE("swapped-label: sure of another label, and less of the annotated one") {
  const auto found = [](double as_cat) {
    std::vector<Annotation> detections{object(1, {12, 10, 40, 40}, 0.9, "dog")};
    if (as_cat > 0) detections.push_back(object(0, kPlaces[0], as_cat, "cat"));
    return against_animals({object(0, kPlaces[0], {}, "a")}, std::move(detections));
  };
  for (const double as_cat : {0.0, 0.2}) {
    const Checked checked = found(as_cat);
    REQUIRE(checked.rules == std::vector<std::string>{"swapped-label"});
    CHECK(checked.findings[0].place.field == "a");
    CHECK_THAT(checked.findings[0].message, contains("annotated as \"cat\"") && contains("\"dog\" there"));
  }
  CHECK(found(0.95).findings.empty());
}

TEST_CASE("swapped-label: two objects in one place, each found, are no swap") {
  const Checked checked =
      against_animals({object(0, kPlaces[0], {}, "cat"), object(1, {14, 10, 40, 40}, {}, "dog on it")},
                      {object(1, {14, 10, 40, 40}, 0.9, "d"), object(0, kPlaces[0], 0.85, "c")});
  CHECK(checked.findings.empty());
}

TEST_CASE("badly-located-object: half of the object, which the model finds whole") {
  const Checked checked =
      against_animals({object(0, {10, 10, 40, 18}, {}, "half")}, {object(0, kPlaces[0], 0.85, "whole")});
  REQUIRE(checked.rules == std::vector<std::string>{"badly-located-object"});
  CHECK(checked.findings[0].place.field == "half");
  CHECK_THAT(checked.findings[0].message, contains("IoU 0.45"));
}

TEST_CASE("unfound-object: nothing where the model finds nearly all; rare labels are given no recall") {
  const Checked checked =
      against_animals({object(0, {150, 60, 40, 40}, {}, "ghost")}, {object(1, kPlaces[0], 0.3, "elsewhere")});
  REQUIRE(checked.rules == std::vector<std::string>{"unfound-object"});
  CHECK(checked.findings[0].severity == Severity::note);
  CHECK_THAT(checked.findings[0].message, contains("22 of 23 medium ones"));
  CHECK(against_animals({object(0, {150, 60, 10, 10}, {}, "of no size that is known")}, {}).findings.empty());
}

TEST_CASE("against: the most contradicted first, and the same for any number of threads") {
  std::vector<Finding> first;
  for (const int threads : {1, 4}) {
    const Jobs jobs(threads);
    std::vector<Item> items, predictions;
    for (int i = 0; i < 40; ++i) {
      Item item = image_numbered(i);
      Item prediction = item;
      for (std::size_t k = 0; k < 2; ++k) {
        item.annotations.push_back(object(0, kPlaces[k], {}, "t"));
        prediction.annotations.push_back(object(0, kPlaces[k], 0.5, "d"));
      }
      prediction.annotations.push_back(object(0, kPlaces[3], 0.6 + 0.01 * ((i * 7) % 20), "more"));
      items.push_back(std::move(item));
      predictions.push_back(std::move(prediction));
    }
    const Checked checked =
        against(std::move(items), std::move(predictions), cats_and_dogs(), cats_and_dogs());
    REQUIRE(checked.findings.size() == 40);
    CHECK_THAT(checked.findings.front().message, contains("score 0.79"));
    CHECK_THAT(checked.findings.back().message, contains("score 0.60"));
    if (first.empty()) first = checked.findings;
    CHECK(checked.findings == first);
  }
}

TEST_CASE("against: where nothing meets, that is an error") {
  Item item, other;
  item.id = "a", other.id = "b";
  item.size = other.size = Size{10, 10};
  item.annotations = other.annotations = {object(0, {1, 1, 5, 5}, 0.5, "x")};
  CHECK_THROWS_AS(against({item}, {other}, cats_and_dogs(), cats_and_dogs()), Error);
}
