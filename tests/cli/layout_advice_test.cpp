// SPDX-License-Identifier: Apache-2.0
// A folder that fits no format: check says what it comes closest to, and the commands that it gives work.
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "base/text.h"
#include "support/drawn.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

void add_pair(const Scratch& scratch, const std::string& image, const std::string& mask, std::uint64_t seed) {
  scratch.write(image, encode_jpeg(picture({48, 36}, seed)));
  scratch.write(mask, encode_index_png(blotches({48, 36}, {0, 1, 2}, seed)));
}

std::string advice_for(const Path& folder) {
  const Ran ran = tests::maskmill({"check", folder.string(), "--quiet"});
  INFO(ran.err);
  REQUIRE(ran.status == 3);
  return ran.err;
}

/// Runs the commands of the advice, as a person who pastes them into a shell, and returns what the last of
/// them, which is a check, counts.
Json followed(const std::string& advice) {
  const std::size_t begin = advice.find("what to do:\n");
  REQUIRE(begin != std::string::npos);
  std::string commands = "set -e\nPATH=" + std::string(MASKMILL_BIN_DIR) + ":$PATH\n";
  for (const std::string_view line : lines_of(std::string_view(advice).substr(begin + 12)))
    commands += std::string(line) + (trimmed(line).starts_with("maskmill") ? " --json --quiet" : "") + "\n";
  const Ran ran = run_program_at({"/bin/sh", "-c", commands});
  INFO(commands);
  INFO(ran.err);
  REQUIRE((ran.status == 0 || ran.status == 1));
  return Json::parse(ran.out);
}

}  // namespace

TEST_CASE("folders of other names are named in settings") {
  const Scratch scratch;
  for (const char* id : {"a", "b", "it's c"})
    add_pair(scratch, "my pics/" + std::string(id) + ".jpg", "truth/" + std::string(id) + ".png", 1);
  scratch.write("my pics/alone.jpg", encode_jpeg(picture({48, 36}, 9)));
  const std::string advice = advice_for(scratch.path());
  CHECK_THAT(advice, contains("my pics/: 4 pictures, photographs"));
  CHECK_THAT(advice, contains("truth/: 3 pictures, masks by their looks (of the values 0, 1, 2)"));
  CHECK_THAT(advice, contains("3 of the 3 masks in truth/"));
  CHECK_THAT(advice, contains("the first: \"alone.jpg\""));
  const Json checked = followed(advice);
  CHECK(checked.at("items") == 4);
  CHECK(checked.at("rules").at("unlabelled-item") == 1);
}

TEST_CASE("masks whose names end in something of their own") {
  const Scratch scratch;
  for (const char* id : {"a1", "a2", "a3"})
    add_pair(scratch, "shots/" + std::string(id) + ".jpg", "shapes/" + std::string(id) + "_truth.png", 1);
  const Json checked = followed(advice_for(scratch.path()));
  CHECK(checked.at("items") == 3);
  CHECK(checked.at("counts").at("error") == 0);
}

TEST_CASE("masks whose names begin with something of their own are renamed") {
  const Scratch scratch;
  for (const char* id : {"001", "002", "010"})
    add_pair(scratch, "shots/img_" + std::string(id) + ".jpg", "shapes/mask_" + std::string(id) + ".png", 1);
  const std::string advice = advice_for(scratch.path());
  CHECK_THAT(advice, contains("masks' names begin with \"mask_\""));
  const Json checked = followed(advice);
  CHECK(checked.at("items") == 3);
  CHECK(checked.at("counts").at("error") == 0);
}

TEST_CASE("images and masks in one folder") {
  SECTION("of equal names are moved apart") {
    const Scratch scratch;
    for (const char* id : {"a", "b"})
      add_pair(scratch, std::string(id) + ".jpg", std::string(id) + ".png", 1);
    const Json checked = followed(advice_for(scratch.path()));
    CHECK(checked.at("items") == 2);
    CHECK(checked.at("counts").at("error") == 0);
  }
  SECTION("with an ending of their own are told apart by it") {
    const Scratch scratch;
    for (const char* id : {"a", "b"})
      add_pair(scratch, "all/" + std::string(id) + ".jpg", "all/" + std::string(id) + "-wahr.png", 1);
    const Json checked = followed(advice_for(scratch.path()));
    CHECK(checked.at("items") == 2);
    CHECK(checked.at("counts").at("error") == 0);
  }
}

TEST_CASE("subsets are kept by what is advised") {
  const auto draw = [](const Scratch& scratch, const std::string& image_folder,
                       const std::string& mask_folder, const std::string& id) {
    add_pair(scratch, image_folder + "/" + id + ".jpg", mask_folder + "/" + id + ".png", 1);
  };
  SECTION("folders of subsets above") {
    const Scratch scratch;
    for (const std::string subset : {"train", "val"})
      for (const std::string id : {"a", "b"})
        draw(scratch, subset + "/shots", subset + "/truth", subset + id);
    CHECK(followed(advice_for(scratch.path())).at("items") == 4);
    const Ran info = tests::maskmill({"info", scratch.path().string(), "--json", "--quiet"});
    CHECK(Json::parse(info.out).at("subsets") == Json{{"train", 2}, {"val", 2}});
  }
  SECTION("folders of subsets below") {
    const Scratch scratch;
    for (const std::string subset : {"train", "val"})
      for (const std::string id : {"a", "b"})
        draw(scratch, "shots/" + subset, "truth/" + subset, subset + id);
    CHECK(followed(advice_for(scratch.path())).at("items") == 4);
  }
}

TEST_CASE("pictures without anything that looks like masks") {
  const Scratch scratch;
  scratch.write("x/a.jpg", encode_jpeg(picture({48, 36}, 1)));
  scratch.write("x/b.jpg", encode_jpeg(picture({48, 36}, 2)));
  scratch.write("x/notes.txt", "none");
  const std::string advice = advice_for(scratch.path());
  CHECK_THAT(advice, contains("2 pictures, photographs") && contains(".txt"));
  CHECK_THAT(advice, contains("no pictures look like masks"));
}
