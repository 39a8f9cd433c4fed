// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "metrics/coco_overlaps.h"

namespace maskmill {

/// COCO's: .5, .55, ... .95, as numpy.linspace gives them.
inline constexpr std::size_t kOverlapThresholds = 10;
std::array<double, kOverlapThresholds> overlap_thresholds();

/// Objects of an area, in square pixels, inside these bounds are counted; both bounds belong to it.
struct AreaRange {
  double least, most;
  bool holds(double area) const { return !(area < least || area > most); }
};
/// COCO's: all, small, medium, large.
inline constexpr std::size_t kAreaRanges = 4;
inline constexpr std::array<AreaRange, kAreaRanges> kAreas{
    {{0, 1e10}, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e10}}};

/// Which object of the truth each detection found, at each threshold, where only objects of one range of
/// areas count.
struct Matches {
  static constexpr std::int32_t kNone = -1;
  /// By truth: neither found nor missed, since it is a crowd or of another area.
  std::vector<bool> truth_is_ignored;
  /// By threshold.
  struct Detection {
    std::array<std::int32_t, kOverlapThresholds> truth;  ///< its index, or kNone
    std::array<bool, kOverlapThresholds> is_ignored;     ///< neither right nor wrong
  };
  std::vector<Detection> detections;
};

/// COCO's greedy matching (Lin et al., "Microsoft COCO: Common Objects in Context", 2014; pycocotools'
/// evaluateImg): from the best score down, each detection takes the object that it overlaps most and that is
/// still free. Ignored objects are taken only where no other fits, and crowds any number of times. Detections
/// that find nothing are ignored where their own area is out of range or the label is not annotated
/// exhaustively.
class Matcher {
 public:
  /// `overlaps` must outlive this.
  explicit Matcher(const Overlaps& overlaps);
  Matches match(const AreaRange& range) const;

 private:
  /// A truth that a detection may find at the lowest threshold.
  struct Candidate {
    std::uint32_t truth;
    double iou;
  };
  std::int32_t best_of(std::size_t detection, double iou, const std::vector<bool>& is_ignored,
                       const std::vector<bool>& is_taken) const;

  const Overlaps& overlaps_;
  std::vector<std::size_t> first_;     // by detection: where its candidates begin
  std::vector<Candidate> candidates_;  // of each detection in the truths' order
};

}  // namespace maskmill
