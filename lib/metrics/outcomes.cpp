// SPDX-License-Identifier: Apache-2.0
#include "metrics/outcomes.h"

#include "metrics/coco_matching.h"
#include "metrics/panoptic_quality.h"

namespace maskmill {

Outcomes::Outcomes(const Item& of_truth, const Item* of_prediction)
    : truth(of_truth.annotations.size()), prediction(of_prediction ? of_prediction->annotations.size() : 0) {}

Outcomes detection_outcomes(const std::vector<Overlaps>& overlaps, const Item& truth, const Item* prediction,
                            double least_score) {
  Outcomes outcomes(truth, prediction);
  for (const Overlaps& own : overlaps) {
    const Matches matches = Matcher(own).match(kAreas[0]);
    for (std::size_t i = 0; i < own.truths.size(); ++i)
      if (!matches.truth_is_ignored[i]) outcomes.truth[own.truths[i].annotation] = Outcome::missed;
    for (std::size_t d = 0; d < own.detections.size(); ++d) {
      const Matches::Detection& match = matches.detections[d];
      if (own.detections[d].score < least_score || match.is_ignored[0]) continue;
      const bool is_found =
          match.truth[0] != Matches::kNone && !own.truths[static_cast<std::size_t>(match.truth[0])].has_id_0;
      outcomes.prediction[own.detections[d].annotation] = is_found ? Outcome::found : Outcome::wrong;
      if (is_found)
        outcomes.truth[own.truths[static_cast<std::size_t>(match.truth[0])].annotation] = Outcome::found;
    }
  }
  return outcomes;
}

Outcomes segment_outcomes(const Item& truth, const Item* prediction, const LabelMap& labels,
                          const std::vector<int>& label_of) {
  Outcomes outcomes(truth, prediction);
  const ItemSegments expected = truth_segments(truth, prediction),
                     predicted = predicted_segments(truth, prediction, label_of);
  SegmentOutcomes found;
  match_segments(expected.segments, predicted.segments, labels, &found);
  for (std::size_t i = 0; i < found.truth.size(); ++i)
    outcomes.truth[expected.annotations[i]] = found.truth[i];
  for (std::size_t i = 0; i < found.predicted.size(); ++i)
    outcomes.prediction[predicted.annotations[i]] = found.predicted[i];
  return outcomes;
}

}  // namespace maskmill
