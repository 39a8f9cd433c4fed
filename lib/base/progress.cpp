// SPDX-License-Identifier: Apache-2.0
#include "base/progress.h"

#include <unistd.h>

#include <array>
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

bool can_be_shown() {
  return !quiet && ::isatty(STDERR_FILENO) == 1;
}

constexpr std::chrono::milliseconds kBetweenDrawings(100);

void draw_line(const std::string& line) {
  std::fprintf(stderr, "\r%s\033[K", line.c_str());
  std::fflush(stderr);
}

void clear_line() {
  std::fputs("\r\033[K", stderr);
}

std::string time_left(double seconds) {
  const auto whole = static_cast<long>(seconds);
  if (whole < 120) return std::to_string(whole) + " s left";
  if (whole < 7200) return std::to_string(whole / 60) + " min left";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min left";
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
        line += ", " + time_left(spent * static_cast<double>(*total - done) / static_cast<double>(done));
    } else {
      line += with_thousands(done);
    }
    draw_line(line);
    drawn = Clock::now();
  }
};

Progress::Progress(std::string label, std::optional<std::size_t> total) : state_(std::make_unique<State>()) {
  state_->label = std::move(label);
  state_->total = total;
  state_->shown = can_be_shown();
}

Progress::~Progress() {
  if (state_->shown) clear_line();
}

void Progress::advance(std::size_t steps) {
  if (!state_->shown) return;
  const std::lock_guard lock(state_->mutex);
  state_->done += steps;
  if (state_->total && state_->done > *state_->total) state_->done = *state_->total;
  if (Clock::now() - state_->drawn > kBetweenDrawings) state_->draw();
}

struct ByteProgress::State {
  bool shown = can_be_shown(), is_all = false;
  std::string name;  // of the last that began
  std::size_t begun = 0, ended = 0;
  std::int64_t expected = 0, done = 0;
  double per_second = 0;
  std::int64_t came = 0, came_when_drawn = 0;
  Clock::time_point start = Clock::now(), drawn = start;

  void draw() {
    const double passed = std::chrono::duration<double>(Clock::now() - drawn).count();
    const double now = static_cast<double>(came - came_when_drawn) / passed;
    // Of the last seconds: what counts is how fast it is now.
    constexpr double kSeconds = 3;
    const double weight = per_second > 0 ? passed / (passed + kSeconds) : 1;
    per_second += weight * (now - per_second);
    std::string line = begun == 1 ? name : with_thousands(ended) + " files,";
    const bool knows_end = is_all && expected > 0 && done <= expected;
    if (knows_end) line += " " + bar(static_cast<double>(done) / static_cast<double>(expected));
    line += " " + bytes_in_words(static_cast<std::uint64_t>(done));
    if (knows_end) line += " of " + bytes_in_words(static_cast<std::uint64_t>(expected));
    line += ", " + bytes_in_words(static_cast<std::uint64_t>(per_second)) + "/s";
    if (knows_end && per_second > 1)
      line += ", " + time_left(static_cast<double>(expected - done) / per_second);
    draw_line(line);
    drawn = Clock::now();
    came_when_drawn = came;
  }
};

ByteProgress::ByteProgress() : state_(std::make_unique<State>()) {}
ByteProgress::~ByteProgress() {
  if (state_->shown) clear_line();
}
void ByteProgress::begin(std::string name) {
  ++state_->begun;
  state_->name = std::move(name);
}
void ByteProgress::end() {
  ++state_->ended;
}
void ByteProgress::all_begun() {
  state_->is_all = true;
}
void ByteProgress::expect(std::int64_t bytes, std::int64_t there) {
  state_->expected += bytes;
  state_->done += there;
}
void ByteProgress::advance(std::uint64_t bytes) {
  state_->done += static_cast<std::int64_t>(bytes);
  state_->came += static_cast<std::int64_t>(bytes);
  if (state_->shown && Clock::now() - state_->drawn > kBetweenDrawings) state_->draw();
}

std::string bytes_in_words(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  double number = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  for (; number >= 999.5 && unit + 1 < kUnits.size(); ++unit) number /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, number < 10 ? "%.1f %s" : "%.0f %s", number, kUnits.at(unit));
  return text;
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
