// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <opencv2/core/mat.hpp>
#include <span>
#include <unordered_map>
#include <vector>

#include "dataset/labels.h"
#include "dataset/shapes.h"

namespace maskmill {

/// The most that a colour says.
inline constexpr std::int64_t kMaxSegmentId = 0xFFFFFF;

/// A segment's id as the colour that stands for it, and back: R + 256 G + 65536 B.
constexpr Rgb colour_of_segment(std::uint32_t id) {
  return {static_cast<std::uint8_t>(id & 0xFF), static_cast<std::uint8_t>(id >> 8 & 0xFF),
          static_cast<std::uint8_t>(id >> 16 & 0xFF)};
}
constexpr std::uint32_t segment_of_colour(Rgb colour) {
  return colour.r | std::uint32_t{colour.g} << 8 | std::uint32_t{colour.b} << 16;
}

/// What the pixels of a panoptic PNG are.
struct SegmentPixels {
  std::vector<Rle> segments;  ///< in the order of the ids that were asked for
  Rle rest;                   ///< all others: 0 and what has none of these ids
  /// Of the rest, but for 0 and what was passed over: the first 1000 ids, with the number of their pixels.
  std::map<std::uint32_t, std::int64_t> unknown;
  std::int64_t unknown_pixels = 0;
};

/// `colours`: CV_8UC3. `ids`: no two alike. `known`: ids that are passed over without being unknown. Linear
/// in the pixels.
SegmentPixels segments_of(const cv::Mat& colours, std::span<const std::uint32_t> ids,
                          std::span<const std::uint32_t> known);

/// Gives the segments of one image their ids: their own where they can have it, else a colour near their
/// label's, as panopticapi's IdGenerator has it, but the same each time.
class SegmentIds {
 public:
  /// The colours of stuff labels are kept for them.
  explicit SegmentIds(const LabelMap& labels);

  struct Wanted {
    int label = 0;
    std::int64_t own = 0;  ///< 0: none
  };
  std::vector<std::uint32_t> give(std::span<const Wanted> segments) const;

 private:
  const LabelMap& labels_;
  std::unordered_map<std::uint32_t, int> kept_;  // for which label
};

}  // namespace maskmill
