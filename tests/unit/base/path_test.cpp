// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"

#include <boost/filesystem.hpp>

#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE("files are listed bytewise by path, hidden ones and system leftovers left out") {
  const Scratch scratch;
  for (const char* name : {"b.png", "B.png", "a/z.png", "a.png", "._a.png", ".hidden/x.png", "Thumbs.db",
                           "__MACOSX/y.png", "\xC3\xA9.png"})
    scratch.write(name, "");
  std::vector<std::string> names;
  for (const Path& path : list_files(scratch.path())) names.push_back(relative_name(path, scratch.path()));
  CHECK(names == std::vector<std::string>{"B.png", "a.png", "a/z.png", "b.png", "\xC3\xA9.png"});
}

TEST_CASE("files of some extensions are those directly in the folder, in the same order") {
  const Scratch scratch;
  for (const char* name : {"b.JSON", "a.json", "c.yml", "d.jpg", "._a.json", "json", "below/e.json"})
    scratch.write(name, "");
  fs::create_symlink(scratch / "a.json", scratch / "z.json");
  std::vector<std::string> names;
  for (const Path& path : list_files_of(scratch.path(), {"json", "yml"}))
    names.push_back(path.filename().string());
  CHECK(names == std::vector<std::string>{"a.json", "b.JSON", "c.yml", "z.json"});
  CHECK(thrown_by([&] { list_files_of(scratch / "none", {"json"}); }).code() == Code::not_found);
}

TEST_CASE("a link that leads back into its folder does not hang a listing") {
  const Scratch scratch;
  scratch.write("a/x.png", "");
  fs::create_directory_symlink(scratch.path(), scratch / "a/loop");
  CHECK(list_files(scratch.path()).size() == 1);
}

TEST_CASE("a missing path and a folder for a file are told apart") {
  const Scratch scratch;
  CHECK(thrown_by([&] { read_file(scratch / "none"); }).code() == Code::not_found);
  CHECK(thrown_by([&] { read_file(scratch.path()); }).code() == Code::unreadable);
  CHECK(thrown_by([&] { list_files(scratch / "none"); }).code() == Code::not_found);
  CHECK(thrown_by([&] { list_files(scratch.write("f", "")); }).code() == Code::unreadable);
}

TEST_CASE("a file's bytes come whole, also an empty one's and those of a pipe-like file without a size") {
  const Scratch scratch;
  const std::string bytes = std::string("\0\r\n\xFF", 4) + std::string(100'000, 'x');
  CHECK(read_file(scratch.write("f", bytes)) == bytes);
  CHECK(read_file(scratch.write("e", "")).empty());
  CHECK_FALSE(read_file("/proc/self/status").empty());
}

TEST_CASE("names that would leave an output folder are not safe") {
  CHECK(is_safe_relative("a/b c/\xC3\xA9.png"));
  CHECK(is_safe_relative("a/..b"));
  for (const char* name : {"", "/a", "..", "a/../b", "a/..", "../a"}) CHECK_FALSE(is_safe_relative(name));
  CHECK_FALSE(is_safe_relative(std::string_view("a\0b", 3)));
}

TEST_CASE("relative names and extensions") {
  CHECK(relative_name("/d/s/a/b.png", "/d/s/") == "a/b.png");
  CHECK(relative_name("/d/sx/b.png", "/d/s") == "/d/sx/b.png");
  CHECK(relative_name("a/b", ".") == "a/b");
  CHECK(lower_extension("X/Y.JPeG") == "jpeg");
  CHECK(lower_extension("X.d/none") == "");
}

TEST_CASE("a link that leads nowhere, or in a circle, is neither a file nor a folder") {
  const Scratch scratch;
  scratch.write("a/x.png", "");
  for (const char* folder : {"", "a"}) {
    fs::create_symlink("circle", scratch / folder / "circle");
    fs::create_symlink("nowhere", scratch / folder / "dangling");
  }
  REQUIRE(list_folders(scratch.path()).size() == 1);
  CHECK(list_folders(scratch.path()).front() == scratch / "a");
  CHECK(list_files(scratch.path()).size() == 1);
  CHECK(thrown_by([&] { list_files(scratch / "circle"); }).code() == Code::unreadable);
  CHECK(thrown_by([&] { list_folders(scratch / "circle"); }).code() == Code::unreadable);
}

TEST_CASE("mount points are read from the kernel's list, with its octal escapes") {
  CHECK(mount_points("22 28 0:21 / /proc rw,nosuid - proc proc rw\n"
                     "36 35 98:0 /a /mnt/my\\040disk\\134x\\09 rw master:1 - ext3 /dev/root rw\n"
                     "no line of it\n") == std::vector<std::string>{"/proc", "/mnt/my disk\\x\\09"});
  CHECK(mount_points("").empty());
  const Scratch scratch;
  CHECK_FALSE(is_mount_point(scratch.path()));
  if (fs::exists("/proc/self/mountinfo")) CHECK(is_mount_point("/proc"));
}
