// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// COCO results: one JSON list of detections, whose images and categories the ground truth's file describes.
const Format& coco_results();

}  // namespace maskmill
