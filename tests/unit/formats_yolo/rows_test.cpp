// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/yolo_rows.h"

#include <cmath>

#include "catch.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

struct Read {
  std::vector<Annotation> annotations;
  std::vector<Finding> findings;
};

Read read_rows(const std::string& text, RowRules rules = {}, std::optional<Size> size = Size{100, 50}) {
  if (rules.labels.empty()) rules.labels = {{0, 0}, {1, 1}};
  Read read;
  read.annotations = parse_yolo_rows(text, "a.txt", size, rules, read.findings);
  return read;
}

RowRules with_extra(YoloExtra extra) {
  RowRules rules;
  rules.extra = extra;
  return rules;
}

RowRules with_keypoints(int count, int values) {
  RowRules rules;
  rules.keypoints = KeypointShape{count, values};
  return rules;
}

}  // namespace

TEST_CASE("a row is a box or a polygon by how many numbers it has") {
  const Read read = read_rows("0 .5 .5 .2 .4\r\n\r\n  1.0\t0.1 0.2 0.3 0.2 0.3 0.6\n");
  CHECK(count_of(read.findings, "mixed-rows") == 1);
  REQUIRE(read.annotations.size() == 2);
  CHECK(std::get<Box>(read.annotations[0].shape) == Box{40, 15, 20, 20});
  CHECK(std::get<Polygon>(read.annotations[1].shape) == Polygon{{{{{10, 10}, {30, 10}, {30, 30}}, {}}}});
  CHECK(read.annotations[1].label == 1);
  CHECK(read.annotations[1].origin == Place{"a.txt", 3, ""});
}

TEST_CASE("without the image's size coordinates stay fractions") {
  const Read read = read_rows("0 .5 .5 .2 .4\n", {}, std::nullopt);
  const Box box = std::get<Box>(read.annotations.at(0).shape);
  CHECK(box.x == Approx(.4));
  CHECK(box.height == Approx(.4));
}

TEST_CASE("a row that cannot be read costs itself, not its neighbours") {
  for (const char* broken :
       {"0", "0 .1 .2 .3", "x .1 .2 .3 .4", "-1 .1 .2 .3 .4", "0.5 .1 .2 .3 .4", "0 .1 .2 .3 nan",
        "0 .1 .2 .3 inf", "0 .1 .2 .3 1e999", "0 .1 .2 -.3 .4", "0 .1 .1 .9 .1 .9 .9 .1", "0,.1,.2,.3,.4",
        "99999999999999999999 .1 .2 .3 .4", "0 .1 .2 .3 .4 .5 .6 x"}) {
    INFO(broken);
    const Read read = read_rows("0 .5 .5 .2 .4\n\n" + std::string(broken) + "\n1 .25 .25 .2 .4\n");
    REQUIRE(read.findings.size() == 1);
    CHECK(read.findings[0].rule == "unreadable-row");
    CHECK(read.findings[0].place == Place{"a.txt", 3, ""});  // blank lines count
    CHECK(read.annotations.size() == 2);
  }
}

TEST_CASE("a score or a track's number behind a box is known by its value") {
  const Read read = read_rows("0 .5 .5 .2 .4 .875\n0 .5 .5 .3 .4 12\n0 .5 .5 .1 .4 1\n");
  REQUIRE(read.annotations.size() == 3);
  CHECK(read.findings.empty());
  CHECK(read.annotations[0].score == .875);
  CHECK(read.annotations[0].attributes.empty());
  CHECK_FALSE(read.annotations[1].score);
  CHECK(read.annotations[1].attributes == Attributes{{"track", std::int64_t{12}}});
  CHECK(read.annotations[2].score == 1.);
  CHECK(count_of(read_rows("0 .5 .5 .2 .4 1.5\n").findings, "score-outside-range") == 1);
}

TEST_CASE("what cannot be told apart is told by a setting") {
  const std::string triangle = "0 .1 .2 .3 .2 .3 .6";
  CHECK(std::holds_alternative<Polygon>(read_rows(triangle).annotations.at(0).shape));
  // A box, its score and its track are six numbers too.
  const Annotation box =
      read_rows("0 .5 .5 .2 .4 .9 3", with_extra(YoloExtra::score_track)).annotations.at(0);
  CHECK(std::get<Box>(box.shape) == Box{40, 15, 20, 20});
  CHECK(box.score == .9);
  CHECK(box.attributes == Attributes{{"track", std::int64_t{3}}});
  // A polygon and one more could be cut short.
  const Read cut = read_rows(triangle + " .9");
  CHECK(cut.annotations.empty());
  CHECK_THAT(finding_of(cut.findings, "unreadable-row").fix, contains("extra=score"));
  const Annotation scored = read_rows(triangle + " .9", with_extra(YoloExtra::score)).annotations.at(0);
  CHECK(std::get<Polygon>(scored.shape).parts.at(0).exterior.size() == 3);
  CHECK(scored.score == .9);
  const Annotation tracked = read_rows(triangle + " 7", with_extra(YoloExtra::track)).annotations.at(0);
  CHECK(tracked.attributes == Attributes{{"track", std::int64_t{7}}});
  CHECK(count_of(read_rows(triangle + " 7.5", with_extra(YoloExtra::track)).findings, "unreadable-row") == 1);
  CHECK(count_of(read_rows("0 .5 .5 .2 .4 .9", with_extra(YoloExtra::none)).findings, "unreadable-row") == 1);
  CHECK(count_of(read_rows("0 .5 .5 .2 .4", with_extra(YoloExtra::score)).findings, "unreadable-row") == 1);
}

TEST_CASE("four points are a polygon, or with the setting a turned box") {
  const std::string row = "0 0.25 0.1 0.35 0.3 0.15 0.7 0.05 0.5";  // 100x50: (25,5) (35,15) (15,35) (5,25)
  CHECK(std::get<Polygon>(read_rows(row).annotations.at(0).shape).parts.at(0).exterior.size() == 4);
  RowRules rules;
  rules.obb = true;
  const auto box = std::get<RotatedBox>(read_rows(row, rules).annotations.at(0).shape);
  CHECK(box.centre.x == Approx(20));
  CHECK(box.centre.y == Approx(20));
  CHECK(box.width == Approx(std::sqrt(200.)));
  CHECK(box.height == Approx(std::sqrt(800.)));
  CHECK(box.angle_degrees == Approx(45));
  // The other way around: the same corners.
  const auto turned =
      std::get<RotatedBox>(read_rows("0 0.25 0.1 0.05 0.5 0.15 0.7 0.35 0.3", rules).annotations.at(0).shape);
  CHECK(turned.width == Approx(box.width));
  CHECK(turned.angle_degrees == Approx(45));
  // No rectangle: the smallest around it, as Ultralytics takes it.
  const auto around =
      std::get<RotatedBox>(read_rows("0 .1 .2 .5 .2 .5 .6 .3 .6", rules).annotations.at(0).shape);
  CHECK(around.width * around.height == Approx(800).epsilon(.2));
}

TEST_CASE("rows of a data set with keypoints are boxes with keypoints, and others what they are") {
  const Read read = read_rows(
      "0 .5 .5 .2 .4 .1 .2 2 .3 .4 1\n0 .5 .5 .3 .4 0 0 0 0 0 0\n0 .5 .5 .4 .4\n"
      "0 .5 .5 .5 .4 .1 .2 .9 .3 .4 .3 .75\n",
      with_keypoints(2, 3));
  CHECK(read.findings.empty());
  REQUIRE(read.annotations.size() == 4);
  CHECK(read.annotations[0].keypoints == std::vector<Keypoint>{{{10, 10}, 2}, {{30, 20}, 1}});
  CHECK(read.annotations[1].keypoints.empty());  // none is labelled
  CHECK(read.annotations[2].keypoints.empty());
  CHECK(read.annotations[3].score == .75);
  CHECK(read.annotations[3].keypoints == std::vector<Keypoint>{{{10, 10}, 2}, {{30, 20}, 1}});
  // 7 numbers of a box and a keypoint and a score are as many as a polygon's.
  CHECK(std::holds_alternative<Polygon>(
      read_rows("0 .5 .5 .2 .4 .1 .2 .9 .9\n", with_keypoints(1, 3)).annotations.at(0).shape));
  RowRules scored = with_keypoints(1, 3);
  scored.extra = YoloExtra::score;
  CHECK(read_rows("0 .5 .5 .2 .4 .1 .2 .9 .9\n", scored).annotations.at(0).score == .9);
  const Read flat = read_rows("0 .5 .5 .2 .4 .1 .2 -.1 -.1\n", with_keypoints(2, 2));
  CHECK(flat.annotations.at(0).keypoints.at(0).visibility == 2);
  CHECK(flat.annotations.at(0).keypoints.at(1).visibility == 0);
  CHECK(count_of(read_rows("0 .5 .5 .2 .4 .1 .2 3 .3 .4 1\n", with_keypoints(2, 3)).findings,
                 "unreadable-row") == 1);
}

TEST_CASE("JSON2YOLO drops annotations with equal boxes: here they stay, and are said") {
  const Read boxes = read_rows("0 .5 .5 .2 .4\n1 .5 .5 .2 .4\n0 .5 .5 .2 .4\n");
  CHECK(boxes.annotations.size() == 3);
  REQUIRE(count_of(boxes.findings, "same-box") == 1);
  CHECK(finding_of(boxes.findings, "same-box").place.line == 3);
  CHECK_THAT(finding_of(boxes.findings, "same-box").message, contains("line 1"));
  // Ultralytics compares boxes also where it has polygons.
  const Read polygons = read_rows("0 0 0 .5 0 .5 .5\n0 0 0 .5 .5 0 .5\n0 0 0 .5 0 .5 .6\n");
  CHECK(polygons.annotations.size() == 3);
  CHECK(count_of(polygons.findings, "same-box") == 1);
}

TEST_CASE("what makes Ultralytics leave an image out is kept and said") {
  const Read outside = read_rows("0 0 0 1.5 0 .5 .5\n1 -.02 0 .5 0 .5 .5\n0 0 0 1.005 -.005 .4 .4\n");
  CHECK(outside.annotations.size() == 3);
  CHECK(count_of(outside.findings, "outside-image") == 2);
  const Read unknown = read_rows("7 .5 .5 .2 .4\n");
  REQUIRE(unknown.annotations.size() == 1);
  CHECK_FALSE(unknown.annotations[0].label);
  CHECK(unknown.annotations[0].attributes == Attributes{{"class", std::int64_t{7}}});
  CHECK(finding_of(unknown.findings, "unknown-label").severity == Severity::error);
  CHECK(count_of(read_rows("0 .5 .5 0 .4\n").findings, "box-empty") == 1);
}

TEST_CASE("a byte order mark, lone CRs and other blanks do no harm") {
  CHECK(read_rows("\xEF\xBB\xBF"
                  "0 .5 .5 .2 .4\r1 .5\v.5\f.2 .4")
            .annotations.size() == 2);
  CHECK(read_rows("").annotations.empty());
  CHECK(read_rows("\n \n\t\n").annotations.empty());
}

TEST_CASE("rows are told from other texts") {
  CHECK(begins_with_row("0 .5 .5 .2 .4\n") == true);
  CHECK(begins_with_row("\n0 .5 .5 .2 .4 .1") == true);
  CHECK_FALSE(begins_with_row("\n"));
  for (const char* other : {"cat\ndog\n", "0 .5 .5\n", "a.jpg 1 2 3 4\n", "12 people sat at the table"})
    CHECK(begins_with_row(other) == false);
}
