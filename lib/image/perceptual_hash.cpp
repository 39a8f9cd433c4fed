// SPDX-License-Identifier: Apache-2.0
#include "image/perceptual_hash.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "base/error.h"

namespace maskmill {
namespace {

constexpr int kSide = GrayThumbnail::kSide;
constexpr int kFrequencies = 8;
constexpr double kLeastDeviation = 3;  // gray values, over the thumbnail
constexpr double kCut = 0.05;
constexpr int kWays = 5;  // to cut along one axis

// Integers, since a sign that depends on how a compiler orders a sum would differ between machines.
constexpr double kUnit = 1024;
constexpr int kShift = 8;  // of the first pass's sums, at most 32 * 1024 * 255, so that they fit into 16 bits

struct Cut {
  double before = 0, behind = 0;
};
constexpr std::array<Cut, kWays> kCuts{Cut{0, 0}, Cut{kCut, 0}, Cut{0, kCut}, Cut{kCut / 2, kCut / 2},
                                       Cut{kCut, kCut}};

struct Ways {
  std::size_t across = 0, down = 0;
};

const std::array<Ways, kCropWindows>& ways_of_windows() {
  static const auto ways = [] {
    std::array<Ways, kCropWindows> all;
    std::size_t next = 0;
    for (std::size_t down = 0; down + 1 < kWays; ++down)
      for (std::size_t across = 0; across + 1 < kWays; ++across) all[next++] = {across, down};
    all[next] = {kWays - 1, kWays - 1};
    return all;
  }();
  return ways;
}

// 16 bits: products of such are summed up by one instruction.
using Basis = std::array<std::array<std::int16_t, kSide>, kFrequencies>;

/// Cosines of the frequencies 1..8 over what is left of an axis, resampled linearly: the transform of a cut
/// picture is taken from the whole one at once.
Basis basis_of(const Cut& cut) {
  Basis basis{};
  for (int u = 0; u < kFrequencies; ++u) {
    std::array<double, kSide> weights{};
    for (int x = 0; x < kSide; ++x) {
      const double cosine = std::cos(std::numbers::pi * (x + 0.5) * (u + 1) / kSide);
      const double at =
          std::clamp(kSide * cut.before + (x + 0.5) * (1 - cut.before - cut.behind) - 0.5, 0.0, kSide - 1.0);
      const auto cell = static_cast<std::size_t>(at);
      const double share = at - static_cast<double>(cell);
      weights[cell] += cosine * (1 - share);
      if (share > 0) weights[cell + 1] += cosine * share;
    }
    std::ranges::transform(weights, basis[static_cast<std::size_t>(u)].begin(), [](double weight) {
      return static_cast<std::int16_t>(std::lround(kUnit * weight));
    });
  }
  return basis;
}

const std::array<Basis, kWays>& bases() {
  static const auto all = [] {
    std::array<Basis, kWays> made{};
    std::ranges::transform(kCuts, made.begin(), basis_of);
    return made;
  }();
  return all;
}

/// Row by row the sums of one way to cut across: [frequency][row].
Basis across(const GrayThumbnail& thumbnail, const Basis& basis) {
  Basis sums{};
  for (std::size_t y = 0; y < kSide; ++y) {
    const std::uint8_t* row = thumbnail.cells.data() + y * kSide;
    for (std::size_t u = 0; u < kFrequencies; ++u) {
      std::int32_t sum = 0;
      for (std::size_t x = 0; x < kSide; ++x) sum += basis[u][x] * row[x];
      sums[u][y] = static_cast<std::int16_t>(sum >> kShift);
    }
  }
  return sums;
}

/// Bit 8v + u is the sign of the frequency u + 1 across and v + 1 down.
std::uint64_t signs(const Basis& rows, const Basis& basis) {
  std::uint64_t hash = 0;
  for (std::size_t v = 0; v < kFrequencies; ++v)
    for (std::size_t u = 0; u < kFrequencies; ++u) {
      std::int32_t sum = 0;
      for (std::size_t y = 0; y < kSide; ++y) sum += basis[v][y] * rows[u][y];
      hash |= std::uint64_t{sum > 0} << (kFrequencies * v + u);
    }
  return hash;
}

}  // namespace

std::optional<GrayThumbnail> gray_thumbnail(const cv::Mat& picture) {
  if (picture.type() != CV_8UC3 && picture.type() != CV_8UC1)
    throw Error(Code::bug, "a thumbnail is made of 8-bit gray or RGB pixels");
  if (std::min(picture.cols, picture.rows) < kSide) return std::nullopt;
  GrayThumbnail thumbnail;
  cv::Mat cells(kSide, kSide, CV_8UC1, thumbnail.cells.data());
  if (picture.channels() == 1) {
    cv::resize(picture, cells, cells.size(), 0, 0, cv::INTER_AREA);
  } else {
    cv::Mat colours;
    cv::resize(picture, colours, cells.size(), 0, 0, cv::INTER_AREA);
    cv::cvtColor(colours, cells, cv::COLOR_RGB2GRAY);
  }
  cv::Scalar mean, deviation;
  cv::meanStdDev(cells, mean, deviation);
  if (deviation[0] < kLeastDeviation) return std::nullopt;
  return thumbnail;
}

const std::array<CropWindow, kCropWindows>& crop_windows() {
  static const auto windows = [] {
    std::array<CropWindow, kCropWindows> all;
    std::ranges::transform(ways_of_windows(), all.begin(), [](const Ways& ways) {
      const Cut &across = kCuts[ways.across], &down = kCuts[ways.down];
      return CropWindow{across.before, across.behind, down.before, down.behind};
    });
    return all;
  }();
  return windows;
}

std::uint64_t perceptual_hash(const GrayThumbnail& thumbnail) {
  return signs(across(thumbnail, bases()[0]), bases()[0]);
}

std::array<std::uint64_t, kCropWindows> window_hashes(const GrayThumbnail& thumbnail) {
  std::array<Basis, kWays> rows{};
  std::ranges::transform(bases(), rows.begin(), [&](const Basis& basis) { return across(thumbnail, basis); });
  std::array<std::uint64_t, kCropWindows> hashes{};
  std::ranges::transform(ways_of_windows(), hashes.begin(),
                         [&](const Ways& ways) { return signs(rows[ways.across], bases()[ways.down]); });
  return hashes;
}

std::uint64_t mirrored_hash(std::uint64_t hash) {
  // cos(pi (31.5 - x) k / 32) is -cos(pi (x + 0.5) k / 32) for odd k: u = 0, 2, 4, 6.
  return hash ^ 0x5555555555555555ULL;
}

}  // namespace maskmill
