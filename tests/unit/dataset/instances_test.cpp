// SPDX-License-Identifier: Apache-2.0
#include <opencv2/imgproc.hpp>

#include "dataset/masks.h"
#include "random_masks.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

const Rle& rle_of(const Annotation& annotation) {
  return std::get<Rle>(annotation.shape);
}

struct Made {
  std::vector<Annotation> annotations;
  InstanceLoss loss;
};

Made make(const cv::Mat& semantic, const LabelMap& labels, const InstanceSettings& settings,
          const cv::Mat& instances = {}) {
  Made made;
  made.annotations = instances_from_mask(semantic, instances, labels, settings, made.loss);
  return made;
}

/// What OpenCV finds, label by label and region by region.
std::vector<Rle> regions_by_opencv(const cv::Mat& semantic, int label) {
  cv::Mat regions;
  const int count = cv::connectedComponents(semantic == label, regions, 8, CV_32S);
  std::vector<Rle> found;
  for (int region = 1; region < count; ++region) found.push_back(rle_from_mask(regions == region));
  return found;
}

/// A number for each object region and 0 for the rest, as an instance mask has it; void is 65535.
cv::Mat numbered(const cv::Mat& semantic, const LabelMap& labels) {
  cv::Mat numbers = cv::Mat::zeros(semantic.size(), CV_16UC1);
  int number = 0;
  for (int label = 0; label < labels.size(); ++label) {
    if (labels.is_ignored(label)) numbers.setTo(cv::Scalar(kUnlabelled), semantic == label);
    if (labels[label].role != Role::object) continue;
    for (const Rle& region : regions_by_opencv(semantic, label)) paint(numbers, region, ++number);
  }
  return numbers;
}

const std::vector<Role> kRoles{Role::object, Role::background, Role::object,
                               Role::ignore, Role::object,     Role::ignore};

}  // namespace

TEST_CASE("regions are those that OpenCV finds for each label, in the order of label and first pixel") {
  Random random(21);
  const LabelMap labels = labels_of({Role::object, Role::object, Role::object});
  for (int i = 0; i < 300; ++i) {
    const cv::Mat semantic = random_values(random, random_size(random), 3);
    const Made made = make(semantic, labels, {});
    std::size_t next = 0;
    for (int label = 0; label < 3; ++label) {
      std::vector<Rle> expected = regions_by_opencv(semantic, label);
      REQUIRE(next + expected.size() <= made.annotations.size());
      std::vector<Rle> found;
      std::int64_t last_first = -1;
      for (std::size_t k = 0; k < expected.size(); ++k, ++next) {
        REQUIRE(made.annotations[next].label == label);
        found.push_back(rle_of(made.annotations[next]));
        const cv::Mat mask = mask_from_rle(found.back());
        std::int64_t first = 0;
        while (
            !mask.at<std::uint8_t>(static_cast<int>(first) / mask.cols, static_cast<int>(first) % mask.cols))
          ++first;
        REQUIRE(first > last_first);
        last_first = first;
      }
      const auto by_counts = [](const Rle& a, const Rle& b) { return a.counts < b.counts; };
      std::sort(found.begin(), found.end(), by_counts);
      std::sort(expected.begin(), expected.end(), by_counts);
      REQUIRE(found == expected);
    }
    REQUIRE(next == made.annotations.size());
    REQUIRE(made.loss.instances == std::ssize(made.annotations));
  }
}

TEST_CASE("a mask comes back from its instances, pixel by pixel, under every policy and as either shape") {
  Random random(22);
  const LabelMap labels = labels_of(kRoles);
  for (int i = 0; i < 200; ++i) {
    const cv::Mat semantic = random_values(random, random_size(random), labels.size());
    const cv::Mat numbers = numbered(semantic, labels);
    for (const auto policy : {InstancePolicy::component, InstancePolicy::label, InstancePolicy::object_mask})
      for (const auto shape : {InstanceShape::rle, InstanceShape::polygon}) {
        const Made made = make(semantic, labels, {.policy = policy, .shape = shape}, numbers);
        const PaintedMask painted =
            mask_from_instances(made.annotations, {semantic.cols, semantic.rows}, labels);
        REQUIRE(equal(painted.labels, semantic));
        REQUIRE(painted.overlapping == 0);
        REQUIRE(painted.skipped == 0);
        REQUIRE(made.loss.pixels_lost == 0);
        REQUIRE(made.loss.left_out == 0);
        if (policy == InstancePolicy::object_mask) REQUIRE(equal(painted.instances, numbers));
      }
  }
}

TEST_CASE("without a background what has no label stays without one") {
  Random random(23);
  const LabelMap labels = labels_of({Role::object, Role::ignore});
  for (int i = 0; i < 100; ++i) {
    cv::Mat semantic = random_values(random, random_size(random), 3);
    semantic.setTo(cv::Scalar(kUnlabelled), semantic == 2);
    const Made made = make(semantic, labels, {});
    REQUIRE(equal(mask_from_instances(made.annotations, {semantic.cols, semantic.rows}, labels).labels,
                  semantic));
  }
}

TEST_CASE("void regions are crowds under every policy, of any area and always as runs") {
  const LabelMap labels = labels_of({Role::background, Role::object, Role::ignore});
  const cv::Mat semantic = drawn_values({"2110", "0110", "0002"});
  const cv::Mat numbers = drawn_values({".550", "0550", "000."});
  for (const auto policy : {InstancePolicy::component, InstancePolicy::label, InstancePolicy::object_mask}) {
    const Made made =
        make(semantic, labels, {.policy = policy, .shape = InstanceShape::polygon, .min_area = 4}, numbers);
    REQUIRE(made.annotations.size() == 3);
    CHECK(made.annotations[0].label == 1);
    CHECK(!made.annotations[0].flags.crowd);
    for (const std::size_t k : {1u, 2u}) {
      CHECK(made.annotations[k].label == 2);
      CHECK(made.annotations[k].flags.crowd == true);
      CHECK(area(rle_of(made.annotations[k])) == 1);
    }
    CHECK(rle_of(made.annotations[1]).counts[0] == 0);  // the upper one first
  }
}

TEST_CASE("by label there is one instance for each label that occurs") {
  const LabelMap labels = labels_of({Role::background, Role::object, Role::object, Role::object});
  const Made made = make(drawn_values({"1013", "0003", "1000"}), labels, {.policy = InstancePolicy::label});
  REQUIRE(made.annotations.size() == 2);
  CHECK(made.annotations[0].label == 1);
  CHECK(area(rle_of(made.annotations[0])) == 3);
  CHECK(made.annotations[1].label == 3);
}

TEST_CASE("an object's label is the one under most of its pixels, void and background left out") {
  const LabelMap labels = labels_of({Role::background, Role::object, Role::object, Role::ignore});
  const Made made = make(drawn_values({"000001", "001122", "333333"}), labels, {},
                         drawn_values({"777778", "777777", "777779"}));
  // Number 7: five of background, two of label 1, two of label 2 (a tie: the lower), void apart; 9 lies on
  // void only.
  REQUIRE(made.annotations.size() == 3);
  CHECK(made.annotations[0].label == 1);
  CHECK(area(rle_of(made.annotations[0])) == 11);
  CHECK(made.annotations[1].label == 1);
  CHECK(area(rle_of(made.annotations[1])) == 1);
  CHECK(made.annotations[2].flags.crowd == true);
  CHECK(area(rle_of(made.annotations[2])) == 6);
  CHECK(made.loss.left_out == 0);
  CHECK(made.loss.pixels_lost == 9);
}

TEST_CASE("what has a number and no label, or a label and no number, is counted") {
  const LabelMap labels = labels_of({Role::background, Role::object});
  const Made made = make(drawn_values({"0011", "0.11"}), labels, {}, drawn_values({"5500", "5500"}));
  CHECK(made.annotations.empty());
  CHECK(made.loss.left_out == 1);
  CHECK(made.loss.pixels_lost == 4);
}

TEST_CASE("what has a label, and void for a number, is a crowd of that label, of any area") {
  const LabelMap labels = labels_of({Role::background, Role::object, Role::object, Role::ignore});
  const Made made = make(drawn_values({"2011", "1013", "2220"}), labels, {.min_area = 4},
                         drawn_values({".011", ".011", "..00"}));
  REQUIRE(made.annotations.size() == 3);
  for (const std::size_t k : {0u, 1u, 2u}) CHECK(made.annotations[k].flags.crowd == true);
  CHECK(made.annotations[0].label == 1);
  CHECK(mask_from_rle(rle_of(made.annotations[0])).at<std::uint8_t>(1, 0) == 1);
  CHECK(area(rle_of(made.annotations[0])) == 1);
  CHECK(made.annotations[1].label == 2);
  CHECK(area(rle_of(made.annotations[1])) == 3);
  CHECK(made.annotations[2].label == 3);
  CHECK(made.loss.left_out == 1);     // number 1 has three pixels with a label, below the least area
  CHECK(made.loss.pixels_lost == 4);  // and one pixel of label 2 has no number
}

TEST_CASE("pixels_lost is the number of pixels that painting does not give back") {
  Random random(24);
  const LabelMap labels = labels_of({Role::background, Role::object, Role::object, Role::ignore});
  for (int i = 0; i < 300; ++i) {
    const Size size = random_size(random);
    const cv::Mat semantic = random_values(random, size, 4);
    const cv::Mat numbers = random_values(random, size, 4);
    for (const auto policy :
         {InstancePolicy::component, InstancePolicy::label, InstancePolicy::object_mask}) {
      const InstanceSettings settings{.policy = policy,
                                      .min_area = static_cast<std::int64_t>(random.below(6))};
      const Made made = make(semantic, labels, settings, numbers);
      const cv::Mat painted = mask_from_instances(made.annotations, size, labels).labels;
      REQUIRE(made.loss.pixels_lost == cv::countNonZero(painted != semantic));
    }
  }
}

TEST_CASE("small instances are left out and counted") {
  const LabelMap labels = labels_of({Role::background, Role::object});
  const cv::Mat semantic = drawn_values({"1011", "0011", "1000"});
  const Made made = make(semantic, labels, {.min_area = 2});
  REQUIRE(made.annotations.size() == 1);
  CHECK(made.loss.instances == 1);
  CHECK(made.loss.left_out == 2);
  CHECK(made.loss.pixels_lost == 2);
}

TEST_CASE("the loss of simplified outlines is measured, and losses add up") {
  const LabelMap labels = labels_of({Role::background, Role::object});
  cv::Mat semantic = cv::Mat::zeros(60, 120, CV_16UC1);
  cv::circle(semantic, {30, 30}, 20, cv::Scalar(1), cv::FILLED);
  semantic(cv::Rect(80, 10, 20, 20)).setTo(cv::Scalar(1));
  const Made made = make(semantic, labels, {.shape = InstanceShape::polygon, .tolerance = 2});
  CHECK(made.loss.measured == 2);
  CHECK(made.loss.iou_min < 1);
  CHECK(made.loss.iou_min > 0.8);
  CHECK_THAT(made.loss.iou_sum, WithinAbs(1 + made.loss.iou_min, 1e-12));
  InstanceLoss sum = made.loss;
  sum.add(make(semantic, labels, {.shape = InstanceShape::polygon, .min_area = 401}).loss);
  CHECK(sum.instances == 3);
  CHECK(sum.left_out == 1);
  CHECK(sum.pixels_lost == 400);
  CHECK(sum.measured == 3);
  CHECK(sum.iou_min == made.loss.iou_min);
  CHECK_THAT(sum.iou_sum, WithinAbs(2 + made.loss.iou_min, 1e-12));
}

TEST_CASE("a million specks are taken one by one") {
  const LabelMap labels = labels_of({Role::background, Role::object, Role::object});
  cv::Mat semantic = cv::Mat::zeros(1000, 4000, CV_16UC1);
  for (int y = 0; y < semantic.rows; y += 2)
    for (int x = 0; x < semantic.cols; x += 2)
      semantic.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(1 + (x / 2 + y / 2) % 2);
  const Made made = make(semantic, labels, {});
  CHECK(made.annotations.size() == 1'000'000);
  CHECK(equal(labels_from_instances(made.annotations, {4000, 1000}, labels).labels, semantic));
  CHECK(thrown_by([&] {
          mask_from_instances(made.annotations, {4000, 1000}, labels);
        }).code() == Code::bad_value);
}

TEST_CASE("masks without pixels have no instances") {
  const LabelMap labels = labels_of({Role::object});
  CHECK(make(cv::Mat(), labels, {}).annotations.empty());
  CHECK(make(cv::Mat(0, 5, CV_16UC1), labels, {.policy = InstancePolicy::label}).annotations.empty());
}

TEST_CASE("masks that do not fit the labels, the policy or each other are refused") {
  const LabelMap labels = labels_of({Role::background, Role::object});
  const cv::Mat semantic = drawn_values({"01", "10"});
  for (const auto policy : {InstancePolicy::component, InstancePolicy::label, InstancePolicy::object_mask})
    CHECK_THAT(thrown_by([&] {
                 make(drawn_values({"01", "12"}), labels, {.policy = policy}, semantic);
               }).message(),
               contains("label 2"));
  const Error missing = thrown_by([&] { make(semantic, labels, {.policy = InstancePolicy::object_mask}); });
  CHECK(missing.code() == Code::bad_value);
  CHECK_THAT(missing.hint_text(), contains("component"));
  const Error sizes = thrown_by([&] { make(semantic, labels, {}, drawn_values({"011", "010"})); });
  CHECK(sizes.code() == Code::bad_value);
  CHECK_THAT(sizes.message(), contains("3x2"));
  CHECK(thrown_by([&] { make(drawn({"#."}), labels, {}); }).code() == Code::bug);
  CHECK(thrown_by([&] { make(semantic, labels, {}, drawn({"#.", "#."})); }).code() == Code::bug);
}

}  // namespace maskmill::tests
