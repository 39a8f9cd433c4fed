// SPDX-License-Identifier: Apache-2.0
#include "formats/registry.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <functional>
#include <opencv2/core.hpp>
#include <set>

#include "dataset/masks.h"
#include "support/data_sets.h"
#include "support/packed_folder.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Format format_named(std::string_view name) {
  Format format;
  format.name = name;
  return format;
}

const Format kOne = format_named("one"), kTwo = format_named("two");

formats::Detection detection(const Format& format, int confidence,
                             std::vector<std::string> reasons = {"because"}) {
  return {&format, {confidence, std::move(reasons)}};
}

void put_pairs(const Scratch& scratch, const Path& folder) {
  scratch.write(folder / "images/a.jpg", jpeg_picture());
  scratch.write(folder / "masks/a.png", png_mask({0, 1}));
}

/// The data sets of the fuzzer's seeds that are read whole, by format.
void for_each_seed(const std::function<void(const Format&, const PackedFolder&)>& visit) {
  for (const Path& file : list_files(Path(MASKMILL_SOURCE_DIR) / "tests/fuzz/corpus/formats")) {
    const PackedFolder packed = tests::unpacked(read_file(file));
    const auto format = std::ranges::find(formats::all(), packed.format, &Format::name);
    if (format == formats::all().end()) continue;
    const Scratch scratch;
    put(packed, scratch.path());
    INFO(file);
    try {
      const ReadDataSet read = read_data_set(**format, scratch.path(), packed.settings);
      if (!read.items.empty() && read.findings.empty()) visit(**format, packed);
    } catch (const Error&) {
      // a seed of what is refused
    }
  }
}

std::vector<MaskRef> masks_of(const Item& item) {
  std::vector<MaskRef> masks;
  for (const auto* mask : {&item.semantic, &item.instances})
    if (*mask) masks.push_back(**mask);
  for (const Annotation& annotation : item.annotations)
    if (const auto* mask = std::get_if<MaskRef>(&annotation.shape)) masks.push_back(*mask);
  return masks;
}

}  // namespace

TEST_CASE("every format of the list says what it is and can be read") {
  std::set<std::string_view> names;
  for (const Format* format : formats::all()) {
    INFO(format->name);
    CHECK(names.insert(format->name).second);
    CHECK(&formats::find(format->name) == format);
    CHECK(!format->title.empty());
    CHECK(format->description.size() > 100);
    CHECK(format->probe("no such folder").confidence == 0);
    CHECK(!format->probe("no such folder").reasons.empty());
    CHECK(format->open);
    for (const auto& declare : {format->read_settings, format->write_settings})
      if (declare)
        for (const Setting& setting : declare()) CHECK(!setting.help.empty());
    CHECK(listed(format->holds).size() == 30);
  }
}

TEST_CASE("no format throws from its probe, whatever the path") {
  const Scratch scratch;
  scratch.write("odd/images", "a file where a folder is expected");
  scratch.write("odd/annotations", "and another");
  fs::create_directory_symlink(scratch / "nowhere", scratch / "dangling");
  fs::create_symlink("loop", scratch / "loop");
  fs::create_directories(scratch / "empty/images");
  for (const Format* format : formats::all())
    for (const char* name : {"odd", "odd/images", "dangling", "loop", "empty", "none", ""}) {
      INFO(format->name << " " << name);
      const Probe probe = format->probe(scratch / name);
      CHECK(probe.confidence < 30);
      CHECK(!probe.reasons.empty());
    }
}

TEST_CASE("every format has a seed for the fuzzer that it reads whole") {
  std::set<std::string_view> read;
  for_each_seed([&](const Format& format, const PackedFolder&) { read.insert(format.name); });
  for (const Format* format : formats::all()) {
    INFO(format->name);
    CHECK(read.contains(format->name));
  }
}

TEST_CASE("an item is read for its annotations without its files, and its masks once for all") {
  for_each_seed([](const Format& format, const PackedFolder& packed) {
    INFO(format.name);
    const Scratch scratch;
    put(packed, scratch.path());
    const std::unique_ptr<Source> source = format.open({scratch.path(), packed.settings});
    const auto read_all_with = [&](Look look) {
      std::vector<Item> items;
      Findings findings;
      for_each_item(
          *source, findings, [&](Item&& item) { items.push_back(std::move(item)); }, look);
      CHECK(findings.empty());
      return items;
    };
    const std::vector<Item> before = read_all_with(Look::headers), with_masks = read_all_with(Look::masks);
    std::vector<RawImage> pixels;
    for (const Item& item : before)
      for (const MaskRef& mask : masks_of(item)) pixels.push_back(read_stored(mask));

    for (const Path& file : list_files(scratch.path()))
      if (has_image_extension(file)) rewrite(file, "no picture");
    const std::vector<Item> annotations = read_all_with(Look::annotations);
    REQUIRE(annotations.size() == before.size());
    std::size_t mask_number = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      CHECK(annotations[i].id == before[i].id);
      CHECK(annotations[i].subset == before[i].subset);
      CHECK(annotations[i].annotated == before[i].annotated);
      CHECK(annotations[i].annotations.size() == before[i].annotations.size());
      CHECK(annotations[i].semantic.has_value() == before[i].semantic.has_value());
      CHECK(annotations[i].instances.has_value() == before[i].instances.has_value());
      for (const MaskRef& mask : masks_of(with_masks[i])) {
        const cv::Mat& was = pixels.at(mask_number++).pixels;
        CHECK(cv::norm(read_stored(mask).pixels, was, cv::NORM_INF) == 0);
      }
    }
  });
}

TEST_CASE("an unknown format names the nearest") {
  const Error error = thrown_by([] { formats::find("pars"); });
  CHECK(error.code() == Code::usage);
  CHECK_THAT(error.hint_text(), contains("pairs"));
}

TEST_CASE("the best format is the one of the highest confidence") {
  CHECK(formats::best({detection(kOne, 80), detection(kTwo, 75)}, "x").format == &kOne);
  CHECK(formats::best({detection(kTwo, 30)}, "x").format == &kTwo);
}

TEST_CASE("where no format fits, the closest says what it misses") {
  const Error error = thrown_by([] {
    formats::best({detection(kOne, 29, {"no list", "no masks"}), detection(kTwo, 0)}, "x");
  });
  CHECK(error.code() == Code::bad_format);
  CHECK(error.place().file == "x");
  CHECK_THAT(error.message(), contains("one: no list; no masks"));
  const Error none = thrown_by([] {
    formats::best({detection(kOne, 0, {"a"}), detection(kTwo, 0, {"b"})}, "x");
  });
  CHECK_THAT(none.message(), contains("one: a") && contains("two: b"));
}

TEST_CASE("two formats that fit alike must be told apart by name") {
  const Error error = thrown_by([] { formats::best({detection(kOne, 80), detection(kTwo, 76)}, "x"); });
  CHECK_THAT(error.hint_text(), contains("--from one") && contains("--from two"));
}

TEST_CASE("a path is detected, or named by its format before a colon or by --from") {
  const Scratch scratch;
  put_pairs(scratch, "set");
  const Path path = scratch / "set";
  CHECK(formats::detect(path).front().format->name == "pairs");

  const formats::Opened detected = formats::open(path);
  CHECK(detected.format->name == "pairs");
  CHECK(!detected.probe.reasons.empty());
  const formats::Opened prefixed = formats::open("pairs:" + path.string());
  CHECK(prefixed.format->name == "pairs");
  CHECK(prefixed.probe.reasons.empty());
  CHECK(formats::open(path, "pairs", {"ignore=1"}).source->metadata().labels.is_ignored(1));
  CHECK(formats::open("pairs:" + path.string(), "pairs").format->name == "pairs");
  CHECK(thrown_by([&] { formats::open("pairs:" + path.string(), "trimaps"); }).code() == Code::usage);
  CHECK(thrown_by([&] { formats::open(path, "pear"); }).code() == Code::usage);
}

TEST_CASE("a data set that lies alone in a folder is found from there") {
  const Scratch scratch;
  put_pairs(scratch, "archive/CamVid/set");
  scratch.write("archive/README.md", "text");
  const formats::Opened opened = formats::open(scratch / "archive");
  CHECK(opened.format->name == "pairs");
  Findings findings;
  CHECK(!read_all(*opened.source, findings).empty());
}

TEST_CASE("of a folder of several data sets each is named") {
  const Scratch scratch;
  scratch.write("all/one/deep/annotations.json", R"({"images": [], "annotations": [], "categories": []})");
  put_pairs(scratch, "all/packed/two/set");
  scratch.write("all/notes/a.txt", "text");
  const Error error = thrown_by([&] { formats::open(scratch / "all"); });
  CHECK(error.code() == Code::bad_format);
  CHECK_THAT(error.message(),
             contains("one: coco") && contains("packed/two/set: pairs") && !contains("notes"));
}

TEST_CASE("a path that is not there, is empty or is nothing known is an error of its own") {
  const Scratch scratch;
  CHECK(thrown_by([&] { formats::detect(scratch / "none"); }).code() == Code::not_found);
  CHECK(thrown_by([&] { formats::open(scratch / "none", "pairs"); }).code() == Code::not_found);
  const Error typo = thrown_by([&] { formats::open("paris:data"); });
  CHECK(typo.code() == Code::not_found);
  CHECK_THAT(typo.hint_text(), contains("pairs:data"));
  fs::create_directory(scratch / "empty");
  CHECK_THAT(thrown_by([&] { formats::open(scratch / "empty"); }).message(), contains("empty"));
  CHECK(thrown_by([&] { formats::open(scratch.write("file.xyz", "text")); }).code() == Code::bad_format);
  scratch.write("odd/readme.md", "text");
  CHECK(thrown_by([&] { formats::open(scratch / "odd"); }).code() == Code::bad_format);
}
