// SPDX-License-Identifier: Apache-2.0
// A run grows with the epochs, so that it is never absent or finished only; but its files are whole, and all
// of one training.
#include <boost/filesystem.hpp>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "commands.h"
#include "tmpfs.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Seconds = std::chrono::duration<double>;

// The run of another data set lies there, with a report and a file of the user's.
Contents put_old_run(const Path& folder) {
  restore({}, folder);
  fs::create_directory(folder / "out");
  for (const auto& [name, bytes] : contents_of(trained_run())) rewrite(folder / "out" / name, bytes);
  rewrite(folder / "out/report.html", "page");
  rewrite(folder / "out/notes.txt", "mine");
  return contents_of(folder);
}

std::vector<std::string> run_words(const Path& folder, bool force) {
  return words_of(training(), training().inputs->one, folder, force);
}

// Whatever moment it was, the files that are there are whole and of the new run.
void is_part_of_new(const Path& run, const Contents& fresh) {
  for (const auto& [name, bytes] : contents_of(run)) {
    INFO(name);
    if (name == "metrics.csv") {
      const auto lines = lines_of(bytes);
      CHECK(bytes.ends_with('\n'));
      for (const std::string_view line : lines)
        CHECK(split_text(line, ',').size() == split_text(lines[0], ',').size());
    } else if (name.ends_with(".pth") || name.ends_with(".pt")) {
      CHECK(bytes.size() == fresh.at(name).size());
    } else if (name != "notes.txt" && !name.starts_with("events.")) {
      CHECK(bytes == fresh.at(name));
    }
  }
  if (!fs::exists(run / "model.pth")) return;
  const Scratch scratch;
  const Ran ran =
      run_program_at(maskmill_words({"predict", run.string(), (training().inputs->one / "images").string(),
                                     "-o", (scratch / "out").string(), "--quiet"}));
  INFO(ran.err);
  CHECK(ran.status == 0);
}

void kill_at_random(bool force) {
  const Scratch scratch;
  const Path folder = scratch / "o", run = folder / "out";
  fs::create_directory(folder);
  const auto put_old = [&] {
    restore({}, folder);
    return force ? put_old_run(folder) : Contents();
  };
  put_old();
  const auto start = std::chrono::steady_clock::now();
  const Ran whole = run_program_at(run_words(folder, force));
  const Seconds duration = std::chrono::steady_clock::now() - start;
  INFO(whole.err);
  REQUIRE(whole.status == 0);
  const Contents fresh = contents_of(run);
  Random random({force});
  constexpr int kKills = 10;
  for (int i = 0; i < kKills; ++i) {
    const Contents old = put_old();
    const Seconds moment = duration * 1.1 * (i + random.uniform()) / kKills;
    INFO((force ? "--force, " : "") << "killed after " << moment.count() << " s of " << duration.count());
    Running running(run_words(folder, force));
    std::this_thread::sleep_for(moment);
    running.signal(SIGKILL);
    running.wait();
    for (const std::string& hidden : hidden_in(folder)) FAIL_CHECK(hidden);
    Contents now = contents_of(folder);
    std::erase_if(now, [](const auto& file) {
      return file.first == "out/" ||
             file.first.find("/.") != std::string::npos;  // of the killed command's own
    });
    if (now != old) is_part_of_new(run, fresh);
    if (force) CHECK(read_file(run / "notes.txt") == "mine");

    const Ran next = run_program_at(run_words(folder, true));
    INFO(next.err);
    CHECK(next.status == 0);
    CHECK(hidden_in(run).empty());
  }
}

}  // namespace

TEST_CASE("training that is killed leaves the old run, or of the new one what it had") {
  kill_at_random(false);
  kill_at_random(true);
}

TEST_CASE("training onto a full disk is said, and the old run stays") {
  if (!can_mount()) return;
  for (const bool force : {false, true}) {
    const Scratch scratch;
    const Path folder = scratch / "o";
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::size_t pages = 4;  // folders take one each
    for (const auto& [name, bytes] : contents_of(trained_run())) pages += (bytes.size() + page - 1) / page;
    const Tmpfs disk(folder, force ? pages + pages / 2 : pages / 2);
    const Contents old = force ? put_old_run(folder) : Contents();
    const Ran ran = run_program_at(run_words(folder, force));
    INFO(ran.err);
    CHECK(ran.status == 3);
    CHECK_THAT(ran.err, contains("No space left"));
    CHECK_THAT(ran.err, !contains(".maskmill-"));
    CHECK(contents_of(folder) == old);
    if (force) CHECK(hidden_in(folder / "out").empty());
  }
}

TEST_CASE("training onto a disk that cannot be written is said") {
  if (!can_mount()) return;
  for (const bool force : {false, true}) {
    const Scratch scratch;
    const Path folder = scratch / "o";
    const Tmpfs disk(folder, 4096);
    const Contents old = force ? put_old_run(folder) : Contents();
    disk.make_read_only();
    const Ran ran = run_program_at(run_words(folder, force));
    INFO(ran.err);
    CHECK(ran.status == 3);
    CHECK_THAT(ran.err, contains("Read-only"));
    CHECK(contents_of(folder) == old);
  }
}

TEST_CASE("of two commands that train into one folder one says that the other does") {
  for (const bool force : {false, true}) {
    const Scratch scratch;
    const Path folder = scratch / "o";
    fs::create_directory(folder);
    if (force)
      put_old_run(folder);
    else
      fs::create_directory(folder / "out");
    std::vector<std::string> long_training = run_words(folder, force);
    long_training.emplace_back("epochs=60");
    Running first(long_training);
    for (int i = 0; i < 5000 && hidden_in(folder / "out").empty(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the lock comes after its file
    first.signal(SIGSTOP);
    const Ran second = run_program_at(run_words(folder, force));
    first.signal(SIGCONT);
    CHECK(second.status == 3);
    CHECK_THAT(second.err, contains("another command is writing into this folder"));
    CHECK(first.wait().status == 0);
    CHECK(lines_of(read_file(folder / "out/metrics.csv")).size() == 1 + 60);
    CHECK(hidden_in(folder / "out").empty());
  }
}
