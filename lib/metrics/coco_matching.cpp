// SPDX-License-Identifier: Apache-2.0
// Compiled without fused multiply-add, so that thresholds are numpy's to the last bit.
#include "metrics/coco_matching.h"

#include <algorithm>

namespace maskmill {

std::array<double, kOverlapThresholds> overlap_thresholds() {
  constexpr double first = .5, last = .95;
  constexpr double step = (last - first) / (kOverlapThresholds - 1);
  std::array<double, kOverlapThresholds> thresholds{};
  for (std::size_t i = 0; i < kOverlapThresholds; ++i) {
    const double offset = static_cast<double>(i) * step;
    thresholds[i] = offset + first;
  }
  thresholds.back() = last;
  return thresholds;
}

Matcher::Matcher(const Overlaps& overlaps) : overlaps_(overlaps) {
  static const double least = overlap_thresholds().front();
  first_.reserve(overlaps.detections.size() + 1);
  for (std::size_t d = 0; d < overlaps.detections.size(); ++d) {
    first_.push_back(candidates_.size());
    for (std::size_t g = 0; g < overlaps.truths.size(); ++g)
      if (overlaps.iou(d, g) >= least)
        candidates_.push_back({static_cast<std::uint32_t>(g), overlaps.iou(d, g)});
  }
  first_.push_back(candidates_.size());
}

Matches Matcher::match(const AreaRange& range) const {
  static const std::array<double, kOverlapThresholds> thresholds = overlap_thresholds();
  Matches matches;
  for (const Overlaps::Truth& truth : overlaps_.truths)
    matches.truth_is_ignored.push_back(truth.is_ignored || truth.is_crowd || !range.holds(truth.area));
  const std::vector<bool>& is_ignored = matches.truth_is_ignored;
  matches.detections.resize(overlaps_.detections.size());
  std::vector<bool> is_taken;
  for (std::size_t t = 0; t < kOverlapThresholds; ++t) {
    is_taken.assign(overlaps_.truths.size(), false);
    for (std::size_t d = 0; d < matches.detections.size(); ++d) {
      Matches::Detection& detection = matches.detections[d];
      const std::int32_t best = best_of(d, std::min(thresholds[t], 1 - 1e-10), is_ignored, is_taken);
      detection.truth[t] = best;
      const bool does_not_count = !range.holds(overlaps_.detections[d].area) || !overlaps_.is_exhaustive;
      if (best == Matches::kNone) {
        detection.is_ignored[t] = does_not_count;
        continue;
      }
      const auto found = static_cast<std::size_t>(best);
      is_taken[found] = true;
      detection.is_ignored[t] = is_ignored[found] || (overlaps_.truths[found].has_id_0 && does_not_count);
    }
  }
  return matches;
}

std::int32_t Matcher::best_of(std::size_t detection, double iou, const std::vector<bool>& is_ignored,
                              const std::vector<bool>& is_taken) const {
  std::int32_t best = Matches::kNone;
  for (const bool ignored : {false, true}) {
    for (std::size_t i = first_[detection]; i < first_[detection + 1]; ++i) {
      const Candidate& candidate = candidates_[i];
      if (is_ignored[candidate.truth] != ignored || candidate.iou < iou) continue;
      if (is_taken[candidate.truth] && !overlaps_.truths[candidate.truth].is_crowd) continue;
      iou = candidate.iou;  // of equal ones the last is taken
      best = static_cast<std::int32_t>(candidate.truth);
    }
    if (best != Matches::kNone) break;
  }
  return best;
}

}  // namespace maskmill
