// SPDX-License-Identifier: Apache-2.0
// row_filter make masks|boxes ROWS FILE: writes a table with the columns, the lengths of cells and the share
// of classes of Open Images' own. row_filter run PIECE FILE CLASS...: gigabytes a second to read the file in
// pieces of so many bytes and find the rows of the classes (MIDs), beside to read it and find its line ends,
// in turns, and the most memory resident.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/output.h"
#include "base/random.h"
#include "fetch/open_images/row_filter.h"

using namespace maskmill;

namespace {

constexpr std::string_view kBoxHeader =
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside,"
    "XClick1X,XClick2X,XClick3X,XClick4X,XClick1Y,XClick2Y,XClick3Y,XClick4Y\n";
constexpr std::string_view kMaskHeader =
    "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n";
constexpr int kClasses = 600;

/// "/m/01b9xk" and others, which begin alike as theirs do.
std::vector<std::string> made_mids() {
  static constexpr std::string_view letters = "0123456789bcdfghjklmnpqrstvwxyz_";
  std::vector<std::string> mids;
  Random random(1);
  while (mids.size() < kClasses) {
    std::string mid = "/m/0";
    for (std::uint64_t more = 3 + random.below(4); more > 0; --more) mid += letters[random.below(31)];
    mids.push_back(std::move(mid));
  }
  mids[kClasses / 2] = "/m/01b9xk";
  return mids;
}

std::string made_row(bool is_box, std::uint64_t image, const std::string& mid, Random& random) {
  const auto part = [&] { return fmt::format("{:.6f}", random.uniform()); };
  const std::string id = fmt::format("{:016x}", image);
  if (!is_box) {
    std::string row = fmt::format("{0}_{1}{2}_{3:08x}.png,{0},{4},{3:08x},{5},{6},{7},{8},{9:.5f},", id,
                                  mid[1], mid.substr(3), random.below(0xFFFFFFFF), mid, part(), part(),
                                  part(), part(), random.uniform());
    for (std::uint64_t clicks = random.below(8), i = 0; i < clicks; ++i)
      row += fmt::format("{}{:.5f} {:.5f} {}", i > 0 ? ";" : "", random.uniform(), random.uniform(), i % 2);
    return row + "\n";
  }
  std::string row =
      fmt::format("{},{},{},1,{},{},{},{},{},{},{},{},{}", id, random.chance(0.1) ? "activemil" : "xclick",
                  mid, part(), part(), part(), part(), random.below(2), random.below(2), random.below(2),
                  random.below(2), random.below(2));
  for (int i = 0; i < 8; ++i) row += "," + part();
  return row + "\n";
}

void make(bool is_box, long rows, const Path& path) {
  OutputFile file(path, Overwrite::yes);
  file.write(is_box ? kBoxHeader : kMaskHeader);
  const std::vector<std::string> mids = made_mids();
  Random random(2);
  std::string block;
  std::uint64_t image = 0;
  for (long i = 0; i < rows; ++i) {
    if (i % 8 == 0) image = random.next();
    // The first has a thousand times the rows of the last.
    const double uniform = random.uniform();
    block += made_row(is_box, image, mids[static_cast<std::size_t>(uniform * uniform * uniform * kClasses)],
                      random);
    if (block.size() < 1 << 20) continue;
    file.write(block);
    block.clear();
  }
  file.write(block);
  file.commit();
}

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
  if (words.size() == 4 && words[0] == "make")
    make(words[1] == "boxes", std::stol(words[2]), words[3]);
  else if (words.size() >= 4 && words[0] == "run")
    compare(std::stoul(words[1]), arguments[3], {words.begin() + 3, words.end()});
  else
    return 2;
}
