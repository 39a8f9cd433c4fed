// SPDX-License-Identifier: Apache-2.0
// FUZZ_TARGET COUNT FILE|FOLDER...: runs the target on COUNT mutations of each kind of file, the same ones
// each time, in a process whose memory and time are bounded. A kind is an extension or, in a folder in one
// piece (support/packed_folder.h), a format and an extension. What breaks the target is kept in the current
// folder.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/filesystem.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <new>
#include <vector>

#include "base/path.h"
#include "base/random.h"
#include "base/text.h"
#include "mutations.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace maskmill;
using namespace maskmill::fuzz;

constexpr unsigned kMostSeconds = 20;           // an input, on a machine that is busy
constexpr rlim_t kMostBytes = rlim_t{3} << 30;  // of addresses: threads and libraries take some hundred MB
constexpr int kMostFailures = 20;

/// The part of a seed that is a file, and what stands around it.
struct Part {
  std::string before, file, after;
};

std::map<std::string, std::vector<Part>> parts_by_kind(const std::vector<Path>& seeds) {
  constexpr std::string_view mark = "\n=== ";
  std::map<std::string, std::vector<Part>> kinds;
  for (const Path& seed : seeds) {
    const std::string bytes = read_file(seed);
    std::size_t at = bytes.find(mark);
    if (at == std::string::npos) kinds[lower_extension(seed)].push_back({"", bytes, ""});
    const std::string format = bytes.substr(0, bytes.find_first_of(" \n"));
    while (at != std::string::npos) {
      const std::size_t name = at + mark.size(), start = bytes.find('\n', name) + 1;
      at = bytes.find(mark, start);
      const Path path(bytes.substr(name, start - 1 - name));
      const std::size_t end = std::min(at, bytes.size());
      kinds[format + " " + lower_extension(path)].push_back(
          {bytes.substr(0, start), bytes.substr(start, end - start), bytes.substr(end)});
    }
  }
  return kinds;
}

std::string mutation(const std::string& kind, const std::vector<Part>& parts, std::uint64_t number) {
  Random random({stable_hash(kind), number});
  const Part& part = parts[random.below(parts.size())];
  return part.before + mutated(part.file, random) + part.after;
}

/// Runs mutations from `next` on in a process of its own; returns how that ended, `next` being the last one
/// begun.
int run_apart(const std::string& kind, const std::vector<Part>& parts, std::uint64_t count,
              std::atomic<std::uint64_t>& next) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit bound{kMostBytes, kMostBytes};
    ::setrlimit(RLIMIT_AS, &bound);
    for (; next < count; ++next) {
      const std::string input = mutation(kind, parts, next);
      ::alarm(kMostSeconds);
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

std::string file_name(const std::string& kind, std::uint64_t number) {
  std::string name = "mutation-" + kind + "-" + std::to_string(number);
  for (char& letter : name)
    if (letter == ' ' || letter == '/') letter = '-';
  return name;
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = argc > 2 ? to_integer(argv[1]) : std::nullopt;
  if (!count || *count < 1) {
    std::fputs("Usage: FUZZ_TARGET COUNT FILE|FOLDER...\n", stderr);
    return 2;
  }
  std::vector<Path> seeds;
  for (int i = 2; i < argc; ++i)
    if (fs::is_directory(argv[i]))
      for (const Path& file : list_files(argv[i])) seeds.push_back(file);
    else
      seeds.emplace_back(argv[i]);
  // The process that breaks cannot say at which one.
  void* shared =
      ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& next = *new (shared) std::atomic<std::uint64_t>(0);
  int failures = 0;
  for (const auto& [kind, parts] : parts_by_kind(seeds)) {
    for (next = 0; failures < kMostFailures; ++next) {
      const int status = run_apart(kind, parts, static_cast<std::uint64_t>(*count), next);
      if (status == 0) break;
      ++failures;
      const std::string name = file_name(kind, next);
      std::ofstream(name, std::ios::binary) << mutation(kind, parts, next);
      std::fprintf(stderr, "%s: signal %d\n", name.c_str(), WTERMSIG(status));
    }
    if (failures == kMostFailures) {
      std::fputs("too many failures; the rest was not run\n", stderr);
      break;
    }
    std::fprintf(stderr, "%s: %lld mutations of %zu files\n", kind.c_str(), *count, parts.size());
  }
  return failures > 0 || seeds.empty() ? 1 : 0;
}
