// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "base/json.h"
#include "base/text.h"
#include "catch.h"
#include "dataset/rle.h"
#include "formats/cvat/cvat.h"
#include "image/image.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Annotation read_one(const std::string& element) {
  const Scratch scratch;
  const CvatReading reading = read_cvat(scratch.write(
      "a.xml",
      cvat_document("<image id=\"0\" name=\"a.jpg\" width=\"20\" height=\"10\">" + element + "</image>")));
  CHECK(reading.findings.empty());
  REQUIRE(reading.items.size() == 1);
  REQUIRE(reading.items.front().annotations.size() == 1);
  return reading.items.front().annotations.front();
}

const std::string kUsual = " label=\"car\" source=\"manual\" occluded=\"0\" ";

}  // namespace

TEST_CASE("labels come with colours, attributes and skeletons") {
  const Scratch scratch;
  const CvatReading reading = read_cvat(scratch.write("a.xml", cvat_document("")));
  const LabelMap& labels = reading.metadata.labels;
  REQUIRE(labels.size() == 3);
  CHECK(labels[0].name == "car");
  CHECK(labels[0].colour == Rgb{0xC0, 0x60, 0x80});
  REQUIRE(labels[0].attributes.size() == 3);
  CHECK(labels[0].attributes[1] == AttributeDefinition{.name = "seats",
                                                       .type = "number",
                                                       .values = {"1", "9", "1"},
                                                       .default_value = "4",
                                                       .is_mutable = true});
  REQUIRE(labels[1].skeleton);
  CHECK(*labels[1].skeleton == Skeleton{{"nose", "tail"}, {{0, 1}}});
  CHECK(labels[2].name == "road");
  REQUIRE(reading.metadata.attributes.size() == 2);
  const Json task = Json::parse(std::get<JsonText>(reading.metadata.attributes[0].second).text);
  CHECK(task["name"] == "crossing & more");
  CHECK(task["segments"]["segment"][1]["start"] == "1");
  CHECK(reading.findings.empty());
}

TEST_CASE("an image says its name, number, size and subset") {
  const Scratch scratch;
  const CvatReading reading = read_cvat(scratch.write("a.xml", cvat_document(R"(
  <image id="3" name="deep/b &amp; c.JPG" subset="Train" task_id="7" width="640" height="480">
  </image>
  <image id="9" name="a.png" width="2" height="1"/>
)")));
  REQUIRE(reading.items.size() == 2);
  const Item& item = reading.items[0];
  CHECK(item.id == "deep/b & c");
  CHECK(item.file_name == "deep/b & c.JPG");
  CHECK(item.source_id == 3);
  CHECK(item.size == Size{640, 480});
  CHECK(item.subset == "Train");
  CHECK(item.attributes == Attributes{{"@task_id", std::string("7")}});
  CHECK(item.annotated);
  CHECK(*item.origin.line == lines_of(cvat_document("")).size() + 1);
  CHECK(reading.items[1].id == "a");
  CHECK(reading.metadata.subsets == std::vector<std::string>{"Train"});
}

TEST_CASE("each shape of CVAT is read in pixels from the corner") {
  CHECK(read_one("<box" + kUsual + "xtl=\"1.25\" ytl=\"2\" xbr=\"4.5\" ybr=\"8.75\" z_order=\"0\"></box>")
            .shape == Shape(Box{1.25, 2, 3.25, 6.75}));
  CHECK(read_one("<box" + kUsual + "xtl=\"1\" ytl=\"2\" xbr=\"5\" ybr=\"4\" rotation=\"30.5\"/>").shape ==
        Shape(RotatedBox{{3, 3}, 4, 2, 30.5}));
  CHECK(read_one("<polygon" + kUsual + "points=\"1.10,2.20;3.30,4.40;0.1234567891,-6.00\"/>").shape ==
        Shape(Polygon{{{{{1.1, 2.2}, {3.3, 4.4}, {0.1234567891, -6}}, {}}}}));
  CHECK(read_one("<polyline" + kUsual + "points=\" 1,2 ; 3,4; \"/>").shape ==
        Shape(Polyline{{{1, 2}, {3, 4}}}));
  CHECK(read_one("<points" + kUsual + "points=\"1,2\"/>").shape == Shape(Points{{{1, 2}}}));
  CHECK(read_one("<ellipse" + kUsual + "cx=\"5\" cy=\"6\" rx=\"2.5\" ry=\"1\" rotation=\"10\"/>").shape ==
        Shape(Ellipse{{5, 6}, 2.5, 1, 10}));
  CHECK(read_one("<tag label=\"car\" source=\"manual\"/>").shape == Shape());
  const Annotation cuboid =
      read_one("<cuboid" + kUsual +
               R"(xtl1="0" ytl1="1" xbl1="2" ybl1="3" xtr1="4" ytr1="5" xbr1="6" ybr1="7"
                                     xtl2="8" ytl2="9" xbl2="10" ybl2="11" xtr2="12" ytr2="13" xbr2="14" ybr2="15"/>)");
  const Points& corners = std::get<Points>(cuboid.shape);
  REQUIRE(corners.points.size() == 8);
  for (int i = 0; i < 8; ++i)
    CHECK(corners.points[static_cast<std::size_t>(i)] == Point{2.0 * i, 2.0 * i + 1});
}

// The runs are 2 of background, 3 of foreground and so on, along the rows of a rectangle of 3x3 at 4, 5:
//   . . x
//   x x .
//   x x .
TEST_CASE("a mask's runs go along the rows of its rectangle") {
  const Annotation annotation = read_one(
      "<mask" + kUsual + R"(rle="2, 3, 1, 2, 1" left="4" top="5" width="3" height="3" z_order="1"/>)");
  const cv::Mat mask = mask_from_rle(std::get<Rle>(annotation.shape));
  REQUIRE(mask.size() == cv::Size(20, 10));
  CHECK(cv::countNonZero(mask) == 5);
  for (const cv::Point at :
       {cv::Point(6, 5), cv::Point(4, 6), cv::Point(5, 6), cv::Point(4, 7), cv::Point(5, 7)})
    CHECK(mask.at<std::uint8_t>(at) == 1);
  const Annotation begins_set =
      read_one("<mask" + kUsual + R"(rle="0,2,1,1" left="0" top="0" width="2" height="2"/>)");
  CHECK(area(std::get<Rle>(begins_set.shape)) == 3);
}

TEST_CASE("flags, groups, order, scores and attributes are kept") {
  const Annotation annotation = read_one(R"(
    <box label="car" source="semi-auto" occluded="1" xtl="0" ytl="0" xbr="1" ybr="1" z_order="-2" group_id="5" score="0.75" hint="x">
      <attribute name="parked">true</attribute>
      <attribute name="seats">5</attribute>
      <attribute name="seats">05</attribute>
      <attribute name="plate">true</attribute>
      <attribute name="other">9</attribute>
    </box>)");
  CHECK(annotation.flags == Flags{.crowd = {}, .occluded = true, .truncated = {}, .difficult = {}});
  CHECK(annotation.z_order == -2);
  CHECK(annotation.group == 5);
  CHECK(annotation.score == 0.75);
  CHECK(annotation.attributes == Attributes{{"@source", std::string("semi-auto")},
                                            {"@hint", std::string("x")},
                                            {"parked", true},
                                            {"seats", std::int64_t{5}},
                                            {"seats", std::string("05")},
                                            {"plate", std::string("true")},
                                            {"other", std::string("9")}});
}

TEST_CASE("a skeleton's points are keypoints in the label's order") {
  const Annotation annotation = read_one(R"(
    <skeleton label="person" source="manual" z_order="0">
      <points label="tail" outside="0" occluded="1" points="3.5,4"></points>
      <points label="nose" outside="0" occluded="0" points="1,2"></points>
    </skeleton>)");
  CHECK(annotation.shape == Shape());
  CHECK(annotation.keypoints == std::vector<Keypoint>{{{1, 2}, 2}, {{3.5, 4}, 1}});
}

TEST_CASE("images are found where CVAT's exports have them") {
  const Scratch scratch;
  for (const char* place : {"images/Train/a.png", "images/a.png", "a.png"}) {
    INFO(place);
    const Scratch set;
    set.write("annotations.xml",
              cvat_document("<image id=\"0\" name=\"a.png\" subset=\"Train\" width=\"2\" height=\"1\"/>"));
    set.write(place, encode_png(cv::Mat(1, 2, CV_8UC3, cv::Scalar(0))));
    const CvatReading reading = read_cvat(set.path());
    REQUIRE(reading.items.size() == 1);
    CHECK(reading.items[0].image == set / place);
    CHECK(cvat().probe(set.path()).confidence > 80);
  }
  scratch.write("annotations.xml", cvat_document("<image id=\"0\" name=\"a.png\"/>"));
  scratch.write("pictures/a.png", encode_png(cv::Mat(3, 4, CV_8UC3, cv::Scalar(0))));
  CHECK(read_cvat(scratch.path(), {"images=pictures"}).items.at(0).size == Size{4, 3});
  CHECK(thrown_by([&] { read_cvat(scratch.path(), {"images=absent"}); }).code() == Code::not_found);
}

TEST_CASE("two images of one name are two items where anything tells them apart") {
  const Scratch scratch;
  const CvatReading reading = read_cvat(scratch.write("a.xml", cvat_document(R"(
    <image id="0" name="a.png" subset="x" width="2" height="1"/>
    <image id="1" name="a.png" subset="y" width="2" height="1"/>
    <image id="2" name="a.jpg" width="2" height="1"/>
    <image id="3" name="a.png" subset="x" width="2" height="1"/>
    <image id="3" name="a.png" subset="x" width="2" height="1"/>
    <image id="4" name="a.png" subset="x" width="2" height="1"/>
    <image id="4" name="a.png" subset="x" width="2" height="1"/>)")));
  std::vector<std::string> ids;
  for (const Item& item : reading.items) ids.push_back(item.id);
  CHECK(ids == std::vector<std::string>{"a", "y/a", "a.jpg", "x/a", "a.png", "a-4"});
  CHECK(reading.rules() == std::vector<std::string>{"duplicate-file-name"});
}

TEST_CASE("labels without <meta> are those that are used") {
  const Scratch scratch;
  const CvatReading reading = read_cvat(scratch.write(
      "a.xml",
      R"(<annotations><image id="0" name="a.png" width="2" height="2"><tag label="b"/><tag label="a"/>
      <box label="b" xtl="0" ytl="0" xbr="1" ybr="1"/></image></annotations>)"));
  REQUIRE(reading.metadata.labels.size() == 2);
  CHECK(reading.metadata.labels[0].name == "b");
  CHECK(reading.items.at(0).annotations.at(2).label == 0);
}
