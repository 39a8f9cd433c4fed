// SPDX-License-Identifier: Apache-2.0
#include "learn/sample_sheet.h"

#include <opencv2/core.hpp>

#include "catch.h"
#include "render/overlay.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::Scratch;

namespace {

LabelMap two_labels() {
  Label background, cat;
  background.name = "background", background.role = Role::background;
  cat.name = "cat";
  return LabelMap({background, cat});
}

/// A gray picture with an outline at the left and a box at the right.
Sample two_objects() {
  Sample sample;
  sample.image = cv::Mat(120, 200, CV_8UC3, cv::Scalar::all(128));
  sample.objects.push_back(
      {.label = 1, .box = {20, 40, 40, 60}, .polygon = {{{{{20, 40}, {60, 40}, {60, 100}, {20, 100}}, {}}}}});
  sample.objects.push_back({.label = 1, .box = {120, 40, 60, 60}, .polygon = {}});
  return sample;
}

cv::Vec3b at(const cv::Mat& picture, int x, int y) {
  return picture.at<cv::Vec3b>(y, x);
}

}  // namespace

TEST_CASE("objects are drawn with their areas, boxes and a colour each; a box alone has no area") {
  const Sample sample = two_objects();
  const cv::Mat drawn = drawn_sample(sample, two_labels());
  REQUIRE(drawn.size() == sample.image.size());
  const cv::Vec3b gray(128, 128, 128);
  CHECK(at(drawn, 40, 80) != gray);
  CHECK(at(drawn, 150, 80) == gray);
  CHECK(at(drawn, 90, 80) == gray);
  // Somewhere across its right side the box is drawn.
  bool crossed = false;
  for (int x = 170; x < 190; ++x) crossed = crossed || at(drawn, x, 80) != gray;
  CHECK(crossed);
  CHECK(at(sample.image, 40, 80) == gray);  // the sample keeps its own pixels

  Sample twice = sample;
  twice.objects[1] = twice.objects[0];
  for (Point& point : twice.objects[1].polygon.parts[0].exterior) point.x += 100;
  twice.objects[1].box.x += 100;
  const cv::Mat both = drawn_sample(twice, two_labels());
  CHECK(at(both, 40, 80) != at(both, 140, 80));
}

TEST_CASE("a sample with a mask shows that, and one without anything its picture") {
  Sample sample = two_objects();
  sample.mask = cv::Mat::ones(120, 200, CV_16UC1);
  CHECK(cv::norm(drawn_sample(sample, two_labels()), overlay_mask(sample.image, sample.mask, two_labels()),
                 cv::NORM_INF) == 0);
  sample.mask.release();
  sample.objects.clear();
  CHECK(cv::norm(drawn_sample(sample, two_labels()), sample.image, cv::NORM_INF) == 0);
}

TEST_CASE("a sheet is one picture, of however many samples") {
  const Scratch scratch;
  for (const std::size_t count : {1, 3, 9}) {
    std::vector<CaptionedSample> samples(count, {"a", two_objects()});
    write_sample_sheet(scratch / "sheet.png", "title", "", samples, two_labels());
    CHECK(fs::exists(scratch / "sheet.png"));
    CHECK_FALSE(fs::exists(scratch / "sheet-2.png"));
  }
}
