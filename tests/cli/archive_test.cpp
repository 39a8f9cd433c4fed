// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <boost/filesystem.hpp>
#include <chrono>
#include <thread>

#include "base/json.h"
#include "support.h"
#include "support/data_sets.h"
#include "support/made_archive.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// Through which a program gets a folder for temporary files of its own.
std::vector<std::string> with_temporary(const Path& folder) {
  fs::create_directories(folder);
  return {"/usr/bin/env", "TMPDIR=" + folder.string()};
}

std::vector<std::string> words_with_temporary(const Path& folder, const std::vector<std::string>& words) {
  std::vector<std::string> all = with_temporary(folder);
  for (std::string& word : maskmill_words(words)) all.push_back(std::move(word));
  return all;
}

}  // namespace

TEST_CASE("every verb takes a zip as the folder in it, and nothing of it stays behind") {
  const Scratch scratch;
  write_pairs(scratch, 0, 5);
  write_archive(scratch / "set.zip", entries_of(scratch.path()));

  const auto temporary = with_temporary(scratch / "tmp");
  const auto counts = [&](const Path& source) {
    const Ran ran = tests::maskmill({"info", source.string(), "--json"}, temporary);
    INFO(ran.err);
    REQUIRE(ran.status == 0);
    Json document = parse_json(ran.out, "info");
    document.erase("reasons");
    return document;
  };
  CHECK(counts(scratch / "set.zip") == counts(scratch / "set"));

  const Ran converted = tests::maskmill(
      {"convert", (scratch / "set.zip").string(), "-o", (scratch / "out").string(), "--to", "coco"},
      temporary);
  INFO(converted.err);
  CHECK(converted.status == 0);
  CHECK(entries_in(scratch / "out/images") == 5);
  const Ran compared = tests::maskmill(
      {"diff", (scratch / "set.zip").string(), "pairs:" + (scratch / "set").string()}, temporary);
  INFO(compared.out << compared.err);
  CHECK(compared.status == 0);
  CHECK(entries_in(scratch / "tmp") == 0);
}

TEST_CASE("what a killed command unpacked is removed by the next") {
  const Scratch scratch;
  write_pairs(scratch, 0, 3);
  std::vector<ArchiveEntry> entries = entries_of(scratch.path());
  entries.push_back({"set/large.bin", std::string(800'000'000, 'x')});
  write_archive(scratch / "large.tar.gz", entries);
  entries.pop_back();
  write_archive(scratch / "small.zip", entries);
  {
    fs::create_directory(scratch / "tmp");
    Running running(words_with_temporary(scratch / "tmp", {"info", (scratch / "large.tar.gz").string()}));
    while (entries_in(scratch / "tmp") == 0 && !running.has_ended())
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    running.signal(SIGKILL);
    running.wait();
  }
  REQUIRE(entries_in(scratch / "tmp") == 1);
  CHECK(tests::maskmill({"info", (scratch / "small.zip").string()}, with_temporary(scratch / "tmp")).status ==
        0);
  CHECK(entries_in(scratch / "tmp") == 0);
}

TEST_CASE("ctrl-C while unpacking leaves nothing") {
  const Scratch scratch;
  write_archive(scratch / "large.tar.gz", {{"large.bin", std::string(800'000'000, 'x')}});
  fs::create_directory(scratch / "tmp");
  Running running(words_with_temporary(scratch / "tmp", {"info", (scratch / "large.tar.gz").string()}));
  while (entries_in(scratch / "tmp") == 0 && !running.has_ended())
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  running.signal(SIGINT);
  const Ran ran = running.wait();
  CHECK(ran.status == 130);
  CHECK(entries_in(scratch / "tmp") == 0);
}
