// SPDX-License-Identifier: Apache-2.0
#include "base/part_file.h"

#include <boost/filesystem.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

// While it lives, temporary files go to `folder`.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const Path& folder) {
    if (const char* was = std::getenv("TMPDIR")) was_ = was;
    ::setenv("TMPDIR", folder.c_str(), 1);
  }
  ~TemporaryFolder() { was_.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", was_.c_str(), 1); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

 private:
  std::string was_;
};

}  // namespace

TEST_CASE("lines of any length come back in order, whoever else writes into their file") {
  const Scratch scratch;
  PartFile file(scratch.path(), "output");
  LineStore one(file), other(file), none(file);
  std::vector<std::string> expected_of_one, expected_of_other;
  for (std::size_t i = 0; i < 3000; ++i) {
    expected_of_one.push_back(std::to_string(i) + std::string(i % 700 == 5 ? 40'000 : i % 20, 'x'));
    one.append(expected_of_one.back());
    if (i % 3 != 0) continue;
    expected_of_other.push_back(i % 2 == 0 ? "" : "y" + std::to_string(i));
    other.append(expected_of_other.back());
  }
  const auto lines_in = [](const LineStore& store) {
    std::vector<std::string> lines;
    store.for_each([&](std::string_view line) { lines.emplace_back(line); });
    return lines;
  };
  CHECK(lines_in(one) == expected_of_one);
  CHECK(lines_in(other) == expected_of_other);
  CHECK(lines_in(none).empty());
  CHECK(fs::is_empty(scratch.path()));
}

TEST_CASE("a part file lies in the folder for temporary files, wherever the command runs") {
  const Scratch scratch;
  const TemporaryFolder here(scratch.path());
  const Path before = fs::current_path();
  const Path gone = scratch / "gone";
  fs::create_directory(gone);
  fs::current_path(gone);
  fs::remove(gone);  // nothing can be made in it
  std::string back;
  {
    PartFile file;
    CHECK(file.append("bytes") == 0);
    file.read(0, 5, back);
  }
  fs::current_path(before);
  CHECK(back == "bytes");
}

TEST_CASE("without a folder for temporary files an error says how to name one") {
  const Scratch scratch;
  const TemporaryFolder nowhere(scratch / "nowhere");
  const Error error = thrown_by([] { PartFile(); });
  CHECK(error.code() == Code::write_failed);
  CHECK_THAT(error.hint_text(), contains("TMPDIR"));
}
