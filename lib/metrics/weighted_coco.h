// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/coco_evaluation.h"
#include "metrics/weighted_scores.h"

namespace maskmill {

/// CocoScores::overall and the AP of each label, where each image counts as often as its weight says: what
/// CocoEvaluation gives of so many copies of each, up to rounding and the order of equal scores. Linear in
/// the detections. Keeps 16 bytes a detection, and what the evaluation keeps of truths.
class WeightedCoco final : public WeightedScores {
 public:
  /// Of an evaluation that keeps images. `frequency`: as CocoEvaluation::scores() takes it.
  WeightedCoco(const CocoEvaluation& evaluation, const std::vector<char>& frequency = {});
  std::vector<double> values(std::span<const std::uint32_t> weights) const override;

 private:
  struct Detection {
    std::uint64_t right : 40, rank : 24;  // a bit for each area range and threshold
    std::uint32_t place;
    std::uint32_t wrong;  // which of the lanes
  };
  struct Truths {
    std::uint32_t place;
    std::array<std::uint32_t, kAreaRanges> counts;
  };
  struct OfLabel {
    char frequency = 0;
    std::vector<Detection> detections;  // best first
    std::vector<Truths> truths;
  };
  /// Of one label, by range of areas; with no object in it undefined.
  struct Measured {
    std::array<bool, kAreaRanges> is_defined{};
    std::array<std::array<double, kOverlapThresholds>, kAreaRanges> precision{}, recall{};
    /// Over the thresholds, with 1 and 10 detections of an image.
    double recall_of_1 = 0, recall_of_10 = 0;
  };
  Measured measured(const OfLabel& label, std::span<const std::uint32_t> weights) const;

  static constexpr std::size_t kBits = kAreaRanges * kOverlapThresholds;
  /// All ones where a detection is wrong: many detections are wrong alike, and adding to all counters at once
  /// is faster than to one after the other.
  using Lanes = std::array<std::uint32_t, kBits>;

  Protocol protocol_;
  std::vector<OfLabel> labels_;
  std::vector<Lanes> lanes_;
};

}  // namespace maskmill
