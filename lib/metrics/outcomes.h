// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dataset/item.h"
#include "metrics/coco_overlaps.h"

namespace maskmill {

/// What came of an annotation: an object of the truth was found or missed, a prediction was found or wrong;
/// uncounted: neither, such as a crowd, or a detection below the score that counts.
enum class Outcome : std::uint8_t { uncounted, found, wrong, missed };

/// By the annotations of an item of the truth and of its prediction.
struct Outcomes {
  std::vector<Outcome> truth, prediction;
  Outcomes() = default;
  /// All uncounted. `prediction` may be null.
  Outcomes(const Item& truth, const Item* prediction);
};

/// At an IoU of .5, among detections of at least that score. `overlaps`: of these two, of all labels.
Outcomes detection_outcomes(const std::vector<Overlaps>& overlaps, const Item& truth, const Item* prediction,
                            double least_score);

/// As match_segments() (metrics/panoptic_quality.h) has them. `label_of`: by the predictions' label, the
/// truth's index or -1.
Outcomes segment_outcomes(const Item& truth, const Item* prediction, const LabelMap& labels,
                          const std::vector<int>& label_of);

}  // namespace maskmill
