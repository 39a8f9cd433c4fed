// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "base/json.h"
#include "base/random.h"
#include "dataset/masks.h"
#include "formats/pairs/pairs.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Names = std::vector<std::string>;
constexpr Size kSize{23, 17};

Label label(const std::string& name, std::optional<std::int64_t> id, Role role = Role::object,
            std::optional<Rgb> colour = {}) {
  Label made;
  made.name = name;
  made.id = id;
  made.role = role;
  made.colour = colour;
  return made;
}

std::shared_ptr<const MaskCoding> index_coding(const LabelMap& labels) {
  MaskCoding coding;
  const std::vector<int> values = labels.mask_values();
  for (int i = 0; i < labels.size(); ++i) coding.values.emplace_back(values[static_cast<std::size_t>(i)], i);
  return std::make_shared<const MaskCoding>(std::move(coding));
}

/// A data set of random masks over `values`, one in four not annotated, with names that try the writer.
std::unique_ptr<Source> made_source(const Scratch& scratch, const LabelMap& labels,
                                    const std::vector<int>& values, const Names& subsets,
                                    std::uint64_t seed = 1) {
  const auto coding = index_coding(labels);
  Random random(seed);
  std::vector<Item> items;
  for (const char* name : {"a", "b b", "it's", "sub/c", "n\xC3\xAF\nx", "d.e", "f", "sub/g"}) {
    Item item;
    item.id = name;
    item.file_name = item.id + ".jpg";
    item.image = scratch.write("made/images/" + item.file_name, jpeg_picture(kSize));
    item.size = kSize;
    if (!subsets.empty()) item.subset = subsets[random.below(subsets.size())];
    item.annotated = !random.chance(0.25);
    if (item.annotated) {
      std::vector<int> pixels;
      for (std::int64_t i = 0; i < kSize.area(); ++i) pixels.push_back(values[random.below(values.size())]);
      item.semantic = MaskRef{
          scratch.write("made/masks/" + item.id + ".png", png_mask(pixels, kSize)), coding, {}, false};
    }
    items.push_back(std::move(item));
  }
  Metadata metadata;
  metadata.labels = labels;
  metadata.subsets = subsets;
  return make_source(std::move(metadata), std::move(items));
}

std::map<std::string, Item> by_id(Source& source) {
  Findings findings;
  source.rewind();
  std::map<std::string, Item> items;
  for (Item& item : read_all(source, findings)) items[item.id] = std::move(item);
  return items;
}

bool same_pixels(const Item& a, const Item& b, const LabelMap& labels) {
  const cv::Mat left = semantic_of(a, labels).labels, right = semantic_of(b, labels).labels;
  return left.size() == right.size() && cv::countNonZero(left != right) == 0;
}

void check_same(Source& source, Source& back) {
  CHECK(back.metadata().labels == source.metadata().labels);
  CHECK(back.metadata().subsets == source.metadata().subsets);
  const auto before = by_id(source), after = by_id(back);
  REQUIRE(before.size() == after.size());
  for (const auto& [id, item] : before) {
    INFO(id);
    REQUIRE(after.contains(id));
    const Item& read = after.at(id);
    CHECK(read.subset == item.subset);
    CHECK(read.annotated == item.annotated);
    CHECK(read.size == item.size);
    CHECK((read_file(read.image) == read_file(item.image)));
    if (item.annotated) CHECK(same_pixels(item, read, source.metadata().labels));
  }
}

ReadDataSet written_and_read(Source& source, const Path& target, std::vector<std::string> settings = {}) {
  write_data_set(pairs(), source, {.target = target, .settings = std::move(settings)});
  return read_data_set(pairs(), target);
}

}  // namespace

TEST_CASE("what is written as pairs reads back the same: labels, roles, colours, ids, subsets, pixels") {
  const Names subsets = GENERATE(Names{}, Names{"train", "val", "a test"});
  const Scratch scratch;
  LabelMap labels;
  std::vector<int> values;
  std::vector<std::string> settings;
  SECTION("ids of 8 bits") {
    labels = LabelMap({label("sky", 3, Role::object, Rgb{1, 2, 3}), label("rest", 0, Role::background),
                       label("n/a", 255, Role::ignore)});
    values = {0, 3, 255};
  }
  SECTION("ids of 16 bits") {
    labels = LabelMap({label("a", 1), label("b", 256, Role::object, Rgb{7, 7, 7}), label("c", 65535)});
    values = {1, 256, 65535};
  }
  SECTION("no ids") {
    labels = LabelMap({label("a", {}), label("b", {}, Role::background), label("c", {}, Role::ignore)});
    values = {0, 1, 2};
  }
  SECTION("ids too large for a mask") {
    labels = LabelMap({label("a", 70000), label("b", -1)});
    values = {0, 1};
  }
  SECTION("colours") {
    labels = LabelMap(
        {label("a", 1, Role::object, Rgb{200, 0, 0}), label("b", 2), label("rest", 0, Role::background)});
    values = {0, 1, 2};
    settings = {"coding=colour"};
  }
  SECTION("binary") {
    labels = LabelMap({label("rest", 0, Role::background), label("cell", 1)});
    values = {0, 1};
    settings = {"coding=binary"};
  }
  const auto source = made_source(scratch, labels, values, subsets);
  const ReadDataSet back = written_and_read(*source, scratch / "out", settings);
  check_same(*source, *back.source);
}

TEST_CASE("256 labels and more, written and read") {
  const Scratch scratch;
  std::vector<Label> many;
  std::vector<int> values;
  const int count = GENERATE(256, 257, 1000);
  for (int i = 0; i < count; ++i) {
    many.push_back(label("label " + std::to_string(i), i));
    values.push_back(i);
  }
  const auto source = made_source(scratch, LabelMap(many), values, {});
  const ReadDataSet back = written_and_read(*source, scratch / "out");
  check_same(*source, *back.source);
}

TEST_CASE("masks are palette PNGs of the labels' values and colours; above 255, 16 bits and gray") {
  const Scratch scratch;
  const LabelMap labels({label("a", 1, Role::object, Rgb{10, 20, 30}), label("b", 3), label("big", 256)});
  const auto small = made_source(scratch, labels, {1, 3}, {});
  write_data_set(pairs(), *small, {.target = scratch / "small"});
  const auto wide = made_source(scratch, labels, {1, 256}, {});
  write_data_set(pairs(), *wide, {.target = scratch / "wide"});
  for (const Path& file : list_files(scratch / "small/masks")) {
    const RawImage mask = read_raw(file);
    CHECK(mask.pixels.type() == CV_8UC1);
    REQUIRE(mask.palette.size() > 3);
    CHECK(mask.palette[1] == Rgb{10, 20, 30});
    CHECK(mask.palette[3] == voc_colour(3));
  }
  for (const Path& file : list_files(scratch / "wide/masks")) CHECK(read_raw(file).pixels.type() == CV_16UC1);
}

TEST_CASE("the layout is images/ and masks/, below the subset where there is one") {
  const Scratch scratch;
  const auto source = made_source(scratch, LabelMap({label("a", 0)}), {0}, {"", "val"});
  Metadata metadata = source->metadata();
  metadata.subsets = {"val"};
  const auto sink = pairs().create({.target = scratch / "out", .metadata = metadata});
  std::vector<Path> expected{"labels.json", "provenance.json"};
  Findings findings;
  for (Item& item : read_all(*source, findings)) {
    const Path folder = item.subset;
    expected.push_back(folder / "images" / item.file_name);
    if (item.annotated) expected.push_back(folder / "masks" / (item.id + ".png"));
    sink->encode(std::move(item))();
  }
  CHECK(!fs::exists(scratch / "out"));
  sink->close({});
  std::vector<Path> found;
  for (const Path& file : list_files(scratch / "out")) found.push_back(relative_name(file, scratch / "out"));
  std::ranges::sort(expected);
  std::ranges::sort(found);
  CHECK(found == expected);
}

TEST_CASE("a sink that is not closed leaves nothing") {
  const Scratch scratch;
  const auto source = made_source(scratch, LabelMap({label("a", 0)}), {0}, {});
  {
    const auto sink = pairs().create({.target = scratch / "out", .metadata = source->metadata()});
    Findings findings;
    for (Item& item : read_all(*source, findings)) sink->encode(std::move(item))();
  }
  CHECK(list_folders(scratch.path()) == std::vector<Path>{scratch / "made"});
}

TEST_CASE("pixels without a label become void, which is stated only if there are any") {
  const Scratch scratch;
  const auto write = [&](const LabelMap& labels, const std::vector<int>& values,
                         std::vector<std::string> settings) {
    const auto source = made_source(scratch, labels, values, {});
    static int number = 0;
    const Path target = scratch / ("out" + std::to_string(number++));
    const auto sink =
        pairs().create({.target = target, .metadata = source->metadata(), .settings = std::move(settings)});
    Findings findings;
    for (Item& item : read_all(*source, findings)) sink->encode(std::move(item))();
    const std::size_t notes = sink->findings().size();
    sink->close({});
    return std::pair(read_data_set(pairs(), target), notes);
  };
  SECTION("255 by default") {
    const auto [back, notes] = write(LabelMap({label("a", 1)}), {1, 9}, {});
    REQUIRE(back.labels().size() == 2);
    CHECK(back.labels()[1].name == "void");
    CHECK(back.labels()[1].id == 255);
    CHECK(back.labels().is_ignored(1));
    CHECK(notes > 0);
    const cv::Mat labels = semantic_of(back.items.at(0), back.labels()).labels;
    CHECK(cv::countNonZero(labels == kUnlabelled) == 0);
  }
  SECTION("the first free value where 255 is a label's") {
    const auto [back, notes] =
        write(LabelMap({label("a", 0), label("b", 255), label("void", 2)}), {0, 9}, {});
    REQUIRE(back.labels().size() == 4);
    CHECK(back.labels()[3].id == 1);
    CHECK(back.labels()[3].role == Role::ignore);
    CHECK(back.labels()[3].name != "void");
  }
  SECTION("the value that was asked for") {
    const auto [back, notes] = write(LabelMap({label("a", 0)}), {0, 9}, {"void=77"});
    CHECK(back.labels().find_id(77) == 1);
    CHECK(thrown_by([&] { write(LabelMap({label("a", 7)}), {7}, {"void=7"}); }).code() == Code::usage);
  }
  SECTION("the label that means void already") {
    const LabelMap labels({label("a", 0), label("unclear", 11, Role::ignore)});
    const auto [back, notes] = write(labels, {0, 9}, {});
    CHECK(back.labels() == labels);
    CHECK(notes > 0);
  }
  SECTION("in colours") {
    const auto [back, notes] =
        write(LabelMap({label("a", 0, Role::object, Rgb{224, 224, 192})}), {0, 9}, {"coding=colour"});
    REQUIRE(back.labels().size() == 2);
    CHECK(back.labels()[1].colour != back.labels()[0].colour);
  }
  SECTION("none: nothing is added") {
    const auto [back, notes] = write(LabelMap({label("a", 1)}), {1}, {});
    CHECK(back.labels().size() == 1);
    CHECK(notes == 0);
  }
}

TEST_CASE("annotations are painted where an item has no mask") {
  const Scratch scratch;
  Item item;
  item.id = "a";
  item.file_name = "deep/A.JPG";
  item.image = scratch.write("A.JPG", jpeg_picture({6, 4}));
  item.size = Size{6, 4};
  Annotation square;
  square.label = 1;
  square.shape = Rle{{6, 4}, {5, 2, 2, 2, 13}};  // the 2x2 pixels from 1, 1 on
  item.annotations.push_back(square);
  Metadata metadata;
  metadata.labels = LabelMap({label("rest", 0, Role::background), label("thing", 5)});
  const auto source = make_source(metadata, {item});
  const ReadDataSet back = written_and_read(*source, scratch / "out");
  CHECK(back.ids() == Names{"a"});
  CHECK(back.items[0].file_name == "a.JPG");  // pairs go by name, and the id is the name
  const cv::Mat labels = semantic_of(back.items[0], back.labels()).labels;
  CHECK(cv::countNonZero(labels == 1) == 4);
  CHECK(labels.at<std::uint16_t>(1, 1) == 1);
  CHECK(cv::countNonZero(labels == 0) == 20);
}

TEST_CASE("a binary mask takes one label and no void") {
  const Scratch scratch;
  const auto error_of = [&](const LabelMap& labels, const std::vector<int>& values) {
    const auto source = made_source(scratch, labels, values, {});
    return thrown_by([&] { written_and_read(*source, scratch / "out", {"coding=binary"}); });
  };
  const Error two = error_of(LabelMap({label("a", 0), label("b", 1)}), {0});
  CHECK(two.code() == Code::bad_value);
  CHECK_THAT(two.hint_text(), contains("merge the labels"));
  CHECK_THAT(
      error_of(LabelMap({label("rest", 0, Role::background), label("a", 1), label("v", 2, Role::ignore)}),
               {0, 1, 2})
          .hint_text(),
      contains("coding=index"));
  const auto source =
      made_source(scratch, LabelMap({label("rest", 0, Role::background), label("a", 7)}), {0, 7}, {});
  written_and_read(*source, scratch / "good", {"coding=binary"});
  for (const Path& file : list_files(scratch / "good/masks")) {
    const cv::Mat pixels = read_raw(file).pixels;
    CHECK(cv::countNonZero(pixels == 0) + cv::countNonZero(pixels == 255) == pixels.rows * pixels.cols);
  }
}

TEST_CASE("what pairs cannot say is refused") {
  const Scratch scratch;
  Metadata metadata;
  metadata.labels =
      LabelMap({label("a", 0, Role::object, Rgb{1, 1, 1}), label("b", 1, Role::object, Rgb{1, 1, 1})});
  const auto refuses = [&](CreateRequest request) {
    request.target = scratch / "out";
    request.metadata.labels = metadata.labels;
    return thrown_by([&] { pairs().create(request); }).code();
  };
  CHECK(refuses({.settings = {"coding=colour"}}) == Code::bad_value);
  CHECK(refuses({.settings = {"codign=index"}}) == Code::usage);
  CHECK(refuses({.media = Media::reference}) == Code::usage);
  for (const char* subset : {"..", "a/b", ".hidden", "/"}) {
    CreateRequest request;
    request.metadata.subsets = {subset};
    CHECK(refuses(request) == Code::bad_value);
  }

  const auto sink = pairs().create({.target = scratch / "out", .metadata = metadata});
  for (const char* id : {"", "..", "../a", "a/../../b", "/etc/a", ".hidden", "a/.b", "a//b"}) {
    Item item;
    item.id = id;
    item.image = scratch.write("i.jpg", jpeg_picture());
    item.annotated = false;
    CHECK(thrown_by([&] { sink->encode(item); }).code() == Code::bad_value);
  }
}

TEST_CASE("without media only masks are written; links share the image's bytes") {
  const Scratch scratch;
  const auto source = made_source(scratch, LabelMap({label("a", 0)}), {0}, {});
  write_data_set(pairs(), *source, {.target = scratch / "none", .media = Media::none});
  CHECK(!fs::exists(scratch / "none/images"));
  CHECK(fs::exists(scratch / "none/masks"));
  write_data_set(pairs(), *source, {.target = scratch / "links", .media = Media::link});
  CHECK(fs::hard_link_count(scratch / "links/images/a.jpg") == 2);
}

TEST_CASE("the bytes written do not depend on the order in which items are encoded") {
  const Scratch scratch;
  const LabelMap labels({label("rest", 0, Role::background), label("a", 1)});
  const auto source = made_source(scratch, labels, {0, 1, 9}, {"train", "val"});
  Findings findings;
  std::vector<Item> items = read_all(*source, findings);
  std::vector<std::map<std::string, std::string>> outputs;
  for (const char* name : {"one", "two"}) {
    const auto sink = pairs().create({.target = scratch / name, .metadata = source->metadata()});
    for (const Item& item : items) sink->encode(item)();
    sink->close({});
    auto& files = outputs.emplace_back();
    for (const Path& file : list_files(scratch / name))
      files[relative_name(file, scratch / name)] = read_file(file);
    std::ranges::reverse(items);
  }
  CHECK(outputs[0] == outputs[1]);
}
