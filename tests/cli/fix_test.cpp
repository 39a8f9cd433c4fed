// SPDX-License-Identifier: Apache-2.0
// check --fix: a copy in which what is safe is repaired, everything else is as it was, and the source is not
// touched.
#include <boost/filesystem.hpp>
#include <map>

#include "base/json.h"
#include "support/drawn.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr const char* kLabels =
    R"({"labels":[{"name":"background","id":0,"role":"background"},{"name":"road","id":1},
      {"name":"car","id":2},{"name":"void","id":255,"role":"ignore"}]})";

void add_items(const Scratch& scratch, const std::vector<std::string>& ids) {
  std::uint64_t seed = 1;
  for (const std::string& id : ids) street_item(scratch, id, {48, 36}, {0, 1, 2}, seed++);
}

Json fixed(const Path& source, const Path& copy, int expected_status,
           const std::vector<std::string>& options = {}) {
  std::vector<std::string> words{"check", source.string(), "--fix", copy.string(), "--json", "--quiet"};
  words.insert(words.end(), options.begin(), options.end());
  const Ran ran = tests::maskmill(words);
  INFO(ran.err);
  REQUIRE(ran.status == expected_status);
  return Json::parse(ran.out).at("fix");
}

std::map<std::string, int> rules_of(const Json& fix) {
  std::map<std::string, int> rules;
  for (const Json& repair : fix.at("repairs")) ++rules[repair.at("rule").get<std::string>()];
  return rules;
}

}  // namespace

TEST_CASE("check --fix repairs what is safe in a copy, and the copy is sound") {
  const Scratch scratch;
  const Scratch& data = scratch;
  const Path source = scratch / "data";
  {
    const Scratch made;
    add_items(made, {"a", "b", "broken", "misnamed", "other"});
    made.write("labels.json", kLabels);
    fs::copy(made.path(), source, fs::copy_options::recursive);
  }
  const std::string whole = read_file(source / "images/broken.jpg");
  rewrite(source / "images/broken.jpg", whole.substr(0, whole.size() / 2));
  rewrite(source / "images/misnamed.jpg", encode_png(picture({48, 36}, 77)));
  fs::copy_file(source / "images/b.jpg", source / "images/again.jpg");
  fs::copy_file(source / "masks/b.png", source / "masks/again.png");
  const std::string before = read_file(source / "images/misnamed.jpg");

  const Json fix = fixed(source, data / "copy", 0);
  CHECK(rules_of(fix) ==
        std::map<std::string, int>{{"broken-file", 1}, {"duplicate-content", 1}, {"wrong-extension", 1}});
  CHECK(fix.at("items") == 4);
  CHECK(fix.at("left_out") == 2);
  CHECK(fix.at("remaining") == Json{{"error", 0}, {"warning", 0}, {"note", 0}});
  CHECK(read_file(data / "copy/images/misnamed.png") == before);
  CHECK(read_file(source / "images/misnamed.jpg") == before);

  const Ran diff = tests::maskmill({"diff", source.string(), (data / "copy").string(), "--json", "--quiet"});
  const Json differences = Json::parse(diff.out);
  CHECK(differences.at("pixels_different") == 0);
  CHECK(differences.at("common") == 4);
}

TEST_CASE("pictures that are the same and annotated otherwise are both kept") {
  const Scratch scratch;
  add_items(scratch, {"a", "b"});
  scratch.write("labels.json", kLabels);
  rewrite(scratch / "images/b.jpg", read_file(scratch / "images/a.jpg"));
  const Scratch out;
  const Json fix = fixed(scratch.path(), out / "copy", 0);
  CHECK(fix.at("repairs").empty());
  CHECK(fix.at("items") == 2);
  CHECK(fix.at("remaining").at("warning") == 1);
}

TEST_CASE("0 and 255 where one label is meant become that label") {
  const Scratch scratch;
  std::uint64_t seed = 1;
  for (const char* id : {"a", "b"}) street_item(scratch, id, {48, 36}, {0, 255}, seed++);
  street_item(scratch, "c", {48, 36}, {0, 1}, 9);
  scratch.write(
      "labels.json",
      R"({"coding":"index","labels":[{"name":"background","id":0,"role":"background"},{"name":"road","id":1}]})");
  const Scratch out;
  const Json fix = fixed(scratch.path(), out / "copy", 0);
  CHECK(rules_of(fix).at("binary-values") == 2);
  const cv::Mat mask = read_raw(out / "copy/masks/a.png").pixels;
  const cv::Mat old = read_raw(scratch / "masks/a.png").pixels;
  CHECK(cv::countNonZero(mask != (old & 1)) == 0);
}

TEST_CASE("what --fix cannot write is refused before anything is read") {
  const Scratch scratch;
  add_items(scratch, {"a"});
  scratch.write("labels.json", kLabels);
  const Scratch out;
  out.write("mine/notes.txt", "keep");
  const Ran ran = tests::maskmill(
      {"check", scratch.path().string(), "--fix", (out / "mine").string(), "--force", "--quiet"});
  CHECK(ran.status == 3);
  CHECK(read_file(out / "mine/notes.txt") == "keep");
  const Ran unknown = tests::maskmill(
      {"check", scratch.path().string(), "--fix", (out / "x").string(), "--to", "coco", "--quiet"});
  CHECK(unknown.status == 0);
  CHECK(fs::exists(out / "x/annotations/instances.json"));
}
