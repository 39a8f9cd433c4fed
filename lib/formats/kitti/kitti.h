// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// KITTI's semantic and instance segmentation of 2015: masks of label ids, and of label * 256 + object.
const Format& kitti();

}  // namespace maskmill
