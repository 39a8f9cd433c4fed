// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/regions.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "dataset/masks.h"
#include "dataset/rle_pieces.h"

namespace maskmill {
namespace {

constexpr std::int64_t kLeastSpeck = 4;  // real signs far away are larger
constexpr std::int64_t kLeastHole = 9;   // in an object there is nothing that small but by a slip
constexpr std::int64_t kSpeckOfImage = 100'000;
constexpr std::int64_t kImageOfSpeck = 1000;
constexpr std::int64_t kSlender = 4;  // a window of more than so many times the area: a line, no speck

constexpr int kAmidPx = 3;  // so far around nothing but one other label

/// The one other value around a region, if there is nothing else for kAmidPx and it does not touch the edge
/// of the image: crumbs beside more of their own, and gaps between two shapes that touch, are no slips.
std::optional<std::uint16_t> value_around(const cv::Mat& mask, const Region& region) {
  const Window& own = region.window;
  if (own.x == 0 || own.y == 0 || own.right() == mask.cols || own.bottom() == mask.rows) return std::nullopt;
  const Window window = common(
      {own.x - kAmidPx, own.y - kAmidPx, {own.size.width + 2 * kAmidPx, own.size.height + 2 * kAmidPx}},
      {0, 0, {mask.cols, mask.rows}});
  std::optional<std::uint16_t> around;
  std::int64_t same = 0;
  for (int y = window.y; y < window.bottom(); ++y) {
    const auto* row = mask.ptr<std::uint16_t>(y);
    for (int x = window.x; x < window.right(); ++x) {
      if (row[x] == region.value) {
        if (++same > region.area) return std::nullopt;
      } else if (row[x] != around) {
        if (around) return std::nullopt;
        around = row[x];
      }
    }
  }
  return around;
}

bool is_compact(const Region& region) {
  return region.window.size.area() <= kSlender * region.area;
}

/// The end of the run of equal samples that begins at `begin`; most words of a mask hold one value only.
template <class Sample>
int end_of_run(const Sample* row, int begin, int width) {
  constexpr int kPerWord = sizeof(std::uint64_t) / sizeof(Sample);
  constexpr std::uint64_t kOnes = ~std::uint64_t{0} / std::numeric_limits<Sample>::max();  // 1 in each sample
  const std::uint64_t same = kOnes * row[begin];
  int x = begin + 1;
  for (; x + kPerWord <= width; x += kPerWord) {
    std::uint64_t word;
    std::memcpy(&word, row + x, sizeof word);
    if (word != same) break;
  }
  while (x < width && row[x] == row[begin]) ++x;
  return x;
}

template <class Sample>
void sweep_rows(const cv::Mat& mask, const std::function<void(const Region&)>& visit) {
  RegionSweep sweep(RegionSweep::Lines::rows, visit);
  for (int y = 0; y < mask.rows; ++y) {
    const auto* row = mask.ptr<Sample>(y);
    for (int begin = 0, end = 0; begin < mask.cols; begin = end) {
      end = end_of_run(row, begin, mask.cols);
      sweep.add(static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), row[begin]);
    }
    sweep.end_line();
  }
  sweep.finish();
}

}  // namespace

std::uint32_t RegionSweep::root_of(std::uint32_t region) {
  while (open_[region].parent != region) {
    const std::uint32_t parent = open_[region].parent;
    open_[region].parent = open_[parent].parent;
    region = parent;
  }
  return region;
}

std::uint32_t RegionSweep::joined(std::uint32_t a, std::uint32_t b) {
  if (a == b) return a;
  Region& into = open_[std::min(a, b)].region;
  const Region& other = open_[std::max(a, b)].region;
  into.area += other.area;
  const Window& w = other.window;
  const int left = std::min(into.window.x, w.x), top = std::min(into.window.y, w.y);
  into.window = {
      left,
      top,
      {std::max(into.window.right(), w.right()) - left, std::max(into.window.bottom(), w.bottom()) - top}};
  return open_[std::max(a, b)].parent = std::min(a, b);
}

void RegionSweep::join_lines() {
  std::size_t first = 0;  // of the runs before that may touch the run at hand
  for (Run& run : here_) {
    while (first < before_.size() && before_[first].end < run.begin) ++first;
    for (std::size_t k = first; k < before_.size() && before_[k].begin <= run.end; ++k) {
      if (before_[k].value != run.value) continue;
      const std::uint32_t touched = root_of(before_[k].region);
      run.region = run.region == kNone ? touched : joined(root_of(run.region), touched);
    }
    const int begin = static_cast<int>(run.begin), length = static_cast<int>(run.end - run.begin);
    if (run.region == kNone) {
      run.region = static_cast<std::uint32_t>(open_.size());
      open_.push_back({{run.value, length, {begin, line_, {length, 1}}}, run.region});
      continue;
    }
    Region& region = open_[run.region].region;
    region.area += length;
    const int left = std::min(region.window.x, begin);
    region.window.size.width = std::max(region.window.right(), begin + length) - left;
    region.window.x = left;
    region.window.size.height = line_ + 1 - region.window.y;
  }
}

void RegionSweep::hand_out(Region region) const {
  if (lines_ == Lines::columns) {
    std::swap(region.window.x, region.window.y);
    std::swap(region.window.size.width, region.window.size.height);
  }
  visit_(region);
}

void RegionSweep::end_line() {
  join_lines();
  next_.clear();
  for (Run& run : here_) {
    Open& open = open_[root_of(run.region)];
    if (open.goes_on_as == kNone) {
      open.goes_on_as = static_cast<std::uint32_t>(next_.size());
      next_.push_back({open.region, open.goes_on_as});
    }
    run.region = open.goes_on_as;
  }
  for (std::uint32_t i = 0; i < open_.size(); ++i)
    if (open_[i].parent == i && open_[i].goes_on_as == kNone) hand_out(open_[i].region);
  open_.swap(next_);
  before_.swap(here_);
  here_.clear();
  ++line_;
}

void for_each_region(const cv::Mat& mask, const std::function<void(const Region&)>& visit) {
  if (mask.depth() == CV_8U)
    sweep_rows<std::uint8_t>(mask, visit);
  else
    sweep_rows<std::uint16_t>(mask, visit);
}

RleRegions regions_of(const Rle& rle) {
  RleRegions regions;
  const Box around = bounding_box(rle);
  const int first = static_cast<int>(around.x), last = static_cast<int>(around.x + around.width);
  const auto top_row = static_cast<std::uint32_t>(around.y),
             bottom_row = static_cast<std::uint32_t>(around.y + around.height);
  if (first == last) return regions;
  RegionSweep sweep(
      RegionSweep::Lines::columns,
      [&](const Region& region) {
        const Window& w = region.window;
        const bool is_within = w.x > first && w.right() < last && w.y > static_cast<int>(top_row) &&
                               w.bottom() < static_cast<int>(bottom_row);
        if (region.value == 1)
          regions.parts.push_back(region);
        else if (is_within)
          regions.holes.push_back(region);
      },
      first);
  int column = first;
  std::uint32_t covered = top_row;  // of the current column
  const auto end_column = [&] {
    if (covered < bottom_row) sweep.add(covered, bottom_row, 0);
    sweep.end_line();
    covered = top_row;
    ++column;
  };
  for_each_piece(rle, [&](std::uint32_t piece_column, std::uint32_t top, std::uint32_t bottom) {
    while (column < static_cast<int>(piece_column)) end_column();
    if (covered < top) sweep.add(covered, top, 0);
    sweep.add(top, bottom, 1);
    covered = bottom;
  });
  while (column < last) end_column();
  sweep.finish();
  return regions;
}

std::int64_t largest_speck(Size image) {
  return std::min(std::max(kLeastSpeck, image.area() / kSpeckOfImage), image.area() / kImageOfSpeck);
}

std::int64_t largest_pin_hole(Size image) {
  return std::min(std::max(kLeastHole, image.area() / kSpeckOfImage), image.area() / kImageOfSpeck);
}

void Specks::add(const Region& region) {
  if (count++ == 0) first = region.window;
  pixels += region.area;
}

MaskRegions regions_of(const cv::Mat& labels, const LabelMap& map) {
  struct OfLabel {
    std::int64_t pixels = 0, largest = 0;
    std::size_t regions = 0;
    std::vector<Region> tiny;
  };
  const Size size{labels.cols, labels.rows};
  const std::int64_t largest_of_label = largest_speck(size), largest_hole = largest_pin_hole(size);
  const auto role_of = [&](std::uint32_t label) {
    return label < static_cast<std::uint32_t>(map.size()) ? map[static_cast<int>(label)].role : Role::ignore;
  };
  std::vector<OfLabel> by_label(static_cast<std::size_t>(map.size()));
  MaskRegions found;
  for_each_region(labels, [&](const Region& region) {
    OfLabel* of_label = region.value < by_label.size() ? &by_label[region.value] : nullptr;
    if (of_label) {
      of_label->pixels += region.area;
      of_label->largest = std::max(of_label->largest, region.area);
      ++of_label->regions;
    }
    const bool is_of_label = role_of(region.value) == Role::object;
    if (region.area > (is_of_label ? largest_of_label : largest_hole) || !is_compact(region)) return;
    const auto around = value_around(labels, region);
    if (!around || role_of(*around) == Role::ignore) return;
    if (is_of_label)
      of_label->tiny.push_back(region);
    else if (role_of(*around) == Role::object)
      found.pin_holes[*around].add(region);
  });
  for (std::size_t label = 0; label < by_label.size(); ++label) {
    const OfLabel& of_label = by_label[label];
    if (of_label.pixels > 0) found.pixels[static_cast<std::int64_t>(label)] = of_label.pixels;
    for (const Region& region : of_label.tiny)
      if (of_label.largest >= kSpeckShare * region.area || of_label.regions == 1)
        found.specks[static_cast<int>(label)].add(region);
  }
  return found;
}

}  // namespace maskmill
