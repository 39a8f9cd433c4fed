// SPDX-License-Identifier: Apache-2.0
#include "formats/csv/table_paths.h"

#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

struct Found {
  Path file;
  std::vector<TablePaths::Rule> moved;
};

Found found(const Scratch& scratch, const std::string& path, const std::string& other = {},
            std::optional<std::string> root = {}) {
  TablePaths paths(scratch / "data/tables", root);
  paths.learn(path);
  return {paths.find(other.empty() ? path : other), paths.moved()};
}

}  // namespace

TEST_CASE("a path is what any system wrote") {
  CHECK(plain_path(" ./a/b.png ") == "a/b.png");
  CHECK(plain_path("a\\b c.png") == "a/b c.png");
  CHECK(plain_path("C:\\data\\a.png") == "C:/data/a.png");
  CHECK(plain_path("a/b\\c.png") == "a/b\\c.png");
}

TEST_CASE("paths begin in the table's folder, or in one above it") {
  const Scratch scratch;
  scratch.write("data/tables/images/a.png", "");
  CHECK(found(scratch, "images/a.png").file == scratch / "data/tables/images/a.png");
  CHECK(found(scratch, "images/a.png").moved.empty());
  scratch.write("data/raw/b.png", "");
  CHECK(found(scratch, "raw/b.png").file == scratch / "data/raw/b.png");
  CHECK(found(scratch, "data/raw/b.png").file == scratch / "data/raw/b.png");
  CHECK(found(scratch, "raw/b.png").moved.at(0).prefix.empty());
}

TEST_CASE("what stands before the part that is here belongs to another machine, in every path") {
  const Scratch scratch;
  scratch.write("data/tables/images/a.png", "");
  const Found linux_path = found(scratch, "/home/them/set/images/a.png", "/home/them/set/masks/b.png");
  CHECK(linux_path.file == scratch / "data/tables/masks/b.png");
  CHECK(linux_path.moved.at(0).prefix == "/home/them/set/");
  CHECK(found(scratch, "C:/them/images/a.png", "C:/them/x.png").file == scratch / "data/tables/x.png");
}

TEST_CASE("an absolute path that is here is taken as it is, and so is one that is nowhere") {
  const Scratch scratch;
  const Path file = scratch.write("elsewhere/a.png", "");
  CHECK(found(scratch, file.string()).file == file);
  CHECK(found(scratch, file.string()).moved.empty());
  CHECK(found(scratch, "/nowhere/a.png").file == "/nowhere/a.png");
  CHECK(found(scratch, "nowhere/a.png").file == scratch / "data/tables/nowhere/a.png");
}

TEST_CASE("a stated root is the only place that is looked in") {
  const Scratch scratch;
  scratch.write("data/tables/a.png", "");
  scratch.write("root/a.png", "");
  CHECK(found(scratch, "a.png", {}, "../../root").file.lexically_normal() == scratch / "root/a.png");
  CHECK(found(scratch, "none.png", {}, (scratch / "root").string()).file == scratch / "root/none.png");
}
