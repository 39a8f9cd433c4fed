// SPDX-License-Identifier: Apache-2.0
#include "metrics/semantic_evaluation.h"

#include "catch.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "metrics/boundary.h"
#include "metrics/evaluate.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

LabelMap labels_of(const std::vector<std::pair<std::string, Role>>& named) {
  LabelMap labels;
  for (const auto& [name, role] : named) {
    Label label;
    label.name = name;
    label.role = role;
    labels.add(std::move(label));
  }
  return labels;
}

Item masked(const cv::Mat& mask, int labels) {
  Item item;
  item.id = "a";
  item.size = Size{mask.cols, mask.rows};
  MaskRef ref{{}, index_coding(labels), std::nullopt, false};
  ref.made = std::make_shared<const MadeMask>(MadeMask{[mask] { return RawImage{mask, {}, 16}; }, {"made"}});
  item.semantic = ref;
  return item;
}

Item outlined(std::vector<std::pair<int, Box>> boxes, Size size) {
  Item item;
  item.id = "a";
  item.size = size;
  for (const auto& [label, box] : boxes) {
    Annotation annotation;
    annotation.label = label;
    annotation.shape = rasterise(box, size);
    item.annotations.push_back(std::move(annotation));
  }
  return item;
}

EvaluationReport evaluated_masks(const LabelMap& of_truth, Item truth, const LabelMap& of_predictions,
                                 Item predicted) {
  Metadata a, b;
  a.labels = of_truth;
  b.labels = of_predictions;
  const auto first = make_source(a, {std::move(truth)}), second = make_source(b, {std::move(predicted)});
  Findings findings;
  EvaluationReport report = evaluate(*first, *second, {}, findings);
  CHECK_FALSE(findings.by_rule().contains("no-score"));  // which masks do not need
  return report;
}

}  // namespace

TEST_CASE("a boundary is as deep as boundary-iou-api has it") {
  CHECK(boundary_width({640, 480}) == 16);  // 2 % of 800
  CHECK(boundary_width({200, 150}) == 5);   // of 250
  CHECK(boundary_width({30, 40}) == 1);
  CHECK(boundary_width({75, 100}) == 2);  // 2.5 is rounded to the even 2, as Python does
  CHECK(boundary_width({1, 1}) == 1);
  CHECK(area(boundary_of({{200, 150}, {0, 30000}})) == 30000 - 190 * 140);
}

TEST_CASE("labels meet by name, and void of the truth is left out") {
  const LabelMap truth = labels_of({{"road", Role::object}, {"car", Role::object}, {"void", Role::ignore}});
  const LabelMap predictions =
      labels_of({{"car", Role::object}, {"tree", Role::object}, {"road", Role::object}});
  const cv::Mat expected = (cv::Mat_<std::uint16_t>(2, 3) << 0, 0, 1, 1, 2, kUnlabelled);
  const cv::Mat found = (cv::Mat_<std::uint16_t>(2, 3) << 2, 0, 0, 1, 1, 1);
  const auto report = evaluated_masks(truth, masked(expected, 3), predictions, masked(found, 3));
  REQUIRE(report.semantic);
  CHECK(report.coco.empty());
  const auto& labels = report.semantic->scores.labels;
  // road: one of two found; car: one of two found, and one too many; the tree is a miss of the car.
  CHECK_THAT(*labels[0].iou, WithinAbs(1. / 2, 1e-12));
  CHECK_THAT(*labels[1].iou, WithinAbs(1. / 3, 1e-12));
  CHECK_THAT(*report.semantic->scores.pixel_accuracy, WithinAbs(.5, 1e-12));
  CHECK(labels.size() == 3);  // without background, which the masks do not have
}

TEST_CASE("objects are painted, and what nothing covers is background") {
  const LabelMap labels = labels_of({{"cat", Role::object}});
  const auto report = evaluated_masks(labels, outlined({{0, {0, 0, 10, 10}}}, {20, 10}), labels,
                                      outlined({{0, {5, 0, 10, 10}}}, {20, 10}));
  REQUIRE(report.semantic);
  CHECK_THAT(*report.semantic->scores.labels[0].iou, WithinAbs(1. / 3, 1e-12));
  CHECK_THAT(*report.semantic->scores.labels[1].iou, WithinAbs(1. / 3, 1e-12));  // background
}

TEST_CASE("the boundary IoU of a class is that of the pixels by its edges") {
  // Two halves of 200x100 pixels, whose line is 4 pixels off; a boundary is 4 pixels deep (2 % of 223.6).
  const LabelMap labels = labels_of({{"left", Role::object}, {"right", Role::object}});
  cv::Mat expected(100, 200, CV_16UC1, cv::Scalar(1)), found = expected.clone();
  expected.colRange(0, 100).setTo(0);
  found.colRange(0, 104).setTo(0);
  const auto report = evaluated_masks(labels, masked(expected, 2), labels, masked(found, 2));
  // Frames around 100x100 and around 104x100: 10000 - 92 * 92 and 10400 - 96 * 92 pixels. Both have the left
  // side and 100 columns of the upper and lower bands.
  const double common = 4 * 100 + 2 * 4 * 96, either = (10000 - 92 * 92) + (10400 - 96 * 92) - common;
  CHECK_THAT(*report.semantic->scores.labels[0].boundary_iou, WithinAbs(common / either, 1e-12));
  CHECK(*report.semantic->scores.labels[0].iou > *report.semantic->scores.labels[0].boundary_iou);
  CHECK(to_json(report)["semantic"]["classes"][0].contains("boundary_iou"));
}
