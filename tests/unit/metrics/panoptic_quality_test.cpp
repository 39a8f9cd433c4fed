// SPDX-License-Identifier: Apache-2.0
#include "metrics/panoptic_quality.h"

#include <opencv2/core.hpp>

#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

LabelMap street() {
  Label road, car, person, nothing;
  road.name = "road", road.kind = LabelKind::stuff;
  car.name = "car", car.kind = LabelKind::thing;
  person.name = "person", person.kind = LabelKind::thing;
  nothing.name = "void", nothing.role = Role::ignore;
  return LabelMap({road, car, person, nothing});
}

/// Columns [from, to) of an image of 100x1.
PanopticSegment columns(std::optional<int> label, int from, int to, bool crowd = false) {
  cv::Mat mask = cv::Mat::zeros(1, 100, CV_8UC1);
  mask.colRange(from, to) = 1;
  return {label, crowd, rle_from_mask(mask)};
}

std::vector<PanopticCounts> matched(std::vector<PanopticSegment> truth,
                                    std::vector<PanopticSegment> predicted) {
  return match_segments(truth, predicted, street());
}

}  // namespace

TEST_CASE("segments of one label match above half, and the quality is that of the paper's formula") {
  // road 60 against 50: IoU 50/60; car 40 against 25 and 15: 25/40 matches, the other is wrong.
  const auto counts = matched({columns(0, 0, 60), columns(1, 60, 100)},
                              {columns(0, 0, 50), columns(1, 60, 85), columns(1, 85, 100)});
  CHECK(counts[0].matches == 1);
  CHECK(counts[0].iou == Approx(50.0 / 60));
  CHECK(counts[1].matches == 1);
  CHECK(counts[1].wrong == 1);
  CHECK(counts[1].missed == 0);
  const PanopticQuality quality = quality_of(counts, street());
  CHECK(*quality.labels[1].sq == Approx(25.0 / 40));
  CHECK(*quality.labels[1].rq == Approx(1 / 1.5));
  CHECK(*quality.labels[1].pq == Approx(25.0 / 40 / 1.5));
  CHECK_FALSE(quality.labels[2].pq);
  CHECK(*quality.all.pq == Approx((50.0 / 60 + 25.0 / 40 / 1.5) / 2));
  CHECK(*quality.stuff.pq == Approx(50.0 / 60));
  CHECK(*quality.things.rq == Approx(1 / 1.5));
}

TEST_CASE("exactly half is no match") {
  const auto counts = matched({columns(1, 0, 50)}, {columns(1, 0, 25), columns(0, 25, 100)});
  CHECK(counts[1].matches == 0);
  CHECK(counts[1].missed == 1);
  CHECK(counts[1].wrong == 1);
  // The road lies on void by two thirds: 50 of its 75 pixels.
  CHECK(counts[0].wrong == 0);
}

TEST_CASE("void of the truth is left out of the union, and excuses what lies on it by more than half") {
  // Car 0..40; predicted 0..90, of which 50 lie on void: 40/40.
  const auto inside = matched({columns(1, 0, 40)}, {columns(1, 0, 90)});
  CHECK(inside[1].matches == 1);
  CHECK(inside[1].iou == Approx(1));
  CHECK(matched({columns(0, 0, 50)}, {columns(1, 25, 75)})[1].wrong == 1);  // half is not more than half
  CHECK(matched({columns(0, 0, 50)}, {columns(1, 26, 76)})[1].wrong == 0);
  CHECK(matched({columns(0, 0, 50), columns(3, 50, 100)}, {columns(1, 26, 76)})[1].wrong == 0);
}

TEST_CASE("a crowd is neither missed nor matched, and excuses predictions of its label") {
  CHECK(matched({columns(2, 0, 100, true)}, {})[2].missed == 0);
  const auto counts =
      matched({columns(2, 0, 100, true)}, {columns(2, 0, 30), columns(2, 30, 100), columns(1, 0, 0)});
  CHECK(counts[2].matches == 0);
  CHECK(counts[2].wrong == 0);
  CHECK(matched({columns(2, 0, 100, true)}, {columns(1, 0, 30)})[1].wrong == 1);
}

TEST_CASE("a truth against itself is perfect, and sizes that differ are refused") {
  const std::vector<PanopticSegment> truth{columns(0, 0, 30), columns(1, 30, 40), columns(1, 40, 60)};
  const PanopticQuality quality = quality_of(match_segments(truth, truth, street()), street());
  CHECK(*quality.all.pq == 1);
  PanopticSegment other;
  other.label = 0;
  other.pixels = rle_from_mask(cv::Mat::ones(2, 50, CV_8UC1));
  CHECK(thrown_by([&] { matched(truth, {other}); }).code() == Code::bad_value);
  CHECK_FALSE(quality_of(matched({}, {}), street()).all.pq);
}
