// SPDX-License-Identifier: Apache-2.0
#include "dataset/rle.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "dataset/run_builder.h"

namespace maskmill {
namespace {

constexpr std::int64_t kMostPixels = std::int64_t{1} << 30;

std::uint64_t sum_of_runs(const Rle& rle) {
  return std::accumulate(rle.counts.begin(), rle.counts.end(), std::uint64_t{0});
}

void validate_pair(const Rle& a, const Rle& b) {
  validate(a);
  validate(b);
  if (a.size != b.size)
    throw Error(Code::bad_value,
                fmt::format("two masks differ in size: {} and {}", to_string(a.size), to_string(b.size)));
}

/// Walks along a valid Rle; the position only rises.
class Cursor {
 public:
  explicit Cursor(const Rle& rle) : counts_(rle.counts) { pass_empty_runs(0); }
  bool inside() const { return next_ % 2 == 0; }
  /// Where the current run ends.
  std::uint32_t end() const { return end_; }
  /// On to the run that holds `position`, which is at most end().
  void move_to(std::uint32_t position) {
    if (position == end_) pass_empty_runs(position);
  }

 private:
  void pass_empty_runs(std::uint32_t position) {
    while (end_ == position && next_ < counts_.size()) end_ += counts_[next_++];
  }

  const std::vector<std::uint32_t>& counts_;
  std::size_t next_ = 0;  // the current run is the one before
  std::uint32_t end_ = 0;
};

/// Calls visit(begin, end, in_a, in_b) for each stretch on which neither mask changes.
template <class Visit>
void for_each_stretch(const Rle& a, const Rle& b, Visit&& visit) {
  const auto pixels = static_cast<std::uint32_t>(a.size.area());
  Cursor cursor_a(a), cursor_b(b);
  for (std::uint32_t begin = 0; begin < pixels;) {
    const std::uint32_t end = std::min(cursor_a.end(), cursor_b.end());
    visit(begin, end, cursor_a.inside(), cursor_b.inside());
    cursor_a.move_to(end);
    cursor_b.move_to(end);
    begin = end;
  }
}

template <class Keep>
Rle combined(const Rle& a, const Rle& b, Keep&& keep) {
  validate_pair(a, b);
  RunBuilder result;
  for_each_stretch(a, b, [&](std::uint32_t begin, std::uint32_t end, bool in_a, bool in_b) {
    if (keep(in_a, in_b)) result.add(begin, end);
  });
  return std::move(result).finish(a.size);
}

}  // namespace

void validate(Size size) {
  if (size.width < 0 || size.height < 0 || size.area() > kMostPixels)
    throw Error(Code::bad_value,
                fmt::format("a mask cannot be {} pixels large; the most is 2^30 pixels", to_string(size)));
}

void validate(const Rle& rle) {
  validate(rle.size);
  if (const std::uint64_t sum = sum_of_runs(rle); sum != static_cast<std::uint64_t>(rle.size.area()))
    throw Error(Code::bad_value, fmt::format("the runs of a mask sum to {} pixels; its size {} has {}", sum,
                                             to_string(rle.size), rle.size.area()));
}

std::int64_t area(const Rle& rle) {
  validate(rle);
  std::int64_t sum = 0;
  for (std::size_t i = 1; i < rle.counts.size(); i += 2) sum += rle.counts[i];
  return sum;
}

Box bounding_box(const Rle& rle) {
  validate(rle);
  const auto height = static_cast<std::uint32_t>(rle.size.height);
  std::uint32_t left = ~0u, right = 0, top = ~0u, bottom = 0;  // right and bottom are of pixels inside
  std::uint32_t position = 0;
  for (std::size_t i = 0; i < rle.counts.size(); ++i) {
    const std::uint32_t begin = position;
    position += rle.counts[i];
    if (i % 2 == 0 || rle.counts[i] == 0) continue;
    const std::uint32_t last = position - 1;
    const bool one_column = begin / height == last / height;
    left = std::min(left, begin / height);
    right = last / height;
    top = std::min(top, one_column ? begin % height : 0);
    bottom = std::max(bottom, one_column ? last % height : height - 1);
  }
  if (left > right) return {};
  return {double(left), double(top), double(right - left + 1), double(bottom - top + 1)};
}

Rle merged(std::span<const Rle> masks) {
  if (masks.empty()) throw Error(Code::bad_value, "the union of no masks has no size");
  const auto either = [](bool in_a, bool in_b) { return in_a || in_b; };
  if (masks.size() == 1) return combined(masks[0], masks[0], either);
  if (masks.size() == 2) return combined(masks[0], masks[1], either);
  const std::size_t half = masks.size() / 2;
  return combined(merged(masks.first(half)), merged(masks.subspan(half)), either);
}

std::int64_t intersection_area(const Rle& a, const Rle& b) {
  validate_pair(a, b);
  std::int64_t sum = 0;
  for_each_stretch(a, b, [&](std::uint32_t begin, std::uint32_t end, bool in_a, bool in_b) {
    if (in_a && in_b) sum += end - begin;
  });
  return sum;
}

double iou(const Rle& a, const Rle& b, bool b_is_crowd) {
  const std::int64_t common = intersection_area(a, b);
  if (common == 0) return 0;
  const std::int64_t whole = b_is_crowd ? area(a) : area(a) + area(b) - common;
  return static_cast<double>(common) / static_cast<double>(whole);
}

Rle inverted(const Rle& rle) {
  return combined(rle, rle, [](bool inside, bool) { return !inside; });
}

Rle difference(const Rle& a, const Rle& b) {
  return combined(a, b, [](bool in_a, bool in_b) { return in_a && !in_b; });
}

}  // namespace maskmill
