// SPDX-License-Identifier: Apache-2.0
#include "prepare/near_duplicates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <span>
#include <utility>
#include <vector>

#include "base/disjoint_sets.h"
#include "base/parallel.h"
#include "prepare/hamming_index.h"

namespace maskmill {
namespace {

constexpr int kSide = GrayThumbnail::kSide;

constexpr std::size_t kMostCompared = 1 << 18;  // hashes, for one picture
constexpr std::size_t kMostCandidates = 16;     // pictures to lay upon one
constexpr std::size_t kMostOfOneHash = 4;       // of them
constexpr std::size_t kBlock = 512;             // pictures between two looks at what belongs together

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

/// Pictures by their hashes; those of equal hashes are found as one.
class HashedPictures {
 public:
  explicit HashedPictures(std::vector<std::uint64_t> hashes)
      : sorted_(sorted_by(hashes)), index_(distinct_of(std::move(hashes))) {}

  const HammingIndex& index() const { return index_; }
  /// The numbers of those of one hash, lowest first.
  std::span<const std::uint32_t> at(std::uint32_t place) const {
    return std::span(sorted_).subspan(begin_[place], begin_[place + 1] - begin_[place]);
  }

 private:
  static std::vector<std::uint32_t> sorted_by(const std::vector<std::uint64_t>& hashes) {
    std::vector<std::uint32_t> numbers(hashes.size());
    std::iota(numbers.begin(), numbers.end(), 0U);
    std::ranges::sort(numbers, {}, [&](std::uint32_t number) { return std::pair(hashes[number], number); });
    return numbers;
  }

  std::vector<std::uint64_t> distinct_of(std::vector<std::uint64_t> hashes) {
    std::ranges::sort(hashes);
    for (std::uint32_t i = 0; i < hashes.size(); ++i)
      if (i == 0 || hashes[i] != hashes[i - 1]) begin_.push_back(i);
    begin_.push_back(static_cast<std::uint32_t>(hashes.size()));
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
    return hashes;
  }

  std::vector<std::uint32_t> sorted_;
  std::vector<std::uint32_t> begin_;  // in sorted_, by place in the index, and the end
  HammingIndex index_;
};

/// The nearest pictures, nearest first.
std::vector<Candidate> candidates_of(std::uint32_t number, const GrayThumbnail& thumbnail,
                                     const HashedPictures& pictures, std::uint64_t& compared) {
  std::array<std::uint64_t, std::size_t{2} * kCropWindows> queries;
  const auto windows = window_hashes(thumbnail);
  for (std::size_t window = 0; window < windows.size(); ++window)
    queries[2 * window] = windows[window], queries[2 * window + 1] = mirrored_hash(windows[window]);
  // One of the hashes may be the picture's own, and nobody else's.
  const auto nearest = pictures.index().nearest(queries, kMostCandidates + 1, kMostCompared);
  compared = nearest.compared;
  std::vector<Candidate> found;
  for (const HammingIndex::Hit& hit : nearest.hits) {
    std::size_t taken = 0;
    for (const std::uint32_t other : pictures.at(hit.place)) {
      if (other == number) continue;
      found.push_back({other, hit.distance, static_cast<std::uint8_t>(hit.query / 2), hit.query % 2 == 1});
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
  const HashedPictures hashed(std::move(hashes));
  Wanted wanted(size(), kind_of);
  for (std::uint32_t first = 0; first < size(); first += kBlock) {
    throw_if_interrupted();
    std::vector<Looked> block(std::min<std::size_t>(kBlock, size() - first));
    const auto number_of = [&](std::size_t i) { return first + static_cast<std::uint32_t>(i); };
    parallel_for(block.size(), [&](std::size_t i) {
      block[i].thumbnail = pictures_.at(number_of(i)).thumbnail;
      block[i].candidates = candidates_of(number_of(i), block[i].thumbnail, hashed, block[i].compared);
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
