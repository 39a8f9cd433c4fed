// SPDX-License-Identifier: Apache-2.0
// Two commands that write one target at once: one wins whole, and neither touches what the other still makes.
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include "base/random.h"
#include "commands.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr int kTimes = 4;

// Without the tables that csv keeps of what it replaces: whether the second finds the first's in place
// already is a matter of time. Each of them must be a table of either.
Contents without_backups(const Contents& left, const Contents& of_one, const Contents& of_other) {
  const std::string ending = ".backup";
  Contents rest;
  for (const auto& [name, bytes] : left) {
    if (!name.ends_with(ending)) {
      rest[name] = bytes;
      continue;
    }
    const std::string table = name.substr(0, name.size() - ending.size());
    CHECK((bytes == of_one.at(table) || bytes == of_other.at(table)));
  }
  return rest;
}

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
      const auto bare = [&](const Contents& contents) { return without_backups(contents, of_one, of_other); };
      CHECK((bare(left) == bare(of_one) || bare(left) == bare(of_other)));
      continue;
    }
    const bool one_won = one.status <= 1;
    CHECK((one_won ? other : one).status == 3);
    CHECK_THAT((one_won ? other : one).err, contains("exists already"));
    CHECK(left == (one_won ? of_one : of_other));
  }
}

// What it writes lies in a folder that it has made its own.
bool is_being_written(const Path& folder) {
  for (const std::string& name : hidden_in(folder)) {
    bool locked = false, written = false;
    boost::system::error_code gone;
    for (fs::directory_iterator entry(folder / name, gone), end; !gone && entry != end; entry.increment(gone))
      (entry->path().filename() == "lock" ? locked : written) = true;
    if (locked && written) return true;
  }
  return false;
}

// Stops it in the middle of its output; false where it ended before that. A command may also
// try at its start whether it could write, so what has been begun may be gone by the time it stands still.
bool stop_while_it_writes(const Running& command, const Path& folder) {
  while (!command.has_ended()) {
    if (is_being_written(folder)) {
      if (!command.stop()) return false;
      if (is_being_written(folder)) return true;
      command.signal(SIGCONT);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return false;
}

// Small files are written quickly, so it may take some times.
std::unique_ptr<Running> held_while_it_writes(const WritingCommand& command, const Path& folder) {
  for (int i = 0; i < 100; ++i) {
    auto running = std::make_unique<Running>(words_of(command, command.inputs->one, folder));
    if (stop_while_it_writes(*running, folder)) return running;
    running->wait();
    restore({}, folder);
  }
  return nullptr;
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
    const std::unique_ptr<Running> held = held_while_it_writes(command, folder);
    REQUIRE(held);
    std::vector<std::string> words = contained;
    for (const std::string& word : words_of(command, command.inputs->other, folder)) words.push_back(word);
    const Ran other = run_program_at(words);
    INFO(other.err);
    CHECK(other.status <= 1);
    CHECK(contents_of(folder) == of_other);
    CHECK(hidden_in(folder).size() == 1);
    held->signal(SIGCONT);
    const Ran first = held->wait();
    INFO(first.err);
    CHECK(first.status == 3);
    CHECK_THAT(first.err, contains("exists already"));
    CHECK(contents_of(folder) == of_other);
    CHECK(hidden_in(folder).empty());
  }
}
