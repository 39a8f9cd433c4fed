// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/blends.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <span>
#include <unordered_map>

namespace maskmill {
namespace {

using Key = std::uint32_t;  // a stored value

constexpr int kLines = 96;          // rows, and as many columns, that show whether a mask is smoothed
constexpr int kRegion = 4;          // pixels: a shorter run of one value is part of a border
constexpr int kWidestBorder = 24;   // pixels
constexpr double kOvershoot = 0.1;  // of the step: sharpening kernels and JPEG swing past the two values
constexpr double kOff = 2;          // and JPEG takes small numbers off by that much besides
constexpr double kOffLine = 12;     // how far JPEG takes a colour off the line between two
constexpr double kMostSharp =
    0.45;  // shares of the borders of a smoothed mask; of a sharp one more than half
constexpr double kLeastBlended = 0.2;  // are sharp, however many thin objects it has
constexpr double kSurelySharp = 0.6;
constexpr std::int64_t kLeastBorders = 12, kEnoughBorders = 100;
constexpr std::size_t kLeastValues = 3;
constexpr std::int64_t kLeastInside = 9;  // pixels of a region that have their own value on all four sides
constexpr std::int64_t kInsideShare = 5;  // and one in so many of all of its value

/// Reads lines of keys out of a mask of any type.
class Lines {
 public:
  Lines(const RawImage& mask, bool by_colour) : pixels_(mask.pixels) {
    if (!by_colour || pixels_.channels() > 2 || pixels_.depth() != CV_8U) return;
    colour_of_.resize(256);
    for (Key value = 0; value < colour_of_.size(); ++value)
      colour_of_[value] = mask.palette.empty()          ? value << 16 | value << 8 | value
                          : value < mask.palette.size() ? key_of(mask.palette[value])
                                                        : 0;
  }

  int rows() const { return pixels_.rows; }
  int columns() const { return pixels_.cols; }
  bool of_colours() const { return pixels_.channels() > 2 || !colour_of_.empty(); }

  void row(int y, std::vector<Key>& line) const {
    copy(pixels_.ptr(y), pixels_.elemSize(), pixels_.cols, line);
  }
  void column(int x, std::vector<Key>& line) const {
    copy(pixels_.ptr() + static_cast<std::size_t>(x) * pixels_.elemSize(), pixels_.step[0], pixels_.rows,
         line);
  }

 private:
  static Key key_of(const Rgb& colour) { return Key{colour.r} << 16 | Key{colour.g} << 8 | colour.b; }

  void copy(const std::uint8_t* pixel, std::size_t stride, int count, std::vector<Key>& line) const {
    line.resize(static_cast<std::size_t>(count));
    const auto each = [&](auto&& key_at) {
      for (Key& key : line) key = key_at(pixel), pixel += stride;
    };
    if (pixels_.depth() == CV_16U)
      each([](const std::uint8_t* sample) { return Key{*reinterpret_cast<const std::uint16_t*>(sample)}; });
    else if (pixels_.channels() > 2)
      each([](const std::uint8_t* sample) { return key_of({sample[0], sample[1], sample[2]}); });
    else if (colour_of_.empty())
      each([](const std::uint8_t* sample) { return Key{*sample}; });
    else
      each([this](const std::uint8_t* sample) { return colour_of_[*sample]; });
  }

  cv::Mat pixels_;
  std::vector<Key> colour_of_;
};

bool is_between_numbers(Key value, Key one, Key other) {
  const auto [low, high] = std::minmax(one, other);
  const double slack = kOvershoot * (high - low) + kOff;
  return value > low - slack && value < high + slack;
}

bool is_between_colours(Key value, Key one, Key other) {
  double along = 0, length = 0, distance = 0;
  for (const int shift : {16, 8, 0}) {
    const auto channel = [shift](Key key) { return static_cast<double>(key >> shift & 255); };
    const double step = channel(other) - channel(one), from = channel(value) - channel(one);
    along += from * step, length += step * step, distance += from * from;
  }
  if (along < -kOvershoot * length || along > (1 + kOvershoot) * length) return false;
  return distance - along * along / length <= kOffLine * kOffLine;
}

/// A border on a line: two regions and what lies between them, [begin, end).
struct Crossing {
  Key before, after;
  std::size_t begin, end;
};

/// Visits each place where a region gives way to another one. A region is a run of some length whose value
/// `may_be_region`.
template <class MayBeRegion, class Visit>
void for_each_crossing(const std::vector<Key>& line, MayBeRegion&& may_be_region, Visit&& visit) {
  std::optional<Crossing> open;
  for (std::size_t begin = 0, end = 0; begin < line.size(); begin = end) {
    while (end < line.size() && line[end] == line[begin]) ++end;
    if (end - begin < kRegion || !may_be_region(line[begin])) continue;
    if (open && open->before != line[begin] && begin - open->begin <= kWidestBorder) {
      open->after = line[begin];
      open->end = begin;
      visit(*open);
    }
    open = Crossing{line[begin], 0, end, 0};
  }
}

/// Numbers, or colours as Lines has them.
class Values {
 public:
  explicit Values(bool are_colours) : are_colours_(are_colours) {}
  bool are_neighbours(Key one, Key other) const {
    return !are_colours_ && std::max(one, other) - std::min(one, other) < 2;
  }
  /// One of the two values, or between them.
  bool fits(Key value, const Crossing& border) const {
    return are_colours_ ? is_between_colours(value, border.before, border.after)
                        : is_between_numbers(value, border.before, border.after);
  }
  bool is_blend(Key value, const Crossing& border) const {
    return value != border.before && value != border.after && fits(value, border);
  }

 private:
  bool are_colours_;
};

/// How the borders of a mask are, on the lines that were looked at.
struct BorderCounts {
  std::int64_t borders = 0, sharp = 0, blended = 0;
  std::set<Key> values;  ///< in between, as many as matter

  void add(const std::vector<Key>& line, const Crossing& border, const Values& values_are) {
    if (values_are.are_neighbours(border.before, border.after)) return;  // nothing can lie between them
    ++borders;
    if (border.begin == border.end) {
      ++sharp;
      return;
    }
    const auto between = std::span(line).subspan(border.begin, border.end - border.begin);
    if (!std::ranges::all_of(between, [&](Key value) { return values_are.fits(value, border); })) return;
    ++blended;
    for (std::size_t i = 0; i < between.size() && values.size() < kLeastValues; ++i)
      if (values_are.is_blend(between[i], border)) values.insert(between[i]);
  }
  bool surely_sharp() const { return borders >= kEnoughBorders && share(sharp) > kSurelySharp; }
  bool smoothed() const {
    return borders >= kLeastBorders && values.size() >= kLeastValues && share(sharp) <= kMostSharp &&
           share(blended) >= kLeastBlended;
  }

 private:
  double share(std::int64_t count) const { return static_cast<double>(count) / static_cast<double>(borders); }
};

bool is_smoothed(const Lines& mask, const Values& values) {
  BorderCounts counts;
  std::vector<Key> line;
  const auto look = [&] {
    for_each_crossing(
        line, [](Key) { return true; }, [&](const Crossing& border) { counts.add(line, border, values); });
  };
  // A step that has no factor in common with kLines visits all of them, and soon far ones.
  constexpr int kStep = 37;
  const auto sample = [](int i, int count) {
    return static_cast<int>((2 * std::int64_t{i * kStep % kLines} + 1) * count / (2 * kLines));
  };
  for (int i = 0; i < kLines && !counts.surely_sharp(); ++i) {
    mask.row(sample(i, mask.rows()), line);
    look();
    mask.column(sample(i, mask.columns()), line);
    look();
  }
  return counts.smoothed();
}

struct ValueCounts {
  std::int64_t pixels = 0, inside = 0, blended = 0;
  bool is_region() const { return inside >= kLeastInside && inside * kInsideShare >= pixels; }
};

/// `inside`: pixels that have their own value above, below, left and right.
std::unordered_map<Key, ValueCounts> counted_values(const Lines& mask) {
  std::unordered_map<Key, ValueCounts> counts;
  std::vector<Key> above, line, below;
  mask.row(0, line);
  for (int y = 0; y < mask.rows(); ++y) {
    if (y + 1 < mask.rows()) mask.row(y + 1, below);
    const bool has_both = y > 0 && y + 1 < mask.rows();
    ValueCounts* of_value = nullptr;
    for (std::size_t x = 0; x < line.size(); ++x) {
      if (x == 0 || line[x] != line[x - 1]) of_value = &counts[line[x]];
      ++of_value->pixels;
      of_value->inside += has_both && x > 0 && x + 1 < line.size() && line[x - 1] == line[x] &&
                          line[x + 1] == line[x] && above[x] == line[x] && below[x] == line[x];
    }
    above = std::move(line);
    line = std::move(below);
  }
  return counts;
}

Blends measured(const Lines& mask, const Values& values) {
  std::unordered_map<Key, ValueCounts> counts = counted_values(mask);
  std::map<std::pair<Key, Key>, std::int64_t> borders;
  cv::Mat seen = cv::Mat::zeros(mask.rows(), mask.columns(), CV_8UC1);
  std::vector<Key> line;
  const auto look = [&](auto&& mark_at) {
    for_each_crossing(
        line, [&](Key value) { return counts.at(value).is_region(); },
        [&](const Crossing& border) {
          std::int64_t& pixels = borders[std::minmax(border.before, border.after)];
          for (std::size_t i = border.begin; i < border.end; ++i) {
            std::uint8_t& is_seen = mark_at(static_cast<int>(i));
            if (is_seen || !values.is_blend(line[i], border)) continue;
            is_seen = 1;
            ++pixels;
            ++counts.at(line[i]).blended;
          }
        });
  };
  for (int y = 0; y < mask.rows(); ++y) {
    mask.row(y, line);
    look([&, y](int x) -> std::uint8_t& { return seen.at<std::uint8_t>(y, x); });
  }
  for (int x = 0; x < mask.columns(); ++x) {
    mask.column(x, line);
    look([&, x](int y) -> std::uint8_t& { return seen.at<std::uint8_t>(y, x); });
  }
  Blends blends;
  for (const auto& [value, of_value] : counts)
    if (of_value.blended > 0)
      blends.pixels_of[value] = of_value.is_region() ? of_value.blended : of_value.pixels;
  for (const auto& [sides, pixels] : borders)
    if (pixels > 0) blends.borders.push_back({sides.first, sides.second, pixels});
  std::ranges::stable_sort(blends.borders, std::ranges::greater(), &Blends::Between::pixels);
  return blends;
}

}  // namespace

std::int64_t Blends::pixels() const {
  std::int64_t sum = 0;
  for (const auto& [value, pixels] : pixels_of) sum += pixels;
  return sum;
}

std::optional<Blends> find_blends(const RawImage& mask, bool by_colour) {
  if (mask.pixels.empty()) return std::nullopt;
  const Lines lines(mask, by_colour);
  const Values values(lines.of_colours());
  return is_smoothed(lines, values) ? std::optional(measured(lines, values)) : std::nullopt;
}

}  // namespace maskmill
