// SPDX-License-Identifier: Apache-2.0
#include "base/progress.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>

#include "base/text.h"

namespace maskmill {
namespace {

std::atomic<bool> quiet = false;

using Clock = std::chrono::steady_clock;

std::string bar(double share) {
  constexpr int width = 30;
  const int filled = static_cast<int>(share * width);
  return "[" + std::string(static_cast<std::size_t>(filled), '=') +
         std::string(static_cast<std::size_t>(width - filled), ' ') + "]";
}

}  // namespace

struct Progress::State {
  std::string label;
  std::optional<std::size_t> total;
  bool shown = false;
  std::mutex mutex;
  std::size_t done = 0;
  Clock::time_point start = Clock::now(), drawn = start;

  void draw() {
    std::string line = label + " ";
    if (total && *total > 0) {
      line += bar(static_cast<double>(done) / static_cast<double>(*total)) + " " + with_thousands(done) +
              "/" + with_thousands(*total);
      const double spent = std::chrono::duration<double>(Clock::now() - start).count();
      if (done > 0 && done < *total && spent > 2)
        line += ", " +
                std::to_string(static_cast<long>(spent * static_cast<double>(*total - done) /
                                                 static_cast<double>(done))) +
                " s left";
    } else {
      line += with_thousands(done);
    }
    std::fprintf(stderr, "\r%s\033[K", line.c_str());
    std::fflush(stderr);
    drawn = Clock::now();
  }
};

Progress::Progress(std::string label, std::optional<std::size_t> total) : state_(std::make_unique<State>()) {
  state_->label = std::move(label);
  state_->total = total;
  state_->shown = !quiet && ::isatty(STDERR_FILENO) == 1;
}

Progress::~Progress() {
  if (state_->shown) std::fputs("\r\033[K", stderr);
}

void Progress::advance(std::size_t steps) {
  if (!state_->shown) return;
  const std::lock_guard lock(state_->mutex);
  state_->done += steps;
  if (state_->total && state_->done > *state_->total) state_->done = *state_->total;
  if (Clock::now() - state_->drawn > std::chrono::milliseconds(100)) state_->draw();
}

void set_quiet(bool value) {
  quiet = value;
}
bool is_quiet() {
  return quiet;
}

void notice(const std::string& line) {
  if (quiet) return;
  std::fflush(stdout);  // where both go to one place, in the order in which they were said
  std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace maskmill
