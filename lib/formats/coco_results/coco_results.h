// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "formats/format.h"

namespace maskmill {

/// COCO results: one JSON list of detections, whose images and categories the ground truth's file describes.
const Format& coco_results();

/// The file of a COCO data set that describes the images of `results`: its one file or, of several, the one
/// whose subset the results' name has. Nothing where none fits, or `truth` is no COCO data set.
std::optional<Path> ground_truth_in(const Path& truth, const Path& results);

}  // namespace maskmill
