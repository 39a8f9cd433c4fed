// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <optional>

namespace maskmill {

/// A picture in small, gray and squeezed into a square whatever its shape: what near-duplicates are told by.
struct GrayThumbnail {
  static constexpr int kSide = 32;
  std::array<std::uint8_t, std::size_t{kSide} * kSide> cells{};  ///< row by row
  friend bool operator==(const GrayThumbnail&, const GrayThumbnail&) = default;
};

/// `picture`: CV_8UC3 (RGB) or CV_8UC1, decoded at any scale that leaves it 32 pixels in both directions.
/// Nothing for a smaller one, and for one so flat that its hash would be of its noise.
std::optional<GrayThumbnail> gray_thumbnail(const cv::Mat& picture);

/// The parts of a picture's sides that are cut off, left, right, top and bottom.
struct CropWindow {
  double left = 0, right = 0, top = 0, bottom = 0;
  bool is_whole() const { return left == 0 && right == 0 && top == 0 && bottom == 0; }
};

/// The windows of which window_hashes are made: the whole picture first; then up to 5 % cut off along either
/// axis, on one side or half on each; last 5 % on every side.
inline constexpr int kCropWindows = 17;
const std::array<CropWindow, kCropWindows>& crop_windows();

/// 64 bits: the signs of the 8x8 lowest frequencies along both axes of the picture's discrete cosine
/// transform (Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010; signs in
/// place of his comparison with the median, so that a bit depends on its own frequency alone). Unchanged by
/// brightness and contrast, hardly by size, JPEG's losses and noise; docs/performance.md says how far. The
/// same on every machine.
std::uint64_t perceptual_hash(const GrayThumbnail& thumbnail);

/// The hashes that the picture would have if it were cut to each of crop_windows; the first is its own.
std::array<std::uint64_t, kCropWindows> window_hashes(const GrayThumbnail& thumbnail);

/// The hash of the picture mirrored left to right: the signs of every second frequency turn.
std::uint64_t mirrored_hash(std::uint64_t hash);

/// In how many bits two hashes differ, 0..64: about 32 for pictures that have nothing in common.
inline int hamming_distance(std::uint64_t a, std::uint64_t b) {
  return std::popcount(a ^ b);
}

}  // namespace maskmill
