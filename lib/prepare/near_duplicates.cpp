// SPDX-License-Identifier: Apache-2.0
#include "prepare/near_duplicates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "base/disjoint_sets.h"
#include "base/parallel.h"

namespace maskmill {
namespace {

constexpr int kSide = GrayThumbnail::kSide;

// Hashes within 7 bits of each other are within 1 bit in one of 4 parts: 3 * 2 + 1 = 7.
constexpr int kParts = 4, kPartBits = 16, kPartRadius = NearDuplicates::kRadius / kParts;
constexpr std::size_t kMostScanned = 1 << 16;  // hashes, for one picture
constexpr std::size_t kMostHits = 1 << 10;     // of them, that are near
constexpr std::size_t kMostCandidates = 16;    // pictures to lay upon one
constexpr std::size_t kMostOfOneHash = 4;      // of them
constexpr std::size_t kBlock = 512;            // pictures between two looks at what belongs together

// Of overlay_of.
constexpr int kMostSteps = 8;
constexpr int kFewestCells = kSide * kSide * 3 / 4;  // that both show
constexpr double kLeastAgreement = 0.86;             // tests/bench/near_duplicates measures it
constexpr double kMostCut = 0.15;
constexpr double kSlightCut = 0.015;  // what resizing alone may look like

/// A number of a set's picture and how its window's hash differs from the other's.
struct Candidate {
  std::uint32_t number = 0;
  std::uint8_t distance = 0, window = 0;
  bool is_mirrored = false;
};

// ---- laying one upon the other

struct Cells {
  std::array<float, std::size_t{kSide} * kSide> values;
  float at(int x, int y) const { return values[static_cast<std::size_t>(y * kSide + x)]; }
};

Cells cells_of(const GrayThumbnail& thumbnail) {
  Cells cells;
  std::ranges::copy(thumbnail.cells, cells.values.begin());
  return cells;
}

/// Cells by weights over a square of `n` by `n` around each, which sum up to 1; those at the rim repeat.
template <int n>
Cells filtered(const Cells& cells, const std::array<float, n>& weights) {
  Cells out;
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      float sum = 0;
      for (int j = 0; j < n; ++j)
        for (int i = 0; i < n; ++i)
          sum += weights[static_cast<std::size_t>(i)] * weights[static_cast<std::size_t>(j)] *
                 cells.at(std::clamp(x + i - n / 2, 0, kSide - 1), std::clamp(y + j - n / 2, 0, kSide - 1));
      out.values[static_cast<std::size_t>(y * kSide + x)] = sum;
    }
  return out;
}

/// What is fine in a picture, but for the finest, which does not outlive a shift by half a cell.
Cells detail_of(const Cells& cells) {
  Cells detail = filtered<3>(cells, {0.25F, 0.5F, 0.25F});
  const Cells coarse = filtered<5>(cells, {0.2F, 0.2F, 0.2F, 0.2F, 0.2F});
  for (std::size_t i = 0; i < detail.values.size(); ++i) detail.values[i] -= coarse.values[i];
  return detail;
}

struct Axis {
  double scale = 1, shift = 0;  // cell x of the other is cell scale * x + shift of the whole
};

Axis axis_of(double before, double behind) {
  const double scale = 1 - before - behind;
  return {scale, kSide * before + 0.5 * scale - 0.5};
}

/// The largest part of a side that one shows and the other does not.
double cut_of(const Axis& axis) {
  const double first = axis.shift + 0.5 - 0.5 * axis.scale, last = first + axis.scale * kSide;
  return std::max(std::abs(first), std::abs(kSide - last)) / kSide;
}

/// The whole's cell at a place between cells, and how it changes there.
struct Sample {
  float value, across, down;
};

struct Line {  // a place along an axis
  int cell = 0;
  float share = 0;
  bool is_inside = false;
};

std::array<Line, kSide> lines_of(const Axis& axis) {
  std::array<Line, kSide> lines;
  for (int i = 0; i < kSide; ++i) {
    const double at = axis.scale * i + axis.shift;
    Line& line = lines[static_cast<std::size_t>(i)];
    line.is_inside = at > -0.5 && at < kSide - 0.5;
    const double inside = std::clamp(at, 0.0, kSide - 1.0);
    line.cell = std::min(static_cast<int>(inside), kSide - 2);
    line.share = static_cast<float>(inside - line.cell);
  }
  return lines;
}

Sample sample_at(const Cells& cells, const Line& x, const Line& y) {
  const float a = cells.at(x.cell, y.cell), b = cells.at(x.cell + 1, y.cell);
  const float c = cells.at(x.cell, y.cell + 1), d = cells.at(x.cell + 1, y.cell + 1);
  const float top = a + x.share * (b - a), bottom = c + x.share * (d - c);
  return {top + y.share * (bottom - top), (b - a) + y.share * ((d - c) - (b - a)), bottom - top};
}

/// One step of Gauss-Newton. False: the two have nothing to go by.
bool improve(const Cells& whole, const Cells& other, Axis& across, Axis& down, double& contrast,
             double& brightness) {
  constexpr int n = 6;
  std::array<double, std::size_t{n} * (n + 1) / 2> normal{};
  std::array<double, n> right{};
  const auto columns = lines_of(across), rows = lines_of(down);
  int cells = 0;
  for (int y = 0; y < kSide; ++y) {
    const Line& row = rows[static_cast<std::size_t>(y)];
    if (!row.is_inside) continue;
    for (int x = 0; x < kSide; ++x) {
      const Line& column = columns[static_cast<std::size_t>(x)];
      if (!column.is_inside) continue;
      ++cells;
      const Sample sample = sample_at(whole, column, row);
      const float gx = static_cast<float>(contrast) * sample.across,
                  gy = static_cast<float>(contrast) * sample.down;
      const std::array<float, n> slope{
          gx, gx * static_cast<float>(x), gy, gy * static_cast<float>(y), sample.value, 1};
      const float rest = other.at(x, y) - static_cast<float>(contrast * sample.value + brightness);
      std::size_t next = 0;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) normal[next++] += slope[i] * slope[j];
        right[i] += slope[i] * rest;
      }
    }
  }
  if (cells < kFewestCells) return false;
  cv::Matx<double, n, n> matrix;
  std::size_t next = 0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j <= i; ++j) matrix(i, j) = matrix(j, i) = normal[next++];
  cv::Matx<double, n, 1> change;
  if (!cv::solve(matrix, cv::Matx<double, n, 1>(right.data()), change, cv::DECOMP_CHOLESKY)) return false;
  across.shift += change(0), across.scale += change(1);
  down.shift += change(2), down.scale += change(3);
  contrast += change(4), brightness += change(5);
  return std::abs(across.scale - 1) < 2 * kMostCut && std::abs(down.scale - 1) < 2 * kMostCut &&
         std::abs(across.shift) < kMostCut * kSide && std::abs(down.shift) < kMostCut * kSide;
}

double correlation(const Cells& whole, const Cells& other, const Axis& across, const Axis& down) {
  const auto columns = lines_of(across), rows = lines_of(down);
  double a = 0, b = 0, aa = 0, bb = 0, ab = 0, cells = 0;
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const Line &column = columns[static_cast<std::size_t>(x)], &row = rows[static_cast<std::size_t>(y)];
      if (!column.is_inside || !row.is_inside) continue;
      const double u = sample_at(whole, column, row).value, v = other.at(x, y);
      a += u, b += v, aa += u * u, bb += v * v, ab += u * v, cells += 1;
    }
  if (cells < kFewestCells) return -1;
  const double spread = (aa - a * a / cells) * (bb - b * b / cells);
  return spread > 0 ? (ab - a * b / cells) / std::sqrt(spread) : -1;
}

// ---- candidates

/// Pictures by the parts of their hashes. Those of equal hashes are found by the first of them.
class HashParts {
 public:
  explicit HashParts(std::vector<std::uint64_t> hashes) : sorted_(hashes.size()), hashes_(std::move(hashes)) {
    std::iota(sorted_.begin(), sorted_.end(), 0U);
    std::ranges::sort(sorted_, {}, [&](std::uint32_t number) { return std::pair(hashes_[number], number); });
    std::ranges::sort(hashes_);
    for (int part = 0; part < kParts; ++part) fill(part);
  }

  /// visit(i) for each hash, by its place in sorted(), within kPartRadius of `hash` in one of the parts; a
  /// hash may come more than once. Ends early where visit returns false.
  template <class Visit>
  bool near(std::uint64_t hash, Visit&& visit) const {
    for (int part = 0; part < kParts; ++part) {
      const std::uint32_t value = value_of(hash, part);
      if (!of_value(part, value, visit)) return false;
      for (int bit = 0; bit < kPartBits; ++bit)
        if (!of_value(part, value ^ (1U << bit), visit)) return false;
    }
    return true;
  }

  /// Their numbers by hash, then by number.
  const std::vector<std::uint32_t>& sorted() const { return sorted_; }
  std::uint64_t hash_at(std::uint32_t place) const { return hashes_[place]; }

 private:
  static_assert(kPartRadius == 1);
  struct Part {
    std::vector<std::uint32_t> begin;   // by value, and the end
    std::vector<std::uint32_t> places;  // in sorted_
  };

  static std::uint32_t value_of(std::uint64_t hash, int part) {
    return static_cast<std::uint32_t>(hash >> (part * kPartBits)) & ((1U << kPartBits) - 1);
  }

  template <class Visit>
  void for_each_hash(Visit&& visit) const {
    for (std::uint32_t place = 0; place < sorted_.size(); ++place)
      if (place == 0 || hash_at(place) != hash_at(place - 1)) visit(place, hash_at(place));
  }

  void fill(int part) {
    Part& made = parts_[static_cast<std::size_t>(part)];
    made.begin.resize((std::size_t{1} << kPartBits) + 1, 0);
    for_each_hash([&](std::uint32_t, std::uint64_t hash) { ++made.begin[value_of(hash, part) + 1]; });
    std::partial_sum(made.begin.begin(), made.begin.end(), made.begin.begin());
    made.places.resize(made.begin.back());
    std::vector<std::uint32_t> next(made.begin.begin(), made.begin.end() - 1);
    for_each_hash(
        [&](std::uint32_t place, std::uint64_t hash) { made.places[next[value_of(hash, part)]++] = place; });
  }

  template <class Visit>
  bool of_value(int part, std::uint32_t value, Visit&& visit) const {
    const Part& looked = parts_[static_cast<std::size_t>(part)];
    for (std::uint32_t i = looked.begin[value]; i < looked.begin[value + 1]; ++i)
      if (!visit(looked.places[i])) return false;
    return true;
  }

  std::vector<std::uint32_t> sorted_;
  std::vector<std::uint64_t> hashes_;  // as sorted_
  std::array<Part, kParts> parts_;
};

/// The nearest pictures, nearest first.
std::vector<Candidate> candidates_of(std::uint32_t number, const GrayThumbnail& thumbnail,
                                     const HashParts& parts, std::uint64_t& compared) {
  struct Hit {
    std::uint32_t place;
    std::uint8_t distance, window;
    bool is_mirrored;
  };
  std::vector<Hit> hits;
  std::size_t scanned = 0;
  const auto windows = window_hashes(thumbnail);
  const auto look = [&](std::size_t window, bool is_mirrored) {
    const std::uint64_t hash = is_mirrored ? mirrored_hash(windows[window]) : windows[window];
    return parts.near(hash, [&](std::uint32_t place) {
      const int distance = hamming_distance(hash, parts.hash_at(place));
      if (distance <= NearDuplicates::kRadius)
        hits.push_back(
            {place, static_cast<std::uint8_t>(distance), static_cast<std::uint8_t>(window), is_mirrored});
      return ++scanned < kMostScanned && hits.size() < kMostHits;
    });
  };
  for (std::size_t window = 0; window < windows.size(); ++window)
    if (!look(window, false) || !look(window, true)) break;
  compared = scanned;
  std::ranges::sort(hits, {}, [](const Hit& hit) {
    return std::tuple(hit.place, hit.distance, hit.window, hit.is_mirrored);
  });
  hits.erase(
      std::unique(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.place == b.place; }),
      hits.end());
  std::ranges::sort(hits, {}, [](const Hit& hit) { return std::tuple(hit.distance, hit.place); });
  std::vector<Candidate> found;
  for (const Hit& hit : hits) {
    const auto& sorted = parts.sorted();
    const std::uint64_t hash = parts.hash_at(hit.place);
    std::size_t taken = 0;
    for (std::uint32_t place = hit.place; place < sorted.size() && parts.hash_at(place) == hash; ++place) {
      if (sorted[place] == number) continue;
      found.push_back({sorted[place], hit.distance, hit.window, hit.is_mirrored});
      if (found.size() == kMostCandidates) return found;
      if (++taken == kMostOfOneHash) break;
    }
  }
  return found;
}

/// Which pairs would say something that those before have not.
class Wanted {
 public:
  Wanted(std::size_t size, const std::function<std::uint32_t(std::uint32_t)>& kind_of)
      : sets_(size), has_other_kind_(size, false), kind_of_(kind_of) {}

  bool is(std::uint32_t a, std::uint32_t b) { return sets_.root(a) != sets_.root(b) || is_crossing(a, b); }

  void add(std::uint32_t a, std::uint32_t b) {
    if (is_crossing(a, b)) has_other_kind_[a] = has_other_kind_[b] = true;
    sets_.join(a, b);
  }

 private:
  bool is_crossing(std::uint32_t a, std::uint32_t b) const {
    return kind_of_ && !(has_other_kind_[a] && has_other_kind_[b]) && kind_of_(a) != kind_of_(b);
  }

  DisjointSets sets_;
  std::vector<bool> has_other_kind_;
  const std::function<std::uint32_t(std::uint32_t)>& kind_of_;
};

bool shows_the_same(const Overlay& overlay) {
  return overlay.agreement >= kLeastAgreement && overlay.cut <= kMostCut;
}

GrayThumbnail mirrored(const GrayThumbnail& thumbnail) {
  GrayThumbnail out = thumbnail;
  for (auto row = out.cells.begin(); row != out.cells.end(); row += kSide) std::reverse(row, row + kSide);
  return out;
}

}  // namespace

Overlay overlay_of(const GrayThumbnail& whole, const CropWindow& start, const GrayThumbnail& other) {
  const Cells a = cells_of(whole), b = cells_of(other);
  Axis across = axis_of(start.left, start.right), down = axis_of(start.top, start.bottom);
  double contrast = 1, brightness = 0;
  for (int step = 0; step < kMostSteps; ++step) {
    const Axis before = across, below = down;
    if (!improve(a, b, across, down, contrast, brightness)) return {};
    const double moved = std::abs(across.shift - before.shift) + std::abs(down.shift - below.shift) +
                         kSide * (std::abs(across.scale - before.scale) + std::abs(down.scale - below.scale));
    if (moved < 0.02) break;
  }
  return {correlation(detail_of(a), detail_of(b), across, down), std::max(cut_of(across), cut_of(down))};
}

std::uint32_t NearDuplicates::add(const GrayThumbnail& thumbnail) {
  pictures_.add({perceptual_hash(thumbnail), thumbnail});
  return size() - 1;
}

NearDuplicates::Effort NearDuplicates::find(
    const std::function<void(const NearPair&)>& visit,
    const std::function<std::uint32_t(std::uint32_t number)>& kind_of) const {
  struct Looked {
    GrayThumbnail thumbnail;
    std::vector<Candidate> candidates;
    std::vector<Overlay> overlays;
    std::uint64_t compared = 0;
  };
  Effort effort;
  std::vector<std::uint64_t> hashes;
  hashes.reserve(size());
  pictures_.for_each([&](const Picture& picture) { hashes.push_back(picture.hash); });
  const HashParts parts(std::move(hashes));
  Wanted wanted(size(), kind_of);
  for (std::uint32_t first = 0; first < size(); first += kBlock) {
    throw_if_interrupted();
    std::vector<Looked> block(std::min<std::size_t>(kBlock, size() - first));
    const auto number_of = [&](std::size_t i) { return first + static_cast<std::uint32_t>(i); };
    parallel_for(block.size(), [&](std::size_t i) {
      block[i].thumbnail = pictures_.at(number_of(i)).thumbnail;
      block[i].candidates = candidates_of(number_of(i), block[i].thumbnail, parts, block[i].compared);
    });
    for (std::size_t i = 0; i < block.size(); ++i)
      std::erase_if(block[i].candidates,
                    [&](const Candidate& candidate) { return !wanted.is(number_of(i), candidate.number); });
    parallel_for(block.size(), [&](std::size_t i) {
      for (const Candidate& candidate : block[i].candidates) {
        const GrayThumbnail other = pictures_.at(candidate.number).thumbnail;
        block[i].overlays.push_back(overlay_of(block[i].thumbnail, crop_windows()[candidate.window],
                                               candidate.is_mirrored ? mirrored(other) : other));
      }
    });
    for (std::size_t i = 0; i < block.size(); ++i) {
      effort.hashes += block[i].compared;
      effort.pictures += block[i].candidates.size();
      for (std::size_t c = 0; c < block[i].candidates.size(); ++c) {
        const Candidate& candidate = block[i].candidates[c];
        const Overlay& overlay = block[i].overlays[c];
        if (!shows_the_same(overlay) || !wanted.is(number_of(i), candidate.number)) continue;
        wanted.add(number_of(i), candidate.number);
        visit({std::min(number_of(i), candidate.number), std::max(number_of(i), candidate.number),
               overlay.agreement, candidate.is_mirrored, overlay.cut > kSlightCut});
      }
    }
  }
  return effort;
}

}  // namespace maskmill
