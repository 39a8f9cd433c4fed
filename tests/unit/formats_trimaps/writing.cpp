// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/trimaps/trimaps.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Label label(const std::string& name, std::optional<std::int64_t> id, Role role = Role::object) {
  Label made;
  made.name = name;
  made.id = id;
  made.role = role;
  return made;
}

Metadata of(std::vector<Label> labels) {
  Metadata metadata;
  metadata.labels = LabelMap(std::move(labels));
  return metadata;
}

/// A data set of trimaps, found as the authors pack it.
void put_original(const Scratch& scratch) {
  std::string list;
  for (const char* name : {"pug_2", "Bengal_1", "an odd one", "na\xC3\xAFve_3"}) {
    scratch.write(std::string("in/images/") + name + ".jpg", jpeg_picture());
    scratch.write(std::string("in/annotations/trimaps/") + name + ".png", png_mask({1, 2, 3, 3, 2}));
    list += std::string(name) + " 4 2 3\n";
  }
  scratch.write("in/images/bare_1.jpg", jpeg_picture());
  scratch.write("in/annotations/list.txt", list + "bare_1 0 0 0\n");
  scratch.write("in/annotations/test.txt", "Bengal_1 1 1 1\n");
  scratch.write("in/annotations/fold7.txt", "pug_2 2 2 1\nbare_1\n");
}

}  // namespace

TEST_CASE("what is written as trimaps reads back the same") {
  const Scratch scratch;
  put_original(scratch);
  const ReadDataSet before = read_data_set(trimaps(), scratch / "in");
  before.source->rewind();
  write_data_set(trimaps(), *before.source, {.target = scratch / "out"});
  const ReadDataSet after = read_data_set(trimaps(), scratch / "out");
  CHECK(after.source->metadata() == before.source->metadata());
  CHECK(after.rules() == before.rules());
  REQUIRE(after.ids() == before.ids());
  for (std::size_t i = 0; i < before.items.size(); ++i) {
    const Item &was = before.items[i], &is = after.items[i];
    CHECK(is.subset == was.subset);
    CHECK(is.attributes == was.attributes);
    CHECK(is.annotated == was.annotated);
    CHECK((read_file(is.image) == read_file(was.image)));
    if (!was.annotated) continue;
    const cv::Mat a = read_raw(was.semantic->file).pixels, b = read_raw(is.semantic->file).pixels;
    CHECK(b.type() == CV_8UC1);
    CHECK(cv::countNonZero(a != b) == 0);
    CHECK(read_raw(is.semantic->file).palette.empty());
  }
}

TEST_CASE("labels in any order, and without ids, are written by their names") {
  const Scratch scratch;
  Metadata metadata = of({label("border", {}), label("background", {}, Role::background), label("pet", {})});
  MaskCoding coding;
  coding.values = {{10, 0}, {20, 1}, {30, 2}};
  Item item;
  item.id = "a";
  item.image = scratch.write("a.jpg", jpeg_picture());
  item.size = Size{6, 4};
  item.semantic = MaskRef{
      scratch.write("a.png", png_mask({10, 20, 30})), std::make_shared<MaskCoding>(coding), {}, false};
  const auto source = make_source(metadata, {item});
  write_data_set(trimaps(), *source, {.target = scratch / "out"});
  const cv::Mat written = read_raw(scratch / "out/annotations/trimaps/a.png").pixels;
  CHECK(written.at<std::uint8_t>(0, 0) == 3);
  CHECK(written.at<std::uint8_t>(0, 1) == 2);
  CHECK(written.at<std::uint8_t>(0, 2) == 1);
}

TEST_CASE("ids of another format are said to be lost, and a void label may be there if no pixel has it") {
  const Scratch scratch;
  std::vector<Label> labels{label("pet", 1), label("background", 0), label("border", 3), label("void", 255)};
  labels[3].role = Role::ignore;
  const auto sink = trimaps().create({.target = scratch / "out", .metadata = of(labels)});
  REQUIRE(sink->findings().by_rule().count("ids-lost") == 1);
  const auto coding = std::make_shared<MaskCoding>();
  coding->values = {{1, 0}, {0, 1}, {3, 2}, {255, 3}};
  const auto item = [&](const char* id, std::vector<int> values) {
    Item made;
    made.id = id;
    made.image = scratch.write(std::string(id) + ".jpg", jpeg_picture());
    made.size = Size{6, 4};
    made.semantic = MaskRef{scratch.write(std::string(id) + ".png", png_mask(values)), coding, {}, false};
    return made;
  };
  sink->encode(item("a", {1, 0, 3}))();
  CHECK(thrown_by([&] { sink->encode(item("b", {1, 0, 255})); }).code() == Code::bad_value);
  sink->close({});
  CHECK(cv::countNonZero(read_raw(scratch / "out/annotations/trimaps/a.png").pixels !=
                         mask_of({6, 4}, {1, 2, 3})) == 0);
}

TEST_CASE("trimaps that were written without images are read again") {
  const Scratch scratch;
  put_original(scratch);
  const ReadDataSet before = read_data_set(trimaps(), scratch / "in");
  before.source->rewind();
  write_data_set(trimaps(), *before.source, {.target = scratch / "out", .media = Media::none});
  CHECK(!fs::exists(scratch / "out/images"));
  CHECK(trimaps().probe(scratch / "out").confidence >= 30);
  const ReadDataSet after = read_data_set(trimaps(), scratch / "out");
  CHECK(after.ids() == before.ids());
  for (std::size_t i = 0; i < after.items.size(); ++i) {
    CHECK(after.items[i].image.empty());
    CHECK(after.items[i].annotated == before.items[i].annotated);
    CHECK(after.items[i].subset == before.items[i].subset);
  }
}

TEST_CASE("other labels are refused, with what to do") {
  const Scratch scratch;
  for (const auto& labels :
       {std::vector<Label>{},
        {label("pet", 1), label("background", 2)},
        {label("cat", 1), label("background", 2), label("border", 3)},
        {label("pet", 1), label("background", 2), label("border", 3), label("tail", 4)}}) {
    const Error error =
        thrown_by([&] { trimaps().create({.target = scratch / "out", .metadata = of(labels)}); });
    CHECK(error.code() == Code::unsupported);
    CHECK_THAT(error.hint_text(), contains("another format"));
  }
}

TEST_CASE("items that a list or a trimap cannot hold are refused one by one") {
  const Scratch scratch;
  const Metadata metadata =
      of({label("pet", 1), label("background", 2, Role::background), label("border", 3)});
  const auto sink = trimaps().create({.target = scratch / "out", .metadata = metadata});
  Item item;
  item.image = scratch.write("a.jpg", jpeg_picture());
  item.size = Size{6, 4};
  item.annotated = false;
  for (const char* id : {"line\nbreak", " blank", "#comment", "../out", ".hidden"}) {
    item.id = id;
    CHECK(thrown_by([&] { sink->encode(item); }).code() == Code::bad_value);
  }
  item.id = "a";
  for (const char* subset : {"list", "a/b", ".."}) {
    item.subset = subset;
    CHECK(thrown_by([&] { sink->encode(item); }).code() == Code::bad_value);
  }
  item.subset = "";
  item.annotated = true;
  MaskCoding coding;
  coding.values = {{1, 0}};
  item.semantic =
      MaskRef{scratch.write("a.png", png_mask({1, 9})), std::make_shared<MaskCoding>(coding), {}, false};
  CHECK_THAT(thrown_by([&] { sink->encode(item); }).message(), contains("1, 0"));  // x, y
  CHECK(!fs::exists(scratch / "out"));
}

TEST_CASE("attributes that a list line has no place for are noted") {
  const Scratch scratch;
  const auto sink = trimaps().create(
      {.target = scratch / "out",
       .metadata = of({label("pet", 1), label("background", 2, Role::background), label("border", 3)})});
  Item item;
  item.id = "pug_1";
  item.image = scratch.write("a.jpg", jpeg_picture());
  item.annotated = false;
  item.attributes = {
      {"species", std::string("dog")}, {"breed", std::string("pug")}, {"weather", std::string("rain")}};
  sink->encode(item)();
  REQUIRE(sink->findings().size() == 1);
  sink->findings().for_each([](const Finding& finding) { CHECK_THAT(finding.message, contains("weather")); });
}
