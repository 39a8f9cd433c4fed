// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>

#include "catch.h"
#include "dataset/rle.h"
#include "formats/cvat/cvat_values.h"
#include "image/image.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using rc::gen::arbitrary;
using rc::gen::element;
using rc::gen::inRange;

bool coin() {
  return *arbitrary<bool>();
}

// Whole, or with two decimals as CVAT has them.
double number() {
  return coin() ? *inRange(-20, 700) : *inRange(-2000, 70000) / 100.0;
}

// Any double that is a pixel.
double any_number() {
  const double any = *arbitrary<double>();
  return coin() || !std::isfinite(any) || std::abs(any) > 1e9 ? number() : any;
}

std::string text() {
  return *element<std::string>("", "x", "a b", " a ", "\"q\"<&>'\n\t", "\xC3\xA9\xF0\x9F\x98\x80", "null",
                               "true", "05", "7");
}

AttributeValue value() {
  switch (*inRange(0, 5)) {
    case 0:
      return coin();
    case 1:
      return *arbitrary<std::int64_t>();
    case 2:
      return any_number();
    case 3:
      return text() + *element<std::string>("", "\x01");
    default:
      return JsonText{*element<std::string>("null", "[]", "{\"k\":[1,2.5,\"x\"]}")};
  }
}

std::vector<Point> points(int least) {
  std::vector<Point> list(static_cast<std::size_t>(*inRange(least, 9)));
  for (Point& point : list) point = {any_number(), any_number()};
  return list;
}

// Without runs of 0, and with a pixel.
Rle rle(Size size) {
  cv::Mat mask(size.height, size.width, CV_8UC1, cv::Scalar(0));
  for (int i = *inRange(1, 20); i > 0; --i)
    mask.at<std::uint8_t>(*inRange(0, size.height), *inRange(0, size.width)) = 1;
  return rle_from_mask(mask);
}

Annotation annotation(Size size, const LabelMap& labels, bool knows_occluded) {
  Annotation result;
  result.label = *inRange(0, labels.size());
  switch (*inRange(0, 10)) {
    case 0:
      break;
    case 1:
      result.shape = Box{number(), number(), std::abs(number()), std::abs(number())};
      break;
    case 2:
      result.shape =
          RotatedBox{{number(), number()}, std::abs(number()), std::abs(number()), *inRange(1, 3600) / 10.0};
      break;
    case 3:
      result.shape = Ellipse{{any_number(), any_number()}, any_number(), any_number(), any_number()};
      break;
    case 4:
      result.shape = Polygon{{{points(3), {}}}};
      break;
    case 5:
      result.shape = Polyline{points(1)};
      break;
    case 6:
      result.shape = Points{points(1)};
      break;
    case 7:
      result.shape = Points{std::vector<Point>(8, {any_number(), any_number()})};
      result.attributes.emplace_back("@cuboid", true);
      break;
    case 8:
      result.label = 0;  // which has a skeleton
      result.keypoints = {{{any_number(), any_number()}, *inRange(0, 3)},
                          {{number(), number()}, *inRange(0, 3)}};
      break;
    default:
      result.shape = rle(size);
  }
  if (result.shape.index() != 0 && knows_occluded) result.flags.occluded = coin();
  if (result.shape.index() != 0 && !knows_occluded && coin()) result.flags.occluded = true;
  if (coin()) result.group = *arbitrary<std::int64_t>();
  if (coin()) result.z_order = *arbitrary<int>();
  if (coin()) result.score = *inRange(0, 1001) / 1000.0;
  if (coin()) result.attributes.emplace_back("@source", text());
  for (const char* name : {"known", "is it", "\xC3\xA9<\"&", "@"})
    if (*inRange(0, 3) == 0) result.attributes.emplace_back(name, value());
  return result;
}

LabelMap labels() {
  std::vector<Label> list;
  const int count = *inRange(1, 5);
  for (int i = 0; i < count; ++i) {
    Label label;
    label.name = "label " + text() + std::to_string(i);
    if (coin()) label.colour = Rgb{*arbitrary<std::uint8_t>(), 0, 255};
    if (i == 0) label.skeleton = Skeleton{{"nose", "a & b"}, {{0, 1}}};
    if (coin())
      label.attributes = {{"known",
                           *element<std::string>("checkbox", "number", "select", "text"),
                           {"a", "b c"},
                           text(),
                           coin()}};
    list.push_back(label);
  }
  return LabelMap(list);
}

std::vector<Item> items(const Metadata& metadata, bool knows_occluded) {
  std::vector<Item> list;
  std::int64_t next_id = *inRange(-3, 3);
  for (const std::string& subset : metadata.subsets.empty() ? std::vector<std::string>{""} : metadata.subsets)
    for (int i = *inRange(1, 4); i > 0; --i) {
      Item item;
      item.source_id = next_id += *inRange(1, 1000);
      item.id = *element<std::string>("", "deep & <deeper>/", "\xC3\xA9 ") + "image " +
                std::to_string(*item.source_id);
      item.file_name = item.id + ".jpg";
      item.subset = subset;
      const Size size{*inRange(1, 30), *inRange(1, 30)};
      item.size = size;
      for (int k = *inRange(0, 6); k > 0; --k)
        item.annotations.push_back(annotation(size, metadata.labels, knows_occluded));
      if (coin()) item.attributes = {{"@task_id", text()}};
      list.push_back(item);
    }
  return list;
}

}  // namespace

TEST_CASE("what is written is read back the same, and written again as the same bytes") {
  const bool holds = rc::check([] {
    Metadata metadata;
    metadata.labels = labels();
    if (coin()) metadata.subsets = {"val", "train & 2", "test"};
    const std::vector<Item> expected = items(metadata, coin());
    const Scratch scratch;
    const Path target = scratch / *element<std::string>("out", "out.xml"),
               file = target.has_extension() ? target : target / "annotations.xml";
    RC_ASSERT(write_cvat(target, metadata, expected).empty());
    const CvatReading reading = read_cvat(target);
    RC_ASSERT(reading.rules() == std::vector<std::string>());
    RC_ASSERT(reading.metadata.subsets == metadata.subsets);
    RC_ASSERT(reading.metadata.labels.size() == metadata.labels.size());
    for (int i = 0; i < metadata.labels.size(); ++i) {
      const Label &read = reading.metadata.labels[i], &written = metadata.labels[i];
      RC_ASSERT(read.name == written.name);
      RC_ASSERT(read.colour == written.colour);
      RC_ASSERT(read.skeleton == written.skeleton);
      RC_ASSERT(read.attributes.size() >= written.attributes.size());
      RC_ASSERT(std::equal(written.attributes.begin(), written.attributes.end(), read.attributes.begin()));
    }
    RC_ASSERT(reading.items.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Item &read = reading.items[i], &written = expected[i];
      RC_ASSERT(read.id == written.id);
      RC_ASSERT(read.source_id == written.source_id);
      RC_ASSERT(read.size == written.size);
      RC_ASSERT(read.subset == written.subset);
      RC_ASSERT(read.file_name == written.file_name);
      RC_ASSERT(read.attributes == written.attributes);
      RC_ASSERT(read.annotations.size() == written.annotations.size());
      for (std::size_t k = 0; k < written.annotations.size(); ++k) {
        const Annotation &a = read.annotations[k], &b = written.annotations[k];
        RC_ASSERT(a.label == b.label);
        RC_ASSERT(a.shape == b.shape);
        RC_ASSERT(a.keypoints == b.keypoints);
        RC_ASSERT(a.flags.occluded == b.flags.occluded);
        RC_ASSERT(a.attributes.size() == b.attributes.size());
        for (std::size_t n = 0; n < b.attributes.size(); ++n) {
          RC_ASSERT(a.attributes[n].first == b.attributes[n].first);
          RC_ASSERT(cvat_value_text(a.attributes[n].second) == cvat_value_text(b.attributes[n].second));
        }
        RC_ASSERT(a == b);
      }
    }
    const Path again = scratch / "again.xml";
    write_cvat(again, reading.metadata, reading.items);
    RC_ASSERT(read_file(again) == read_file(file));
  });
  CHECK(holds);
}

TEST_CASE("a task's file comes back with all that <meta> says") {
  const Scratch scratch;
  const Path before =
      scratch.write("a.xml", cvat_document(R"(  <image id="0" name="a.jpg" width="20" height="10">
    <box label="car" occluded="0" xtl="1" ytl="2" xbr="4.5" ybr="8.75" z_order="0" source="manual">
      <attribute name="seats">5</attribute>
    </box>
  </image>
)"));
  const CvatReading reading = read_cvat(before);
  write_cvat(scratch / "b.xml", reading.metadata, reading.items);
  const CvatReading again = read_cvat(scratch / "b.xml");
  CHECK(again.metadata == reading.metadata);
  CHECK(again.items.at(0).annotations == reading.items.at(0).annotations);
}

TEST_CASE("text between the elements of a task does no harm") {
  const Scratch scratch;
  std::string text = cvat_document("");
  text.insert(text.find("<id>7</id>"), "( a note ");
  const CvatReading reading = read_cvat(scratch.write("a.xml", text));
  write_cvat(scratch / "b.xml", reading.metadata, {});
  CHECK(read_cvat(scratch / "b.xml").metadata.labels == reading.metadata.labels);
}

TEST_CASE("images go where CVAT looks for them, or stay where they are") {
  const Scratch scratch;
  Item item;
  item.id = "deep/a";
  item.image = scratch.write("there/x.png", encode_png(cv::Mat(1, 2, CV_8UC3, cv::Scalar(0))));
  item.file_name = "deep/a.png";
  item.size = Size{2, 1};
  write_cvat(scratch / "copied", {}, {item}, Media::copy);
  CHECK(fs::exists(scratch / "copied/images/deep/a.png"));
  CHECK(read_cvat(scratch / "copied").items.at(0).image == scratch / "copied/images/deep/a.png");
  write_cvat(scratch / "named.xml", {}, {item}, Media::reference);
  const Item read = read_cvat(scratch / "named.xml").items.at(0);
  CHECK(read.image == item.image);
  CHECK(read.file_name == item.file_name);
  CHECK(read.attributes.empty());
  CHECK(thrown_by([&] { write_cvat(scratch / "one.xml", {}, {item}, Media::copy); }).code() == Code::usage);
}

TEST_CASE("an image's number is its own, and unknown flags are said") {
  const Scratch scratch;
  Metadata metadata;
  Label label;
  label.name = "a";
  metadata.labels.add(label);
  std::vector<Item> items(3);
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i].id = std::to_string(i);
    items[i].file_name = items[i].id + ".png";
    items[i].size = Size{2, 2};
    items[i].annotations.resize(1);
    items[i].annotations[0].label = 0;
    items[i].annotations[0].shape = Box{0, 0, 1, 1};
  }
  items[0].source_id = items[1].source_id = 4;
  items[2].annotations[0].flags.occluded = false;
  const std::vector<Finding> findings = write_cvat(scratch / "a.xml", metadata, items);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "unknown-flag-lost");
  const CvatReading reading = read_cvat(scratch / "a.xml");
  CHECK(reading.items.at(0).source_id == 4);
  CHECK(reading.items.at(1).source_id != 4);
  CHECK(reading.items.at(0).annotations.at(0).flags.occluded == false);
  items[0].source_id = items[1].source_id = std::numeric_limits<std::int64_t>::max();
  write_cvat(scratch / "last.xml", metadata, items);
  CHECK(read_cvat(scratch / "last.xml").items.at(0).source_id == items[0].source_id);
  items[2].annotations[0].flags.occluded.reset();
  CHECK(write_cvat(scratch / "b.xml", metadata, items).empty());
  CHECK_FALSE(read_cvat(scratch / "b.xml").items.at(0).annotations.at(0).flags.occluded.has_value());
}
