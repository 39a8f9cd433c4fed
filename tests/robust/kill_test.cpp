// SPDX-License-Identifier: Apache-2.0
// A command that is killed leaves the old or the new, and the next one leaves nothing of it.
#include <boost/filesystem.hpp>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/random.h"
#include "commands.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr int kKills = 10;  // with and without an old output each

using Seconds = std::chrono::duration<double>;

// Each file is as it was or as it becomes; the target itself is nothing between.
void is_old_or_new(const Contents& now, const Contents& old, const Contents& fresh,
                   const std::string& target) {
  if (now == old || now == fresh) return;
  // Only files beside the target, which come after it, may still be the old ones.
  const auto is_beside = [&](const std::string& name) {
    return name != target && !name.starts_with(target + "/");
  };
  for (const auto& [name, bytes] : now) {
    INFO(name);
    const Contents& from = is_beside(name) && old.contains(name) && old.at(name) == bytes ? old : fresh;
    REQUIRE(from.contains(name));
    CHECK(from.at(name) == bytes);
  }
  for (const auto& [name, bytes] : fresh)
    if (!is_beside(name)) {
      INFO(name);
      CHECK(now.contains(name));
    }
}

void remove_visible(const Path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (!entry.path().filename().string().starts_with('.')) fs::remove_all(entry.path());
}

void kill_at_random(const WritingCommand& command, bool force, int kills) {
  const Scratch scratch;
  const Path folder = scratch / "o";
  fs::create_directory(folder);
  Contents old;
  if (force) old = undisturbed(command, command.inputs->other, folder);
  const auto words = words_of(command, command.inputs->one, folder, force);
  const auto start = std::chrono::steady_clock::now();
  const Ran ran = run_program_at(words);
  const Seconds whole = std::chrono::steady_clock::now() - start;
  INFO(command.name << ": " << ran.err);
  REQUIRE(ran.status <= 1);
  const Contents fresh = contents_of(folder);
  REQUIRE(fresh != old);
  Random random({stable_hash(command.name), force});
  for (int i = 0; i < kills; ++i) {
    restore(old, folder);
    const Seconds moment = whole * 1.1 * (i + random.uniform()) / kills;
    INFO(command.name << (force ? " --force" : "") << ", killed after " << moment.count() << " s of "
                      << whole.count());
    Running running(words);
    std::this_thread::sleep_for(moment);
    running.signal(SIGKILL);
    running.wait();
    is_old_or_new(contents_of(folder), old, fresh, command.target);

    if (!force) remove_visible(folder);
    const Ran next = run_program_at(words);
    INFO(next.err);
    CHECK(next.status <= 1);
    CHECK(contents_of(folder) == fresh);
    CHECK(hidden_in(folder).empty());
  }
}

}  // namespace

TEST_CASE("a command that is killed at any moment leaves its target absent or whole") {
  for (const WritingCommand& command : writing_commands()) kill_at_random(command, false, kKills);
}

TEST_CASE("a command that is killed while it replaces its target leaves the old or the new") {
  for (const WritingCommand& command : writing_commands()) kill_at_random(command, true, kKills);
}
