// SPDX-License-Identifier: Apache-2.0
#include "base/output.h"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <csignal>

#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// Makes a folder the current one while it lives.
class CurrentFolder {
 public:
  explicit CurrentFolder(const Path& folder) { fs::current_path(folder); }
  ~CurrentFolder() {
    boost::system::error_code ignored;
    fs::current_path(before_, ignored);
  }
  CurrentFolder(const CurrentFolder&) = delete;
  CurrentFolder& operator=(const CurrentFolder&) = delete;

 private:
  const Path before_ = fs::current_path();
};

void write_file(const Path& target, const std::string& text, Overwrite overwrite = Overwrite::no) {
  OutputFile file(target, overwrite);
  file.write(text);
  file.commit();
}

}  // namespace

TEST_CASE("a file appears whole on commit, with the folders above it") {
  const Scratch scratch;
  write_file(scratch / "a/b/out.json", "text");
  CHECK(read_file(scratch / "a/b/out.json") == "text");
  CHECK(entries_in(scratch / "a/b") == 1);
}

TEST_CASE("without commit nothing is left and the old file stays") {
  const Scratch scratch;
  scratch.write("out", "old");
  {
    OutputFile file(scratch / "out", Overwrite::yes);
    file.write("new");
  }
  CHECK(read_file(scratch / "out") == "old");
  CHECK(entries_in(scratch.path()) == 1);
}

TEST_CASE("an existing file is replaced only when asked") {
  const Scratch scratch;
  scratch.write("out", "old");
  const Error error = thrown_by([&] { OutputFile file(scratch / "out"); });
  CHECK(error.code() == Code::write_failed);
  CHECK_THAT(error.hint_text(), contains("--force"));
  write_file(scratch / "out", "new", Overwrite::yes);
  CHECK(read_file(scratch / "out") == "new");
}

TEST_CASE("of two writers of one new file the second to finish is refused, and the first one's file stays") {
  const Scratch scratch;
  OutputFile first(scratch / "out"), second(scratch / "out");
  first.write("first");
  second.write("second");
  first.commit();
  CHECK(thrown_by([&] { second.commit(); }).code() == Code::write_failed);
  CHECK(read_file(scratch / "out") == "first");
}

TEST_CASE("a folder appears whole on commit, and names that lead outside are refused") {
  const Scratch scratch;
  OutputFolder folder(scratch / "out/");
  folder.write("x/y.txt", "text");
  CHECK(thrown_by([&] { folder.write("../z", ""); }).code() == Code::write_failed);
  CHECK(thrown_by([&] { folder.write("/tmp/z", ""); }).code() == Code::write_failed);
  CHECK_FALSE(fs::exists(scratch / "out"));
  folder.commit();
  CHECK(read_file(scratch / "out/x/y.txt") == "text");
  CHECK(entries_in(scratch.path()) == 1);
}

TEST_CASE("--force replaces what maskmill wrote and nothing else") {
  const Scratch scratch;
  scratch.write("mine/photo.jpg", "irreplaceable");
  CHECK(thrown_by([&] { OutputFolder(scratch / "mine"); }).code() == Code::write_failed);
  const Error error = thrown_by([&] { OutputFolder(scratch / "mine", Overwrite::yes); });
  CHECK_THAT(error.message(), contains("did not write"));
  CHECK(read_file(scratch / "mine/photo.jpg") == "irreplaceable");

  scratch.write("ours/provenance.json", "{}");
  scratch.write("ours/old.txt", "old");
  OutputFolder folder(scratch / "ours", Overwrite::yes);
  folder.write("new.txt", "new");
  CHECK(fs::exists(scratch / "ours/old.txt"));
  folder.commit();
  CHECK(fs::exists(scratch / "ours/new.txt"));
  CHECK_FALSE(fs::exists(scratch / "ours/old.txt"));
  CHECK(entries_in(scratch.path()) == 2);
}

TEST_CASE("what fails while somebody writes into the staging folder is named as it will be called") {
  const Scratch scratch;
  const OutputFolder folder(scratch / "out");
  const Error inside = folder.as_of_target(
      Error(Code::write_failed, "no space").at_file(folder.staging() / "a/b.png").hint("make room"));
  CHECK(inside.place().file == (scratch / "out/a/b.png").string());
  CHECK(inside.code() == Code::write_failed);
  CHECK(inside.hint_text() == "make room");
  const Error outside = folder.as_of_target(Error(Code::unreadable, "no").at_file(scratch / "in.png"));
  CHECK(outside.place().file == (scratch / "in.png").string());
  CHECK(folder.as_of_target(Error(Code::bug, "no")).place().empty());
}

TEST_CASE("an empty folder may be written into without --force") {
  const Scratch scratch;
  fs::create_directory(scratch / "out");
  OutputFolder folder(scratch / "out");
  folder.write("a", "b");
  folder.commit();
  CHECK(read_file(scratch / "out/a") == "b");
}

TEST_CASE("what a killed process left beside the target is removed by the next writer") {
  const Scratch scratch;
  const pid_t child = ::fork();
  if (child == 0) {
    OutputFolder folder(scratch / "out");
    folder.write("half", "half");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  CHECK_FALSE(fs::exists(scratch / "out"));
  CHECK(entries_in(scratch.path()) == 1);
  OutputFolder folder(scratch / "out");
  folder.write("whole", "whole");
  folder.commit();
  CHECK(entries_in(scratch.path()) == 1);
  CHECK_FALSE(fs::exists(scratch / "out/half"));
}

TEST_CASE("a target whose folder cannot be made is refused with its place") {
  const Scratch scratch;
  scratch.write("file", "");
  const Error error = thrown_by([&] { OutputFolder(scratch / "file/out"); });
  CHECK(error.code() == Code::write_failed);
  CHECK_THAT(error.place().file, contains("file"));
}

TEST_CASE("a full disk is an error with its place, and nothing is left") {
  if (!fs::exists("/dev/full")) {
    WARN("not shown: there is no /dev/full here");
    return;
  }
  const Scratch scratch;
  fs::create_symlink("/dev/full", scratch / "full");
  // The staging file lies beside the target, so the disk is filled by linking it there.
  OutputFile file(scratch / "out");
  fs::remove(file.staging());
  CHECK_THROWS_AS(file.commit(), Error);
  CHECK_FALSE(fs::exists(scratch / "out"));
}

TEST_CASE("an empty folder may be named as the current one, or by a link") {
  const Scratch scratch;
  fs::create_directories(scratch / "here");
  fs::create_directories(scratch / "there");
  fs::create_directory_symlink(scratch / "there", scratch / "link");
  {
    const CurrentFolder inside(scratch / "here");
    OutputFolder folder(".");
    folder.write("a", "b");
    folder.commit();
  }
  CHECK(read_file(scratch / "here/a") == "b");
  OutputFolder folder(scratch / "link");
  folder.write("a", "b");
  folder.commit();
  CHECK(fs::is_symlink(scratch / "link"));
  CHECK(read_file(scratch / "there/a") == "b");
  CHECK(entries_in(scratch.path()) == 3);
}

TEST_CASE("a mount point is refused before any work is done") {
  if (!fs::exists("/proc/self/mountinfo")) {
    WARN("not shown: there is no /proc here");
    return;
  }
  const Error error = thrown_by([] { OutputFolder("/proc/", Overwrite::yes); });
  CHECK(error.code() == Code::write_failed);
  CHECK_THAT(error.message(), contains("mount point"));
  CHECK_THAT(error.hint_text(), contains("/proc/"));
}
