// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "dataset/masks.h"
#include "random_masks.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

Annotation box_of(std::optional<int> label, int left, int width, std::optional<int> z_order = std::nullopt) {
  Annotation annotation;
  annotation.label = label;
  annotation.z_order = z_order;
  cv::Mat mask = cv::Mat::zeros(2, 8, CV_8UC1);
  mask(cv::Rect(left, 0, width, 2)).setTo(cv::Scalar(1));
  annotation.shape = rle_from_mask(mask);
  return annotation;
}

Annotation crowd(Annotation annotation) {
  annotation.flags.crowd = true;
  return annotation;
}

constexpr Size kSize{8, 2};

std::string first_row(const cv::Mat& mask) {
  std::string row;
  for (int x = 0; x < mask.cols; ++x) {
    const int value = mask.at<std::uint16_t>(0, x);
    row += value == kUnlabelled ? '.' : static_cast<char>('0' + value);
  }
  return row;
}

}  // namespace

TEST_CASE(
    "later annotations lie over earlier ones, a higher z_order over a lower, and overlaps are counted") {
  const LabelMap labels = labels_of({Role::background, Role::object, Role::object, Role::object});
  const PaintedMask plain =
      mask_from_instances({box_of(1, 0, 4), box_of(2, 2, 4), box_of(3, 3, 2)}, kSize, labels);
  CHECK(first_row(plain.labels) == "11233200");
  CHECK(first_row(plain.instances) == "11233200");
  CHECK(plain.overlapping == 6);  // a pixel under three counts once
  CHECK(plain.skipped == 0);
  const PaintedMask ordered =
      mask_from_instances({box_of(1, 0, 4, 1), box_of(2, 2, 4), box_of(3, 3, 2, -1)}, kSize, labels);
  CHECK(first_row(ordered.labels) == "11112200");
  CHECK(first_row(ordered.instances) == "33332200");
}

TEST_CASE("what nothing covers is the background, or has no label") {
  CHECK(first_row(mask_from_instances({box_of(1, 1, 2)}, kSize, labels_of({Role::background, Role::object}))
                      .labels) == "01100000");
  const PaintedMask painted =
      mask_from_instances({box_of(1, 1, 2)}, kSize, labels_of({Role::object, Role::object}));
  CHECK(first_row(painted.labels) == ".11.....");
  CHECK(first_row(painted.instances) == "01100000");
}

TEST_CASE("crowds become void and lie under everything else") {
  const LabelMap labels = labels_of({Role::background, Role::object, Role::ignore, Role::ignore});
  const PaintedMask painted = mask_from_instances(
      {box_of(1, 0, 2), crowd(box_of(1, 1, 3, 9)), crowd(box_of(3, 5, 1)), crowd(box_of(std::nullopt, 7, 1))},
      kSize, labels);
  CHECK(first_row(painted.labels) == "11220302");
  CHECK(first_row(painted.instances) == "11..0.0.");
  CHECK(painted.overlapping == 2);
  const PaintedMask without_void =
      mask_from_instances({crowd(box_of(1, 0, 2))}, kSize, labels_of({Role::background, Role::object}));
  CHECK(first_row(without_void.labels) == "..000000");
}

TEST_CASE("void and background that are drawn are no objects") {
  const LabelMap labels = labels_of({Role::background, Role::object, Role::ignore});
  const PaintedMask painted = mask_from_instances(
      {box_of(1, 0, 6), box_of(0, 1, 1), box_of(2, 3, 1), box_of(1, 5, 1)}, kSize, labels);
  CHECK(first_row(painted.labels) == "10121100");
  CHECK(first_row(painted.instances) == "101.1200");
}

TEST_CASE("what has no label or no pixels of its own is skipped and counted") {
  const LabelMap labels = labels_of({Role::background, Role::object});
  std::vector<Annotation> annotations{box_of(std::nullopt, 0, 2)};
  for (const Shape& shape :
       {Shape(), Shape(Box{0, 0, 2, 2}), Shape(Polyline{{{0, 0}, {3, 1}}}), Shape(Points{{{1, 1}}})}) {
    annotations.emplace_back();
    annotations.back().label = 1;
    annotations.back().shape = shape;
  }
  const PaintedMask painted = mask_from_instances(annotations, kSize, labels);
  CHECK(first_row(painted.labels) == "..000000");  // of the box
  CHECK(painted.skipped == 5);
  CHECK(painted.overlapping == 0);
}

TEST_CASE("polygons, turned boxes and ellipses are painted") {
  const LabelMap labels = labels_of({Role::background, Role::object});
  std::vector<Annotation> annotations(3);
  for (Annotation& annotation : annotations) annotation.label = 1;
  annotations[0].shape = Polygon{{{{{0, 0}, {2, 0}, {2, 2}, {0, 2}}, {}}}};
  annotations[1].shape = RotatedBox{{4, 1}, 2, 2, 0};
  annotations[2].shape = Ellipse{{7, 1}, 0.9, 0.9, 0};
  const PaintedMask painted = mask_from_instances(annotations, kSize, labels);
  CHECK(first_row(painted.labels) == "11011011");
  CHECK(first_row(painted.instances) == "11022033");
}

TEST_CASE("instance numbers never wrap") {
  const LabelMap labels = labels_of({Role::background, Role::object});
  constexpr int most = 65534;
  std::vector<Annotation> annotations;
  for (int i = 0; i < most; ++i) {
    annotations.emplace_back();
    annotations.back().label = 1;
    const auto before = static_cast<std::uint32_t>(i), after = static_cast<std::uint32_t>(most - i);
    annotations.back().shape = Rle{{most + 1, 1}, {before, 1, after}};
  }
  const PaintedMask painted = mask_from_instances(annotations, {most + 1, 1}, labels);
  CHECK(painted.instances.at<std::uint16_t>(0, most - 1) == most);
  annotations.push_back(annotations.front());
  const Error error = thrown_by([&] { mask_from_instances(annotations, {most + 1, 1}, labels); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.message(), contains("65534"));
  const PaintedMask semantic = labels_from_instances(annotations, {most + 1, 1}, labels);
  CHECK(semantic.instances.empty());
  CHECK(semantic.overlapping == 1);
}

TEST_CASE("an annotation that cannot be painted is named") {
  const LabelMap labels = labels_of({Role::background, Role::object});
  Annotation annotation = box_of(1, 0, 2);
  annotation.origin = {"a.json", 12, "annotation 7"};
  const Error error = thrown_by([&] { mask_from_instances({annotation}, {9, 2}, labels); });
  CHECK(error.code() == Code::bad_value);
  CHECK(error.place() == annotation.origin);
  CHECK_THAT(error.message(), contains("8x2"));
  CHECK(thrown_by([&] { mask_from_instances({box_of(2, 0, 2)}, kSize, labels); }).code() == Code::bug);
  CHECK(thrown_by([&] { mask_from_instances({box_of(-1, 0, 2)}, kSize, labels); }).code() == Code::bug);
  CHECK(thrown_by([&] { mask_from_instances({}, {-1, 2}, labels); }).code() == Code::bad_value);
}

TEST_CASE("an image without pixels is painted as nothing") {
  CHECK(mask_from_instances({}, {0, 0}, LabelMap()).labels.empty());
  CHECK(mask_from_instances({}, {0, 5}, LabelMap()).labels.empty());
}

TEST_CASE("an item's mask is painted from its annotations") {
  const LabelMap labels = labels_of({Role::background, Role::object});
  Item item;
  item.id = "a";
  item.annotations = {box_of(1, 1, 2)};
  const Error unknown_size = thrown_by([&] { semantic_of(item, labels); });
  CHECK(unknown_size.code() == Code::bad_value);
  CHECK(unknown_size.place().field == "a");
  item.size = kSize;
  CHECK(first_row(semantic_of(item, labels).labels) == "01100000");
  CHECK(semantic_of(item, labels).unknown_values.empty());
  item.annotations.clear();
  CHECK(first_row(semantic_of(item, labels).labels) == "00000000");
}

TEST_CASE("boxes alone are no mask of background") {
  const LabelMap labels = labels_of({Role::background, Role::object});
  Item item;
  item.size = kSize;
  item.annotations.emplace_back();
  item.annotations.back().label = 1;
  item.annotations.back().shape = Box{0, 0, 2, 2};
  CHECK(thrown_by([&] { semantic_of(item, labels); }).code() == Code::bad_value);
  item.annotations.push_back(box_of(1, 1, 2));
  CHECK(first_row(semantic_of(item, labels).labels) == ".1100000");
}

TEST_CASE("what nothing covers of a box is void or without a label, and not background") {
  Annotation box;
  box.label = 1;
  box.shape = Box{1.5, 0, 4, 2};
  const std::vector<Annotation> annotations{box_of(1, 0, 3), box};
  const LabelMap with_void = labels_of({Role::background, Role::object, Role::ignore});
  const PaintedMask painted = mask_from_instances(annotations, kSize, with_void);
  CHECK(first_row(painted.labels) == "11122200");
  CHECK(first_row(painted.instances) == "111...00");
  CHECK(painted.overlapping == 0);
  CHECK(painted.skipped == 1);
  const LabelMap without = labels_of({Role::background, Role::object});
  CHECK(first_row(mask_from_instances(annotations, kSize, without).labels) == "111...00");

  box.label = 0;
  CHECK(first_row(mask_from_instances({box_of(1, 0, 3), box}, kSize, with_void).labels) == "11100000");
  box.label = 1;
  for (const Box& odd : {Box{-1e300, std::nan(""), 1e301, 5}, Box{5, 5, -3, -3}, Box{20, 0, 1e300, 2}}) {
    box.shape = odd;
    CHECK(mask_from_instances({box_of(1, 0, 3), box}, kSize, with_void).skipped == 1);
  }
}

}  // namespace maskmill::tests
