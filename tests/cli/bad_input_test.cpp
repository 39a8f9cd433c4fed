// SPDX-License-Identifier: Apache-2.0
// What a person gets who gives the wrong thing: a clear error with its place, the right exit code, and no
// output.
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>

#include "base/json.h"
#include "support.h"
#include "support/drawn.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

// Each verb that reads a data set, writing to `out`.
std::vector<std::vector<std::string>> readers(const std::string& source, const std::string& out) {
  return {{"info", source},
          {"check", source},
          {"convert", source, "-o", out, "--to", "coco"},
          {"split", source, "-o", out, "--ratio", "a=1,b=1"},
          {"show", source, "-o", out + ".html"}};
}

// Each reader ends with 3, names the place and the reason, and writes nothing.
void all_refuse(const Scratch& scratch, const Path& source, const std::string& place,
                const std::string& reason = "", const std::vector<std::string>& through = {}) {
  const Path out = scratch / "out";
  for (const auto& words : readers(source.string(), out.string())) {
    INFO(words[0]);
    const Ran ran = tests::maskmill(words, through);
    INFO(ran.err);
    CHECK(ran.status == 3);
    CHECK_THAT(ran.err, contains(place) && contains(reason));
    CHECK_FALSE(fs::exists(out));
    CHECK_FALSE(fs::exists(out.string() + ".html"));
  }
}

// Two sound pairs in images/ and masks/ with labels.json.
Path pairs(const Scratch& scratch) {
  street_item(scratch, "a", {48, 36}, {0, 1, 2}, 1);
  street_item(scratch, "b", {48, 36}, {0, 1, 2}, 2);
  scratch.write("labels.json",
                R"({"labels":[{"name":"background","id":0,"role":"background"},{"name":"road","id":1},
      {"name":"car","id":2},{"name":"void","id":255,"role":"ignore"}]})");
  return scratch.path();
}

}  // namespace

TEST_CASE("a path that is not there") {
  const Scratch scratch;
  all_refuse(scratch, scratch / "no such folder", "no such folder");
}

TEST_CASE("an empty folder") {
  const Scratch scratch;
  fs::create_directory(scratch / "empty");
  all_refuse(scratch, scratch / "empty", "empty");
}

TEST_CASE("a folder of things that are no data set") {
  const Scratch scratch;
  scratch.write("things/notes.txt", "hello");
  scratch.write("things/table.xls", "world");
  all_refuse(scratch, scratch / "things", "things");
}

TEST_CASE("a file where a folder is needed, and a file that is no annotation file") {
  const Scratch scratch;
  all_refuse(scratch, scratch.write("picture.jpg", encode_jpeg(picture({32, 32}, 1))), "picture.jpg");
  all_refuse(scratch, scratch.write("empty.json", ""), "empty.json");
  all_refuse(scratch, scratch.write("broken.json", "{\"images\": [{\"id\": 1, "), "broken.json");
}

TEST_CASE("an unreadable file, annotation file and folder") {
  // Root reads files without permission too, unless it gives that right up.
  std::vector<std::string> without_root;
  if (::geteuid() == 0) without_root = {"/usr/bin/setpriv", "--bounding-set=-dac_override,-dac_read_search"};
  const std::string reason = "Permission denied";
  const Scratch scratch;
  const Path source = pairs(scratch);
  ::chmod((source / "images/a.jpg").c_str(), 0);
  const Ran ran = tests::maskmill({"check", source.string(), "--json", "--quiet"}, without_root);
  INFO(ran.err);
  REQUIRE(ran.status == 1);
  CHECK_THAT(ran.out, contains("images/a.jpg") && contains(reason));

  const Path file = scratch.write("annotations.json", "{}");
  ::chmod(file.c_str(), 0);
  all_refuse(scratch, file, "annotations.json", reason, without_root);
  ::chmod(file.c_str(), 0700);
  ::chmod((source / "images").c_str(), 0);
  all_refuse(scratch, source, "images", reason, without_root);
  ::chmod((source / "images").c_str(), 0700);
}

TEST_CASE("a zero-byte file, a corrupt PNG and a corrupt JPEG cost themselves, not their neighbours") {
  for (const std::string& victim : {std::string("images/a.jpg"), std::string("masks/a.png")}) {
    for (const double share : {0.0, 0.5}) {
      const Scratch scratch;
      const Path source = pairs(scratch);
      const std::string bytes = read_file(source / victim);
      rewrite(source / victim,
              bytes.substr(0, static_cast<std::size_t>(static_cast<double>(bytes.size()) * share)));
      INFO(victim << " " << share);
      const Json document = json_of({"check", source.string()}, 1);
      CHECK_THAT(document["findings"].dump(), contains(victim));
      const Ran ran = tests::maskmill(
          {"convert", source.string(), "-o", (scratch / "out").string(), "--to", "coco", "--json"});
      INFO(ran.err);
      CHECK((ran.status == 0 || ran.status == 1));
      CHECK(fs::exists(scratch / "out"));
      if (victim == "masks/a.png") {
        CHECK(ran.status == 1);
        CHECK(Json::parse(ran.out)["items"] == 1);
      }
    }
  }
}

TEST_CASE("names with spaces, quotes, newlines, Unicode and bytes that are no UTF-8 go through every verb") {
  const Scratch scratch;
  const std::vector<std::string> names{
      "a b", "it's \"quoted\"", "line\nbreak", "\xC3\xA9t\xC3\xA9 \xE9\x9B\xAA", "latin\xE9",
      "-o",  "a.b.c",           "%s;$(x)&"};
  for (std::size_t i = 0; i < names.size(); ++i) street_item(scratch, names[i], {32, 24}, {0, 1, 2}, i);
  scratch.write("labels.txt", "background\nroad\ncar\n");
  const Path source = scratch.path();
  CHECK(json_of({"check", source.string()}, 0)["items"] == names.size());
  for (const char* format : {"pairs", "coco", "voc"}) {
    INFO(format);
    const Path out = scratch.path().string() + "-" + format;
    const Ran ran = tests::maskmill(
        {"convert", source.string(), "-o", out.string(), "--to", format, "--force", "--json"});
    INFO(ran.err);
    CHECK(ran.status == 0);
    CHECK(Json::parse(ran.out)["items"] == names.size());
    const Ran back = tests::maskmill({"info", out.string(), "--json", "--fast"});
    INFO(back.err);
    REQUIRE(back.status == 0);
    CHECK(Json::parse(back.out)["items"] == names.size());
    fs::remove_all(out);
  }
  const Ran shown = tests::maskmill({"show", source.string(), "-o", (scratch / "s.html").string()});
  CHECK(shown.status == 0);
}

TEST_CASE("a target that exists is not touched without --force") {
  const Scratch scratch;
  const Path source = pairs(scratch);
  scratch.write("mine/thesis.tex", "years of work");
  for (const char* force : {"", "--force"}) {
    std::vector<std::string> words{"convert", source.string(), "-o", (scratch / "mine").string(),
                                   "--to",    "coco"};
    if (*force) words.emplace_back(force);
    const Ran ran = tests::maskmill(words);
    CHECK(ran.status == 3);
    CHECK_THAT(ran.err, contains("mine"));
    CHECK(read_file(scratch / "mine/thesis.tex") == "years of work");
  }
}
