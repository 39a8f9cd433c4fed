// SPDX-License-Identifier: Apache-2.0
#include "base/staging.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <csignal>

#include "base/output.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr int kNobody = 999'999'999;  // no process has this number

std::string folder_of_process(int process) {
  return ".out.maskmill-" + std::to_string(process) + "-0";
}

/// Another process that makes an output and waits before it puts it into place.
class OtherWriter {
 public:
  explicit OtherWriter(const Path& target) {
    REQUIRE(::pipe(begun_) == 0);
    REQUIRE(::pipe(go_on_) == 0);
    process_ = ::fork();
    if (process_ != 0) {
      char byte = 0;
      REQUIRE(::read(begun_[0], &byte, 1) == 1);
      return;
    }
    int status = 0;
    try {
      OutputFolder folder(target);
      folder.write("provenance.json", "theirs");
      char byte = 0;
      if (::write(begun_[1], "x", 1) != 1 || ::read(go_on_[0], &byte, 1) != 1) ::_exit(2);
      folder.commit();
    } catch (const Error& error) {
      status = exit_code(error.code());
    }
    ::_exit(status);
  }
  ~OtherWriter() {
    for (const int descriptor : {begun_[0], begun_[1], go_on_[0], go_on_[1]}) ::close(descriptor);
  }
  OtherWriter(const OtherWriter&) = delete;
  OtherWriter& operator=(const OtherWriter&) = delete;

  /// Its exit code.
  int go_on() {
    REQUIRE(::write(go_on_[1], "x", 1) == 1);
    int status = 0;
    ::waitpid(process_, &status, 0);
    return WEXITSTATUS(status);
  }

 private:
  int begun_[2], go_on_[2];
  pid_t process_ = -1;
};

}  // namespace

TEST_CASE("what another process still makes stays, and the second to finish is refused") {
  const Scratch scratch;
  OtherWriter other(scratch / "out");
  {
    OutputFolder folder(scratch / "out");
    folder.write("provenance.json", "ours");
    folder.commit();
  }
  CHECK(entries_in(scratch.path()) == 2);
  CHECK(other.go_on() == 3);
  CHECK(read_file(scratch / "out/provenance.json") == "ours");
  CHECK(entries_in(scratch.path()) == 1);
}

TEST_CASE("a leftover is removed although its process number is another process's now") {
  const Scratch scratch;
  scratch.write(folder_of_process(1) + "/output/half", "half");
  scratch.write(folder_of_process(::getpid()) + "/lock", "");
  { const Staging staging(scratch / "out"); }
  CHECK(entries_in(scratch.path()) == 0);
}

TEST_CASE("a folder whose lock is held stays although nobody here has its process number") {
  const Scratch scratch;
  const Path lock = scratch.write(folder_of_process(kNobody) + "/lock", "");
  const int descriptor = ::open(lock.c_str(), O_RDWR);
  REQUIRE(::flock(descriptor, LOCK_EX) == 0);
  { const Staging staging(scratch / "out"); }
  CHECK(fs::exists(lock));
  ::close(descriptor);
  { const Staging staging(scratch / "out"); }
  CHECK(entries_in(scratch.path()) == 0);
}

TEST_CASE("hidden files of other names, and of other targets, stay") {
  const Scratch scratch;
  for (const char* name : {".out", ".out.maskmill-notes/a", ".other.maskmill-1-0/lock", ".out.maskmill-1-0"})
    scratch.write(name, "mine");
  { const Staging staging(scratch / "out"); }
  CHECK(entries_in(scratch.path()) == 4);
}

TEST_CASE("a target may have the longest name that a file system takes") {
  const Scratch scratch;
  const std::string name(255, 'x');
  OutputFile file(scratch / name);
  file.write("text");
  file.commit();
  CHECK(read_file(scratch / name) == "text");
}

TEST_CASE("files beside the target come with it") {
  const Scratch scratch;
  scratch.write("b", "old");
  {
    OutputFile file(scratch / "a");
    file.write("one");
    file.add(scratch / "b", "two", Overwrite::yes);
    CHECK(read_file(scratch / "b") == "old");
    CHECK(thrown_by([&] { file.add(scratch / "b", "two", Overwrite::no); }).code() == Code::write_failed);
    file.commit();
  }
  CHECK(read_file(scratch / "a") == "one");
  CHECK(read_file(scratch / "b") == "two");
  {
    OutputFile file(scratch / "a", Overwrite::yes);
    file.add(scratch / "b", "three", Overwrite::yes);
  }
  CHECK(read_file(scratch / "b") == "two");
  CHECK(entries_in(scratch.path()) == 2);
}
