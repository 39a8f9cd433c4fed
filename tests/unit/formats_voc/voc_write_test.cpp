// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "base/path.h"
#include "base/random.h"
#include "base/text.h"
#include "catch.h"
#include "dataset/masks.h"
#include "image/image.h"
#include "voc_support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Texts = std::vector<std::string>;

struct Written {
  ReadData data;
  std::vector<Finding> findings;
};

/// Writes the items and reads them again.
Written round_trip(const Path& target, const Metadata& metadata, const std::vector<Item>& items,
                   Media media = Media::copy) {
  CreateRequest request;
  request.target = target;
  request.media = media;
  request.metadata = metadata;
  const auto sink = voc().create(request);
  for (const Item& item : items) sink->encode(item)();
  Written written;
  sink->findings().for_each([&](const Finding& finding) { written.findings.push_back(finding); });
  sink->close({"maskmill convert", {}});
  written.data = read_voc(target);
  return written;
}

Texts rules_of(const std::vector<Finding>& findings) {
  Texts rules;
  for (const Finding& finding : findings) rules.push_back(finding.rule);
  return rules;
}

LabelMap labels_of(std::initializer_list<const char*> names) {
  LabelMap labels;
  for (const char* name : names) {
    Label label;
    label.name = name;
    label.id = labels.size() + 1;
    labels.add(label);
  }
  return labels;
}

Item item_of(std::string id, Size size) {
  Item item;
  item.id = std::move(id);
  item.file_name = item.id + ".jpg";
  item.size = size;
  return item;
}

Annotation object_of(int label, Shape shape) {
  Annotation annotation;
  annotation.label = label;
  annotation.shape = std::move(shape);
  return annotation;
}

Rle rle_of(std::initializer_list<std::string_view> rows) {
  return rle_from_mask(drawn(rows));
}

Polygon rectangle(double left, double top, double right, double bottom) {
  return {{{{{left, top}, {right, top}, {right, bottom}, {left, bottom}}, {}}}};
}

std::string text_of(const cv::Mat& mask) {
  std::string text;
  for (int y = 0; y < mask.rows; ++y) {
    if (y > 0) text += "/";
    for (int x = 0; x < mask.cols; ++x) {
      const int value = mask.depth() == CV_8U ? mask.at<std::uint8_t>(y, x) : mask.at<std::uint16_t>(y, x);
      text += value >= 255 ? "v" : std::to_string(value);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("objects with pixels are painted, and the k-th object of the XML is number k of the object mask") {
  const Scratch scratch;
  const LabelMap labels = labels_of({"cat", "dog"});
  Item item = item_of("a", {5, 2});
  Annotation box = object_of(0, Box{0, 0, 2, 1});
  Annotation under = object_of(1, rle_of({"11100", "00000"}));
  under.z_order = 1;
  Annotation over = object_of(0, rectangle(2, 0, 4, 2));
  over.z_order = 2;
  item.annotations = {box, over, under};
  const auto [data, findings] = round_trip(scratch / "out", {labels, {}, {}, {}, {}}, {item});
  CHECK(rules_of(findings) == Texts{"objects-overlap"});

  const RawImage classes = read_raw(scratch / "out/SegmentationClass/a.png");
  CHECK(text_of(classes.pixels) == "22110/00110");
  CHECK(classes.palette.at(1) == Rgb{128, 0, 0});
  CHECK(classes.palette.at(255) == Rgb{224, 224, 192});
  CHECK(text_of(read_raw(scratch / "out/SegmentationObject/a.png").pixels) == "11220/00220");
  const std::vector<Annotation>& read = data.item("a").annotations;
  REQUIRE(read.size() == 3);
  CHECK(std::get<Box>(read[0].shape) == Box{0, 0, 3, 1});
  CHECK(data.metadata.labels[*read[0].label].name == "dog");
  CHECK(std::get<Box>(read[1].shape) == Box{2, 0, 2, 2});
  CHECK(std::get<Box>(read[2].shape) == Box{0, 0, 2, 1});
}

TEST_CASE("a crowd is void in both masks and keeps its box and flag") {
  const Scratch scratch;
  Item item = item_of("a", {4, 1});
  Annotation crowd = object_of(0, rle_of({"1110"}));
  crowd.flags.crowd = true;
  item.annotations = {crowd, object_of(0, rle_of({"0100"}))};
  const auto [data, findings] = round_trip(scratch / "out", {labels_of({"cat"}), {}, {}, {}, {}}, {item});
  CHECK(text_of(read_raw(scratch / "out/SegmentationClass/a.png").pixels) == "v1v0");
  CHECK(text_of(read_raw(scratch / "out/SegmentationObject/a.png").pixels) == "v1v0");
  REQUIRE(data.item("a").annotations.size() == 2);
  CHECK(data.item("a").annotations[1].flags.crowd == true);
}

TEST_CASE("regions of void are in the masks, and no objects") {
  const Scratch scratch;
  LabelMap labels = labels_of({"cat"});
  Label border;
  border.name = "border";
  border.id = 255;
  border.role = Role::ignore;
  labels.add(border);
  Item item = item_of("a", {4, 1});
  Annotation region = object_of(1, rle_of({"0001"}));
  region.flags.crowd = true;
  item.annotations = {region, object_of(0, rle_of({"1110"}))};
  const auto [data, findings] = round_trip(scratch / "out", {labels, {}, {}, {}, {}}, {item});
  CHECK(data.item("a").annotations.size() == 1);
  CHECK(text_of(read_raw(scratch / "out/SegmentationClass/a.png").pixels) == "111v");
}

TEST_CASE("void of the class mask is void in the object mask too, where labelme's export writes 0") {
  const Scratch scratch;
  LabelMap labels = labels_of({"cat"});
  Label border;
  border.name = "border";
  border.id = 7;
  border.role = Role::ignore;
  labels.add(border);
  MaskCoding index, numbers;
  index.values = {{0, 0}, {7, 1}};
  numbers.kind = MaskCoding::Kind::instance;
  Item item = item_of("a", {3, 1});
  item.semantic = MaskRef{scratch.write("c.png", encode_index_png(drawn({"077"}))),
                          std::make_shared<const MaskCoding>(index), std::nullopt, false};
  item.instances = MaskRef{scratch.write("o.png", encode_index_png(drawn({"100"}))),
                           std::make_shared<const MaskCoding>(numbers), std::nullopt, false};
  const auto [data, findings] = round_trip(scratch / "out", {labels, {}, {}, {}, {}}, {item});
  CHECK(text_of(read_raw(scratch / "out/SegmentationClass/a.png").pixels) == "1vv");
  CHECK(text_of(read_raw(scratch / "out/SegmentationObject/a.png").pixels) == "1vv");
}

TEST_CASE("more than 254 objects make a 16-bit object mask rather than wrap, and a finding says so") {
  const Scratch scratch;
  Item item = item_of("a", {300, 1});
  for (int x = 0; x < 299; ++x) item.annotations.push_back(object_of(0, rectangle(x, 0, x + 1, 1)));
  const auto [data, findings] = round_trip(scratch / "out", {labels_of({"cat"}), {}, {}, {}, {}}, {item});
  CHECK(rules_of(findings) == Texts{"wide-object-mask"});
  const cv::Mat numbers = read_instances(*data.item("a").instances);
  bool right = numbers.at<std::uint16_t>(0, 299) == 0;
  for (int x = 0; x < 299; ++x) right = right && numbers.at<std::uint16_t>(0, x) == x + 1;
  CHECK(right);
}

TEST_CASE(
    "masks with their own values and colours are written as palette PNGs, and names and colours come back") {
  const Scratch scratch;
  LabelMap labels;
  for (const auto& [name, id, colour] : {std::tuple{"road", 900, Rgb{1, 2, 3}}, {"sky", 3, Rgb{9, 8, 7}}}) {
    Label label;
    label.name = name;
    label.id = id;
    label.colour = colour;
    labels.add(label);
  }
  MaskCoding coding;
  coding.values = {{10, 0}, {20, 1}};
  const cv::Mat stored = (cv::Mat_<std::uint8_t>(1, 4) << 10, 20, 30, 10);
  Item item = item_of("a", {4, 1});
  item.semantic = MaskRef{scratch.write("m.png", encode_index_png(stored)),
                          std::make_shared<const MaskCoding>(coding), std::nullopt, false};
  const auto [data, findings] = round_trip(scratch / "out", {labels, {}, {}, {}, {}}, {item});
  CHECK(rules_of(findings) == Texts{"label-renumbered", "unknown-value"});
  const RawImage classes = read_raw(scratch / "out/SegmentationClass/a.png");
  CHECK(text_of(classes.pixels) == "13v1");
  CHECK(classes.palette[1] == Rgb{1, 2, 3});
  CHECK(classes.palette[3] == Rgb{9, 8, 7});
  const LabelMap& read = data.metadata.labels;
  CHECK(read.colour(*read.find("sky")) == Rgb{9, 8, 7});
  CHECK(read[*read.find("sky")].id == 3);
  CHECK(read.background());
  CHECK(read.find_id(255));
}

TEST_CASE("a data set of VOC's own is written again byte for byte where masks are concerned") {
  const Scratch scratch;
  scratch.write("in/Annotations/a.xml", annotation("a.jpg", 3, 1, {"cat 1 1 2 1"}));
  scratch.write("in/JPEGImages/a.jpg", jpeg(3, 1));
  scratch.write("in/SegmentationClass/a.png", palette_png(drawn({"08v"})));
  scratch.write("in/SegmentationObject/a.png", palette_png(drawn({"010"})));
  const ReadData in = read_voc(scratch / "in");
  const auto [data, findings] = round_trip(scratch / "out", in.metadata, in.items);
  CHECK(findings.empty());
  CHECK(data.findings.empty());
  CHECK(data.metadata == in.metadata);
  for (const char* name : {"JPEGImages/a.jpg", "SegmentationClass/a.png", "SegmentationObject/a.png"})
    CHECK(read_file(scratch / "in" / name) == read_file(scratch / "out" / name));
}

TEST_CASE("subsets come back in order, with a list of Segmentation for those that have a mask") {
  const Scratch scratch;
  std::vector<Item> items;
  for (const char* id : {"d", "b", "c", "a", "e"}) items.push_back(item_of(id, {2, 1}));
  items[0].subset = items[2].subset = "val";
  items[1].subset = items[3].subset = "train";
  items[0].annotations = {object_of(0, rle_of({"10"}))};
  const auto [data, findings] =
      round_trip(scratch / "out", {labels_of({"cat"}), {}, {}, {}, {"train", "val"}}, items);
  CHECK(data.metadata.subsets == Texts{"train", "val"});
  Texts ids;
  for (const Item& item : data.items) ids.push_back(item.subset + ":" + item.id);
  CHECK(ids == Texts{"train:b", "train:a", "val:d", "val:c", ":e"});
  CHECK(read_file(scratch / "out/ImageSets/Main/val.txt") == "d\nc\n");
  CHECK(read_file(scratch / "out/ImageSets/Segmentation/val.txt") == "d\n");
  CHECK_FALSE(fs::exists(scratch / "out/ImageSets/Segmentation/train.txt"));
}

TEST_CASE(
    "names with blanks, quotes, Unicode and folders stay; what a list cannot hold is renamed and said") {
  const Scratch scratch;
  std::vector<Item> items;
  const Texts ids{"two words", "\"quoted\"", "a'b", "Käse/猫 1", "x.y", "line\nbreak", " blank"};
  for (const std::string& id : ids) {
    Item item = item_of(id, {2, 1});
    item.image = scratch.write("image.jpg", jpeg(2, 1));
    item.subset = "train";
    items.push_back(item);
  }
  const auto [data, findings] = round_trip(scratch / "out", {labels_of({"cat"}), {}, {}, {}, {}}, items);
  CHECK(rules_of(findings) == Texts{"renamed", "renamed"});
  CHECK(data.findings.empty());
  REQUIRE(data.items.size() == ids.size());
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(data.items[i].id == ids[i]);
    CHECK(fs::exists(scratch / "out/JPEGImages" / (ids[i] + ".jpg")));
  }
  CHECK_THAT(data.items[5].id, contains("line_break-"));
  for (const char* id : {"../outside", "a/../../b"}) {
    Item item = item_of(id, {2, 1});
    const Path target = scratch / "safe";
    try {
      round_trip(target, {labels_of({"cat"}), {}, {}, {}, {}}, {item});
    } catch (const Error&) {
    }
    CHECK_FALSE(fs::exists(scratch / "outside.xml"));
    fs::remove_all(target);
  }
}

TEST_CASE("images stay where they are with reference, and are found again") {
  const Scratch scratch;
  Item item = item_of("a", {2, 1});
  item.image = scratch.write("far/picture.jpg", jpeg(2, 1));
  const auto [data, findings] =
      round_trip(scratch / "out", {labels_of({"cat"}), {}, {}, {}, {}}, {item}, Media::reference);
  CHECK(data.items.at(0).image == item.image);
  CHECK(data.items[0].attributes.empty());
  CHECK_FALSE(fs::exists(scratch / "out/JPEGImages"));
}

TEST_CASE("not annotated stays apart from annotated as empty, and is said where it cannot") {
  const Scratch scratch;
  Item nobody = item_of("nobody", {2, 1}), empty = item_of("empty", {2, 1});
  nobody.annotated = false;
  nobody.image = empty.image = scratch.write("a.jpg", jpeg(2, 1));
  const Metadata metadata{labels_of({"cat"}), {}, {}, {}, {}};
  const auto [data, findings] = round_trip(scratch / "out", metadata, {nobody, empty});
  CHECK(findings.empty());
  CHECK(data.item("empty").annotated);
  CHECK_FALSE(data.item("nobody").annotated);
  const auto without = round_trip(scratch / "none", metadata, {nobody, empty}, Media::none);
  CHECK(rules_of(without.findings) == Texts{"unannotated-lost"});
  CHECK(without.data.items.size() == 1);
}

TEST_CASE("an image that is gone leaves nothing of its item behind") {
  const Scratch scratch;
  Item item = item_of("a", {2, 1});
  item.image = scratch / "gone.jpg";
  CreateRequest request;
  request.target = scratch / "out";
  request.metadata.labels = labels_of({"cat"});
  const auto sink = voc().create(request);
  CHECK(thrown_by([&] { sink->encode(item); }).code() == Code::not_found);
  sink->close({"maskmill convert", {}});
  CHECK_FALSE(fs::exists(scratch / "out/Annotations/a.xml"));
}

TEST_CASE("labels that fit no palette are refused where a mask is to be painted, and serve for boxes") {
  const Scratch scratch;
  LabelMap labels;
  for (int i = 0; i < 300; ++i) {
    Label label;
    label.name = "label" + std::to_string(i);
    label.id = i + 1;
    labels.add(label);
  }
  Item boxes = item_of("a", {4, 4}), mask = item_of("b", {2, 1});
  boxes.annotations = {object_of(299, Box{0, 0, 2, 2})};
  mask.annotations = {object_of(299, rle_of({"10"}))};
  const auto [data, findings] = round_trip(scratch / "out", {labels, {}, {}, {}, {}}, {boxes});
  CHECK(data.metadata.labels[*data.items.at(0).annotations.at(0).label].name == "label299");
  const Error error = thrown_by([&] { round_trip(scratch / "other", {labels, {}, {}, {}, {}}, {mask}); });
  CHECK(error.code() == Code::bad_value);
}

TEST_CASE("any boxes with flags, scores and attributes, in any subsets, come back as they were") {
  const Scratch scratch;
  Random random(41);
  const LabelMap labels = labels_of({"cat", "dog", "Käse & Brot"});
  const auto flag = [&]() -> Flag { return random.chance(0.4) ? Flag() : Flag(random.chance(0.5)); };
  std::vector<Item> items;
  for (int i = 0; i < 60; ++i) {
    Item item = item_of(fmt::format("item {:03}", i), {640, 480});
    item.subset = i < 20 ? "train" : i < 40 ? "val" : "";
    for (std::uint64_t k = random.below(6); k > 0; --k) {
      Annotation annotation = object_of(static_cast<int>(random.below(3)), Box{});
      const double x = static_cast<double>(random.below(600)) / 2,
                   y = static_cast<double>(random.below(400)) / 2;
      annotation.shape = Box{x, y, static_cast<double>(random.below(200)) / 4 + 1,
                             static_cast<double>(random.below(200)) / 4 + 1};
      annotation.flags = {flag(), flag(), flag(), flag()};
      if (random.chance(0.5)) annotation.score = random.uniform();
      annotation.attributes = {
          {"pose", std::string("Left")}, {"age", std::int64_t{7}}, {"list", JsonText{"[1,2]"}}};
      item.annotations.push_back(std::move(annotation));
    }
    if (random.chance(0.5)) item.attributes = {{"folder", std::string("VOC")}, {"licence", true}};
    items.push_back(std::move(item));
  }
  const auto [data, findings] = round_trip(scratch / "out", {labels, {}, {}, {}, {}}, items, Media::none);
  CHECK(findings.empty());
  REQUIRE(data.items.size() == items.size());
  CHECK(data.metadata.labels.size() == labels.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    CAPTURE(i);
    CHECK(data.items[i].id == items[i].id);
    CHECK(data.items[i].subset == items[i].subset);
    CHECK(data.items[i].file_name == items[i].file_name);
    CHECK(data.items[i].size == items[i].size);
    CHECK(data.items[i].annotations == items[i].annotations);
    CHECK(data.items[i].attributes == items[i].attributes);
  }
}

TEST_CASE("any masks of up to 250 labels come back pixel by pixel") {
  const Scratch scratch;
  Random random(43);
  for (const int count : {2, 21, 250}) {
    CAPTURE(count);
    LabelMap labels;
    MaskCoding coding;
    for (int i = 0; i < count; ++i) {
      Label label;
      label.name = "label" + std::to_string(i);
      if (i == 1) label.role = Role::background;
      labels.add(label);
      coding.values.emplace_back(i, i);
    }
    cv::Mat stored(40, 50, CV_8UC1);
    for (int y = 0; y < stored.rows; ++y)
      for (int x = 0; x < stored.cols; ++x)
        stored.at<std::uint8_t>(y, x) =
            static_cast<std::uint8_t>(random.below(static_cast<std::uint64_t>(count)));
    Item item = item_of("a", {50, 40});
    item.semantic = MaskRef{scratch.write("m.png", encode_index_png(stored)),
                            std::make_shared<const MaskCoding>(coding), std::nullopt, false};
    const Path target = scratch / fmt::format("out{}", count);
    const auto [data, findings] = round_trip(target, {labels, {}, {}, {}, {}}, {item});
    const cv::Mat before = read_semantic(*item.semantic).labels,
                  after = read_semantic(*data.item("a").semantic).labels;
    bool equal = before.size() == after.size();
    for (int y = 0; equal && y < before.rows; ++y)
      for (int x = 0; x < before.cols; ++x)
        equal = equal && labels[before.at<std::uint16_t>(y, x)].name ==
                             data.metadata.labels[after.at<std::uint16_t>(y, x)].name;
    CHECK(equal);
  }
}

TEST_CASE("a sink that is not closed leaves what was there") {
  const Scratch scratch;
  {
    CreateRequest request;
    request.target = scratch / "out";
    request.metadata.labels = labels_of({"cat"});
    const auto sink = voc().create(request);
    sink->encode(item_of("a", {2, 1}))();
  }
  CHECK_FALSE(fs::exists(scratch / "out"));
  CHECK(thrown_by([&] {
          CreateRequest request;
          request.target = scratch / "out";
          request.settings = {"colour=yes"};
          voc().create(request);
        }).code() == Code::usage);
}
