// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <cstdlib>

#include "formats/archives.h"
#include "formats/media.h"
#include "formats/registry.h"
#include "support/data_sets.h"
#include "support/made_archive.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// Two pairs, of which one mask is no picture.
void write_pairs(const Scratch& scratch, const std::string& folder) {
  scratch.write(folder + "/images/a.jpg", jpeg_picture({6, 4}));
  scratch.write(folder + "/masks/a.png", png_mask({1}, {6, 4}));
  scratch.write(folder + "/images/b.jpg", jpeg_picture({6, 4}));
  scratch.write(folder + "/masks/b.png", "no picture");
  scratch.write(folder + "/labels.txt", "ground\nroad\n");
}

}  // namespace

TEST_CASE("a data set in an archive is the one that was packed, in a folder of its own or not") {
  const Scratch scratch;
  write_pairs(scratch, "set");
  Findings before;
  const std::vector<Item> plain = read_all(*formats::open(scratch / "set").source, before);
  for (const char* name : {"whole.zip", "whole.tar.gz", "whole.7z", "inside.zip"}) {
    INFO(name);
    const bool is_inside = std::string(name) == "inside.zip";
    write_archive(scratch / name, entries_of(is_inside ? scratch.path() / "set" : scratch.path()));
    const formats::Opened opened = formats::open(scratch / name);
    CHECK(opened.format->name == "pairs");
    Findings findings;
    const std::vector<Item> items = read_all(*opened.source, findings);
    REQUIRE(items.size() == plain.size());
    CHECK(items[0].id == plain[0].id);
    CHECK(items[0].subset == plain[0].subset);
    CHECK(image_bytes(items[0]) == image_bytes(plain[0]));
    fs::remove(scratch / name);
  }
}

TEST_CASE("items and findings of an archive say where in it they lie") {
  const Scratch scratch;
  write_pairs(scratch, "set");
  write_archive(scratch / "some.zip", entries_of(scratch.path()));
  const formats::Opened opened = formats::open(scratch / "some.zip");
  Findings findings;
  const std::vector<Item> items = read_all(*opened.source, findings);
  REQUIRE(items.size() == 1);
  CHECK(items[0].origin.file == (scratch / "some.zip/set/images/a.jpg").string());
  REQUIRE(findings.size() == 1);
  findings.for_each([&](const Finding& finding) {
    CHECK(finding.rule == "unreadable-mask");
    CHECK(finding.place.file == (scratch / "some.zip/set/masks/b.png").string());
  });
}

TEST_CASE("a file that is named as lying in an archive can be read") {
  const Scratch scratch;
  write_pairs(scratch, "set");
  write_archive(scratch / "some.zip", entries_of(scratch.path()));
  const formats::Opened opened = formats::open(scratch / "some.zip");
  const Path named = scratch / "some.zip/set/images/a.jpg";
  CHECK(read_file(unpacked(named)) == read_file(scratch / "set/images/a.jpg"));
  CHECK(unpacked(scratch / "set/images/a.jpg") == scratch / "set/images/a.jpg");
}

TEST_CASE("errors on opening an archive name the place in it") {
  const Scratch scratch;
  scratch.write("set/annotations.json", "{\"images\": [], \"annotations\": [], \"categories\": [}");
  write_archive(scratch / "some.zip", entries_of(scratch.path()));
  const Error error = thrown_by([&] { formats::open(scratch / "some.zip", "coco"); });
  CHECK(error.place().file == (scratch / "some.zip/set/annotations.json").string());
  const Path text = scratch.write("text.zip", "this is none");
  CHECK(thrown_by([&] { formats::open(text); }).place().file == text.string());
}

TEST_CASE("images in an archive can be copied and not referred to") {
  const Scratch scratch;
  write_pairs(scratch, "set");
  write_archive(scratch / "some.zip", entries_of(scratch.path()));
  std::vector<Item> items;
  {
    const formats::Opened opened = formats::open(scratch / "some.zip");
    Findings findings;
    items = read_all(*opened.source, findings);
  }
  REQUIRE(items.size() == 1);
  fs::create_directory(scratch / "out");
  CHECK(thrown_by([&] { place_image(items[0], Media::reference, scratch / "out", "images"); }).code() ==
        Code::usage);
  // The source is gone: a trainer keeps the items alone.
  const std::string name = place_image(items[0], Media::copy, scratch / "out", "images");
  CHECK(read_file(scratch / "out/images" / name) == read_file(scratch / "set/images/a.jpg"));
}
