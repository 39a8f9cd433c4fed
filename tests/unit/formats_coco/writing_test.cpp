// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/parallel.h"
#include "catch.h"
#include "formats/coco/coco.h"
#include "formats/id_list.h"
#include "image/image.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Metadata cats() {
  Metadata metadata;
  metadata.labels = LabelMap({label("cat", 3)});
  return metadata;
}

Item item(const std::string& id, std::vector<Annotation> annotations = {}) {
  Item result;
  result.id = id;
  result.file_name = id + ".jpg";
  result.size = Size{10, 8};
  result.annotations = std::move(annotations);
  return result;
}

Annotation annotation(Shape shape) {
  Annotation result;
  result.label = 0;
  result.shape = std::move(shape);
  return result;
}

std::size_t open_files() {
  std::size_t count = 0;
  for (fs::directory_iterator entry("/proc/self/fd"), end; entry != end; ++entry) ++count;
  return count;
}

Polygon triangle() {
  return {{{{{1, 1}, {7.25, 1}, {1, 5}}, {}}}};
}

std::string written_text(const std::vector<Item>& items, const Metadata& metadata = cats(),
                         std::vector<std::string> settings = {}) {
  const Scratch scratch;
  write_coco(scratch / "out.json", metadata, items, Media::none, std::move(settings));
  return read_file(scratch / "out.json");
}

Json written(const std::vector<Item>& items, const Metadata& metadata = cats(),
             std::vector<std::string> settings = {}) {
  return parse_json(written_text(items, metadata, std::move(settings)), "out.json");
}

Json first_annotation(const Annotation& value, std::vector<std::string> settings = {}) {
  return written({item("a", {value})}, cats(), std::move(settings))["annotations"][0];
}

}  // namespace

TEST_CASE("numbers are as short as they can be and read back as the same double") {
  const std::string text =
      written_text({item("a", {annotation(Polygon{{{{{0, 1.5}, {1e-7, 0.1}, {1.0 / 3, 123456}}, {}}}})})});
  CHECK_THAT(text, contains("\"segmentation\":[[0,1.5,1e-07,0.1,0.3333333333333333,123456]]"));
}

TEST_CASE("area and box are pycocotools' where the annotation does not state them") {
  // mask.frPyObjects([[1, 1, 7.25, 1, 1, 5]], 8, 10): area 12, toBbox [1, 1, 5, 4]
  const Json polygon = first_annotation(annotation(triangle()));
  CHECK(polygon["area"] == 12);
  CHECK(polygon["bbox"] == Json({1, 1, 5, 4}));
  const Json rle = first_annotation(annotation(Rle{{10, 8}, {26, 3, 5, 3, 5, 3, 35}}));
  CHECK(rle["area"] == 9);
  CHECK(rle["bbox"] == Json({3, 2, 3, 3}));
  const Json box = first_annotation(annotation(Box{1, 2, 3, 4.5}));
  CHECK(box["area"] == 13.5);
  CHECK(box["bbox"] == Json({1, 2, 3, 4.5}));
  CHECK(box["segmentation"] == Json::array());
  Annotation stated = annotation(triangle());
  stated.area = 5.5;
  stated.box = Box{0, 0, 9, 9};
  CHECK(first_annotation(stated)["area"] == 5.5);
  CHECK(first_annotation(stated)["bbox"] == Json({0, 0, 9, 9}));
}

TEST_CASE("area and box are the outline's where the image's size is not known") {
  Item unknown = item("a", {annotation(triangle())});
  unknown.size.reset();
  const Json document = written({unknown});
  CHECK_FALSE(document["images"][0].contains("width"));
  CHECK(document["annotations"][0]["area"] == 12.5);
  CHECK(document["annotations"][0]["bbox"] == Json({1, 1, 6.25, 4}));
}

TEST_CASE("masks are written as strings or as runs") {
  const Annotation mask = annotation(Rle{{10, 8}, {26, 3, 5, 3, 5, 3, 35}});
  CHECK(first_annotation(mask)["segmentation"]["counts"] == "j035000n0");
  CHECK(first_annotation(mask, {"rle=uncompressed"})["segmentation"]["counts"] ==
        Json({26, 3, 5, 3, 5, 3, 35}));
  CHECK(first_annotation(mask)["segmentation"]["size"] == Json({8, 10}));
  CHECK(thrown_by([&] { first_annotation(mask, {"rle=string"}); }).code() == Code::usage);
}

TEST_CASE("ids that are missing or repeated get the lowest that are free") {
  Annotation with_id = annotation(triangle());
  with_id.id = 2;
  Item first = item("a", {annotation(triangle()), with_id, with_id});
  Item second = item("b", {annotation(triangle())});
  second.source_id = 1;
  const Json document = written({first, second});
  CHECK(document["images"][0]["id"] == 2);
  CHECK(document["images"][1]["id"] == 1);
  std::vector<std::pair<int, int>> ids;
  for (const Json& element : document["annotations"]) ids.emplace_back(element["id"], element["image_id"]);
  CHECK(ids == std::vector<std::pair<int, int>>{{1, 2}, {2, 2}, {3, 2}, {4, 1}});
}

TEST_CASE("an unknown iscrowd is 0 where that can be said, and stays unknown") {
  Annotation crowd = annotation(triangle()), none = annotation(triangle()), unknown = annotation(triangle());
  crowd.flags.crowd = true;
  none.flags.crowd = false;
  const auto check = [](const std::vector<Annotation>& annotations, const Json& expected) {
    const Scratch scratch;
    write_coco(scratch / "a.json", cats(), {item("a", annotations)});
    const Json document = read_json(scratch / "a.json");
    Json found = Json::array();
    for (const Json& element : document["annotations"]) found.push_back(element.value("iscrowd", Json()));
    CHECK(found == expected);
    const Reading reading = read_coco(scratch / "a.json");
    for (std::size_t i = 0; i < annotations.size(); ++i)
      CHECK(reading.items.at(0).annotations.at(i).flags == annotations[i].flags);
  };
  check({crowd, unknown}, {1, 0});
  check({crowd, none}, {1, 0});
  check({none, unknown}, {0, nullptr});
}

TEST_CASE("category ids are the labels' own where all have one, else they count from 1") {
  Metadata metadata;
  const auto ids = [&](const LabelMap& labels) {
    metadata.labels = labels;
    std::vector<int> list;
    const Json document = written({}, metadata);
    for (const Json& category : document["categories"]) list.push_back(category["id"]);
    return list;
  };
  const Label background = label("background", {}, Role::background);
  CHECK(ids(LabelMap({label("a", 0), label("b", 90)})) == std::vector<int>{0, 90});
  CHECK(ids(LabelMap({label("a", 7), label("b")})) == std::vector<int>{1, 2});
  CHECK(ids(LabelMap({background, label("a"), label("b")})) == std::vector<int>{1, 2});
  CHECK(ids(LabelMap({background, label("a", 5)})) == std::vector<int>{5});
}

TEST_CASE("a folder has a file a subset and all images in one folder") {
  const Scratch scratch;
  Metadata metadata = cats();
  metadata.subsets = {"train", "val", "empty"};
  Item a = item("x/a"), b = item("b");
  a.image = scratch.write("in/whatever.JPG", encode_jpeg(cv::Mat(8, 10, CV_8UC1, cv::Scalar(3))));
  a.file_name = "whatever.JPG";
  a.subset = "val";
  b.image = a.image;
  b.subset = "train";
  write_coco(scratch / "out", metadata, {a, b}, Media::copy);
  std::vector<std::string> files;
  for (const Path& path : list_files(scratch / "out")) files.push_back(relative_name(path, scratch / "out"));
  CHECK(files == std::vector<std::string>{
                     "annotations/instances_empty.json", "annotations/instances_train.json",
                     "annotations/instances_val.json", "images/b.jpg", "images/x/a.JPG", "provenance.json"});
  const Reading reading = read_coco(scratch / "out");
  CHECK(reading.findings.empty());
  CHECK(reading.metadata.subsets == metadata.subsets);
  REQUIRE(reading.items.size() == 2);
  CHECK(reading.items[0].id == "b");
  CHECK(reading.items[1].id == "x/a");
  CHECK(reading.items[1].subset == "val");
  CHECK(reading.items[1].image == scratch / "out/images/x/a.JPG");
}

TEST_CASE("one file holds all subsets, and its provenance lies beside") {
  const Scratch scratch;
  Metadata metadata = cats();
  metadata.subsets = {"val", "train", "empty"};
  Item a = item("a"), b = item("b"), c = item("c");
  a.subset = "train";
  b.subset = "val";
  write_coco(scratch / "out.json", metadata, {a, b, c});
  CHECK(fs::exists(scratch / "out.json.provenance.json"));
  const Reading reading = read_coco(scratch / "out.json");
  CHECK(reading.metadata.subsets == metadata.subsets);
  CHECK(reading.items.at(0).subset == "train");
  CHECK(reading.items.at(1).subset == "val");
  CHECK(reading.items.at(2).subset.empty());
  CHECK(thrown_by([&] { write_coco(scratch / "b.json", metadata, {}, Media::copy); }).code() == Code::usage);
}

TEST_CASE("images that stay where they are keep the items' ids") {
  const Scratch scratch;
  Item a = item("deep/a");
  a.image = scratch.write("elsewhere/photo.png", "x");
  a.file_name = "photo.png";
  const Path target = scratch / GENERATE("out", "out.json");
  write_coco(target, cats(), {a}, Media::reference);
  const Reading reading = read_coco(target);
  CHECK(reading.findings.empty());
  CHECK(reading.items.at(0).id == "deep/a");
  CHECK(reading.items[0].image == fs::absolute(a.image));
}

TEST_CASE("names with quotes, newlines, spaces and Unicode come back; what is not UTF-8 is spelled out") {
  const Scratch scratch;
  const std::vector<Item> items{item("a \"b\"\n\\c"), item("\xC3\xA9\xF0\x9F\x98\x80"), item("caf\xE9/../x")};
  write_coco(scratch / "out", cats(), items);
  const Reading reading = read_coco(scratch / "out");
  REQUIRE(reading.items.size() == 3);
  CHECK(reading.items[0].id == items[0].id);
  CHECK(reading.items[1].id == items[1].id);
  CHECK(reading.items[2].id == "caf%E9/_/x");
}

TEST_CASE("an annotation that cannot be written is left out and said") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Scratch scratch;
  Metadata metadata;
  metadata.labels = LabelMap({label("cat"), label("background", {}, Role::background)});
  Annotation background = annotation(triangle());
  background.label = 1;
  const auto sink = coco().create({scratch / "a.json", Overwrite::no, Media::none, metadata, {}});
  sink->encode(
      item("a", {annotation(Box{0, nan, 1, 1}), annotation(Polygon{{{{{0, 0}, {1, nan}, {2, 2}}, {}}}}),
                 annotation(Polygon{{{{{0, 0}, {1, 1}}, {}}}}), annotation(Rle{{10, 8}, {79}}),
                 annotation(Rle{{8, 10}, {80}}), background, annotation(triangle())}))();
  sink->close({});
  CHECK(sink->findings().by_rule() == std::map<std::string, std::size_t>{{"annotation-left-out", 6}});
  CHECK(read_coco(scratch / "a.json").items.at(0).annotations.size() == 1);
}

TEST_CASE("what the format does not hold is a bug of the caller's") {
  const Polygon with_hole{{{{{0, 0}, {9, 0}, {9, 7}}, {{{1, 1}, {2, 1}, {2, 2}}}}}};
  for (const Shape& shape : {Shape(with_hole), Shape(Ellipse{}), Shape(RotatedBox{}), Shape(Polyline{}),
                             Shape(Points{}), Shape(MaskRef{})})
    CHECK(thrown_by([&] { written_text({item("a", {annotation(shape)})}); }).code() == Code::bug);
}

TEST_CASE("an output that is not closed leaves nothing") {
  const Scratch scratch;
  for (const char* name : {"out", "out.json"}) {
    const auto sink = coco().create({scratch / name, Overwrite::no, Media::none, cats(), {}});
    sink->encode(item("a", {annotation(triangle())}))();
  }
  CHECK(fs::is_empty(scratch.path()));
}

TEST_CASE("many subsets need no more open files than one, and each is written as if it were alone") {
  const Scratch scratch;
  Metadata metadata = cats();
  for (int i = 0; i < 100; ++i) metadata.subsets.push_back("s" + std::to_string(i));
  std::vector<Item> items, of_one;
  for (std::size_t i = 0; i < 500; ++i) {
    const std::string id = "image " + std::to_string(i);
    items.push_back(item(id, {annotation(triangle()), annotation(Box{1, 1, 2, 3})}));
    items.back().subset = metadata.subsets[i % 100];
    items.back().attributes = {{"note", std::string(i % 50 == 7 ? 20'000 : 1, 'n')}};
    if (i % 100 == 7) of_one.push_back(items.back());
  }
  const std::size_t opened_before = open_files();
  const auto sink = coco().create({scratch / "out", Overwrite::no, Media::none, metadata, {}});
  for (const Item& one : items) sink->encode(one)();
  CHECK(open_files() <= opened_before + 2);
  sink->close({});
  CHECK(open_files() <= opened_before + 2);
  const Reading reading = read_coco(scratch / "out");
  CHECK(reading.items.size() == items.size());
  CHECK(reading.findings.empty());
  write_coco(scratch / "alone", metadata, of_one);
  CHECK(read_file(scratch / "out/annotations/instances_s7.json") ==
        read_file(scratch / "alone/annotations/instances_s7.json"));
}

TEST_CASE("an output is replaced only when asked to") {
  const Scratch scratch;
  const Path target = scratch / GENERATE("out", "out.json");
  write_coco(target, cats(), {item("a")});
  CHECK(thrown_by([&] { write_coco(target, cats(), {}); }).code() == Code::write_failed);
  const auto sink = coco().create({target, Overwrite::yes, Media::none, cats(), {}});
  sink->encode(item("b"))();
  sink->close({});
  CHECK(read_coco(target).items.at(0).id == "b");
}

TEST_CASE("a subset that is no file name is refused") {
  const Scratch scratch;
  Metadata metadata = cats();
  metadata.subsets = {"a/../../b"};
  CHECK(thrown_by([&] { write_coco(scratch / "out", metadata, {}); }).code() == Code::bad_value);
}

TEST_CASE("the bytes do not depend on the number of threads") {
  std::vector<Item> items;
  for (int i = 0; i < 200; ++i)
    items.push_back(item("image " + std::to_string(i),
                         std::vector<Annotation>(static_cast<std::size_t>(i % 7), annotation(triangle()))));
  const Scratch scratch;
  std::vector<std::string> texts;
  for (const int jobs : {1, 4}) {
    const Jobs held(jobs);
    const auto source = make_source(cats(), items);
    const Path target = scratch / (std::to_string(jobs) + ".json");
    const auto sink = coco().create({target, Overwrite::no, Media::none, cats(), {}});
    map_items(
        *source,
        [&](const ReadItem& read) {
          std::vector<Finding> findings;
          return sink->encode(*read(findings));
        },
        [](const std::function<void()>& append) { append(); });
    sink->close({});
    texts.push_back(read_file(target));
  }
  CHECK(texts[0] == texts[1]);
}

TEST_CASE("attributes whose names the format uses itself stand apart") {
  Annotation value = annotation(Box{1, 1, 2, 2});
  value.area = 4;
  value.id = 1;
  value.attributes = {{"bbox", std::string("mine")},
                      {"id", std::int64_t{9}},
                      {"attributes", JsonText{"{\"a\":1}"}},
                      {"x", 5.0}};
  Item named = item("a", {value});
  named.attributes = {{"subset", true}, {"width", 1.5}};
  Metadata metadata = cats();
  metadata.attributes = {
      {"images", std::string("mine")}, {"info", std::int64_t{3}}, {"meta", JsonText{"[1,2]"}}};
  const Scratch scratch;
  write_coco(scratch / "a.json", metadata, {named});
  const Reading reading = read_coco(scratch / "a.json");
  CHECK(reading.items.at(0).attributes == named.attributes);
  CHECK(reading.items.at(0).annotations.at(0) == value);
  for (const auto& [name, expected] : metadata.attributes) {
    REQUIRE(find_attribute(reading.metadata.attributes, name));
    CHECK(*find_attribute(reading.metadata.attributes, name) == expected);
  }
}
