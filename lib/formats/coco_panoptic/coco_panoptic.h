// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// COCO panoptic: one JSON file a subset, a PNG an image in which each pixel is a segment's number, and a
/// folder of images.
const Format& coco_panoptic();

}  // namespace maskmill
