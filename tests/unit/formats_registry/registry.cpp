// SPDX-License-Identifier: Apache-2.0
#include "formats/registry.h"

#include <boost/filesystem.hpp>
#include <set>

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

}  // namespace

TEST_CASE("every format of the list says what it is and can be read") {
  std::set<std::string_view> names;
  for (const Format* format : formats::all()) {
    INFO(format->name);
    CHECK(names.insert(format->name).second);
    CHECK(&formats::find(format->name) == format);
    CHECK(!format->title.empty());
    CHECK(format->description.size() > 100);
    CHECK(format->probe);
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
  const std::vector<Path> files = list_files(Path(MASKMILL_SOURCE_DIR) / "tests/fuzz/corpus/formats");
  for (const Format* format : formats::all()) {
    INFO(format->name);
    CHECK(std::ranges::any_of(files, [&](const Path& file) {
      const PackedFolder packed = unpacked(read_file(file));
      if (packed.format != format->name) return false;
      const Scratch scratch;
      put(packed, scratch.path());
      const ReadDataSet read = read_data_set(*format, scratch.path(), packed.settings);
      return !read.items.empty() && read.findings.empty();
    }));
  }
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
