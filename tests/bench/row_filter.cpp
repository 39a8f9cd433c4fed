// SPDX-License-Identifier: Apache-2.0
// row_filter PIECE FILE CLASS...: gigabytes a second to read a table of Open Images in pieces of so many
// bytes and find the rows of the classes (MIDs), beside to read it and find its line ends, in turns, and the
// most memory resident. openimages_tables makes such tables.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "fetch/open_images/row_filter.h"

using namespace maskmill;

namespace {

template <class Take>
std::uint64_t read_in_pieces(const char* path, std::size_t piece, Take&& take) {
  const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
  std::string buffer(piece, '\0');
  std::uint64_t bytes = 0;
  for (ssize_t got = 0; (got = ::read(descriptor, buffer.data(), piece)) > 0;) {
    take(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    bytes += static_cast<std::uint64_t>(got);
  }
  ::close(descriptor);
  return bytes;
}

struct Run {
  double seconds = 0;
  std::uint64_t bytes = 0, found = 0;
};

template <class Action>
Run timed(Action&& action) {
  const auto start = std::chrono::steady_clock::now();
  Run run = action();
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return run;
}

Run find_lines(const char* path, std::size_t piece) {
  Run run;
  run.bytes = read_in_pieces(path, piece, [&](std::string_view bytes) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while ((at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at))))) {
      ++at;
      ++run.found;
    }
  });
  return run;
}

Run find_rows(const char* path, std::size_t piece, const std::vector<std::string>& mids) {
  Run run;
  std::uint64_t unreadable = 0;
  const auto filter = fetch::filter_by_mids(
      "LabelName", mids,
      {[](auto, const auto&) {}, [&](auto) { ++run.found; }, [&](const Error&) { ++unreadable; }}, path);
  run.bytes = read_in_pieces(path, piece, [&](std::string_view bytes) { filter->add(bytes); });
  filter->finish();
  if (unreadable > 0) throw std::runtime_error("the table has rows that cannot be read");
  return run;
}

void compare(std::size_t piece, const char* path, const std::vector<std::string>& mids) {
  std::vector<double> lines, rows;
  Run last_lines, last_rows;
  for (int round = 0; round < 7; ++round) {
    last_lines = timed([&] { return find_lines(path, piece); });
    last_rows = timed([&] { return find_rows(path, piece, mids); });
    lines.push_back(last_lines.seconds);
    rows.push_back(last_rows.seconds);
  }
  std::ranges::sort(lines);
  std::ranges::sort(rows);
  const double line_rate = static_cast<double>(last_lines.bytes) / lines[3] / 1e9,
               row_rate = static_cast<double>(last_rows.bytes) / rows[3] / 1e9;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fmt::print("{} lines at {:.2f} GB/s; {} rows found at {:.2f} GB/s: {:.0f} %; {} MB resident at most\n",
             last_lines.found, line_rate, last_rows.found, row_rate, 100 * row_rate / line_rate,
             usage.ru_maxrss / 1000);
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.size() < 3) return 2;
  compare(std::stoul(words[0]), arguments[2], {words.begin() + 2, words.end()});
}
