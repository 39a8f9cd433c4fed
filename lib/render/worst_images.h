// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "dataset/dataset.h"
#include "metrics/evaluate.h"
#include "render/shown_images.h"

namespace maskmill {

/// An evaluation, and what it was of.
struct EvaluatedSources {
  Source& truth;
  Source& predictions;
  const OverlapSettings& overlaps;  ///< as it was evaluated with
  const EvaluationReport& report;   ///< with images
};

/// The images with the lowest scores (scores_of_images()) in which something is wrong, at most `most`, truth
/// beside prediction; of equal scores those with more errors, then in the truth's order. What they are ranked
/// by and show is said in the introduction: masks of objects before boxes before segments before masks of
/// labels. `least_score`: of detections that count; unset: where F1 is best. Reads the images that are drawn,
/// on all threads, and no others; the same for any number of them.
ShownImages worst_images(const EvaluatedSources& evaluated, std::optional<double> least_score, int most);

}  // namespace maskmill
