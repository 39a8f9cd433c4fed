// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// CamVid with its 32 classes (Brostow, Fauqueur and Cipolla, "Semantic object classes in video", 2009), as
/// Cambridge published it, RGB masks `_L`, and as fast.ai did, index masks `_P`. Masks belong to the image as
/// displayed.
const Format& camvid();

}  // namespace maskmill
