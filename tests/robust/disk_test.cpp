// SPDX-License-Identifier: Apache-2.0
// Disks that are full or cannot be written.
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>

#include "commands.h"
#include "tmpfs.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

std::size_t pages_of(const Contents& contents) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::size_t pages = 0;
  for (const auto& [name, bytes] : contents) pages += (bytes.size() + page - 1) / page;
  return pages;
}

void fails_clearly(const WritingCommand& command, const Path& folder, const std::string& reason,
                   const Contents& before, bool force = false, std::vector<std::string> through = {}) {
  INFO(command.name);
  for (const std::string& word : words_of(command, command.inputs->one, folder, force))
    through.push_back(word);
  const Ran ran = run_program_at(through);
  INFO(ran.err);
  CHECK(ran.status == 3);
  CHECK_THAT(ran.err, contains(reason));
  CHECK_THAT(ran.err, !contains(".maskmill-"));  // a place that is gone helps nobody
  CHECK(contents_of(folder) == before);
  CHECK(hidden_in(folder).empty());
}

}  // namespace

TEST_CASE("a full disk is said, and nothing is left") {
  if (!can_mount()) return;
  for (const WritingCommand& command : writing_commands()) {
    const Scratch scratch;
    const Path folder = scratch / "o";
    fs::create_directory(folder);
    const std::size_t whole = pages_of(undisturbed(command, command.inputs->one, folder));
    for (const double share : {0.0, 0.5, 0.9}) {
      const auto pages = static_cast<std::size_t>(static_cast<double>(whole) * share);
      const Tmpfs full(folder, std::max<std::size_t>(pages, 1));
      fails_clearly(command, folder, "No space left", {});
    }
  }
}

TEST_CASE("a disk that is full when its output is replaced keeps the old one") {
  if (!can_mount()) return;
  for (const WritingCommand& command : writing_commands()) {
    const Scratch scratch;
    const Path folder = scratch / "o";
    fs::create_directory(folder);
    const Contents old = undisturbed(command, command.inputs->other, folder);
    const std::size_t pages = pages_of(old);
    const Tmpfs full(folder, pages + std::max<std::size_t>(pages / 2, 1));
    restore(old, folder);
    fails_clearly(command, folder, "No space left", old, true);
  }
}

TEST_CASE("a disk that cannot be written is said, and what is there stays") {
  if (!can_mount()) return;
  for (const WritingCommand& command : writing_commands()) {
    const Scratch scratch;
    const Path folder = scratch / "o";
    fs::create_directory(folder);
    const Contents old = undisturbed(command, command.inputs->other, folder);
    const Tmpfs disk(folder, 2 * pages_of(old) + 64);
    disk.make_read_only();
    fails_clearly(command, folder, "Read-only", {});
  }
  for (const WritingCommand& command : writing_commands()) {
    const Scratch scratch;
    const Path folder = scratch / "o";
    fs::create_directory(folder);
    const Contents old = undisturbed(command, command.inputs->other, folder);
    const Tmpfs disk(folder, 4 * pages_of(old) + 64);
    restore(old, folder);
    disk.make_read_only();
    fails_clearly(command, folder, "Read-only", old, true);
  }
}

TEST_CASE("a folder that may not be written is said") {
  // Root writes without permission too, unless it gives that right up.
  std::vector<std::string> without_root;
  if (::geteuid() == 0) without_root = {"/usr/bin/setpriv", "--bounding-set=-dac_override,-dac_read_search"};
  for (const WritingCommand& command : writing_commands()) {
    const Scratch scratch;
    const Path folder = scratch / "o";
    fs::create_directory(folder);
    ::chmod(folder.c_str(), 0555);
    fails_clearly(command, folder, "Permission denied", {}, false, without_root);
    ::chmod(folder.c_str(), 0755);
  }
}
