// SPDX-License-Identifier: Apache-2.0
// Two commands that write one target at once: one wins whole, and neither touches what the other still makes.
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/random.h"
#include "commands.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr int kTimes = 4;

// Both from the start, the second a little later.
void race(const WritingCommand& command, bool force) {
  const Scratch scratch;
  const Path folder = scratch / "o";
  fs::create_directory(folder);
  const Contents of_one = undisturbed(command, command.inputs->one, folder, force);
  restore({}, folder);
  const Contents of_other = undisturbed(command, command.inputs->other, folder, force);
  REQUIRE(of_one != of_other);
  Random random({stable_hash(command.name), force});
  for (int i = 0; i < kTimes; ++i) {
    restore({}, folder);
    INFO(command.name << (force ? " --force" : ""));
    Running first(words_of(command, command.inputs->one, folder, force));
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(20'000)));
    Running second(words_of(command, command.inputs->other, folder, force));
    const Ran one = first.wait(), other = second.wait();
    INFO(one.err << other.err);
    const Contents left = contents_of(folder);
    CHECK(hidden_in(folder).empty());
    if (force) {
      CHECK((one.status <= 1 && other.status <= 1));
      CHECK((left == of_one || left == of_other));
      continue;
    }
    const bool one_won = one.status <= 1;
    CHECK((one_won ? other : one).status == 3);
    CHECK_THAT((one_won ? other : one).err, contains("exists already"));
    CHECK(left == (one_won ? of_one : of_other));
  }
}

// Until it has made the folder its own: what it writes lies in it.
void wait_for_staging(const Path& folder) {
  const auto is_begun = [&] {
    for (const std::string& name : hidden_in(folder)) {
      boost::system::error_code gone;
      for (fs::directory_iterator entry(folder / name, gone), end; !gone && entry != end;
           entry.increment(gone))
        if (entry->path().filename() != "lock") return true;
    }
    return false;
  };
  for (int i = 0; i < 5000 && !is_begun(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

TEST_CASE("of two commands that write one target one wins whole, and the other says so") {
  for (const WritingCommand& command : writing_commands())
    if (!command.replaces) race(command, false);
}

TEST_CASE("of two commands that replace one target the last one's stands whole") {
  for (const WritingCommand& command : writing_commands()) race(command, true);
}

TEST_CASE("a command leaves alone what one in another container still writes") {
  // In a process namespace of its own, as in a container that shares the disk, nobody else's number is known.
  const std::vector<std::string> contained{"/usr/bin/unshare", "--pid", "--fork"};
  if (::geteuid() != 0 || run_program_at({"/usr/bin/unshare", "--pid", "--fork", "/bin/true"}).status != 0) {
    WARN("not shown: a process namespace takes root and its rights");
    return;
  }
  for (const WritingCommand& command : writing_commands()) {
    if (command.replaces) continue;
    INFO(command.name);
    const Scratch scratch;
    const Path folder = scratch / "o";
    fs::create_directory(folder);
    const Contents of_other = undisturbed(command, command.inputs->other, folder);
    restore({}, folder);
    Running held(words_of(command, command.inputs->one, folder));
    wait_for_staging(folder);
    held.signal(SIGSTOP);
    const bool is_done = hidden_in(folder).empty();
    std::vector<std::string> words = contained;
    for (const std::string& word : words_of(command, command.inputs->other, folder)) words.push_back(word);
    const Ran other = run_program_at(words);
    INFO(other.err);
    if (!is_done) {
      CHECK(other.status <= 1);
      CHECK(contents_of(folder) == of_other);
      CHECK(hidden_in(folder).size() == 1);
    }
    held.signal(SIGCONT);
    const Ran first = held.wait();
    INFO(first.err);
    if (!is_done) {
      CHECK(first.status == 3);
      CHECK_THAT(first.err, contains("exists already"));
      CHECK(contents_of(folder) == of_other);
    }
    CHECK(hidden_in(folder).empty());
  }
}
