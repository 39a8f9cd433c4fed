// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// COCO instances: one JSON file a subset beside a folder of images.
const Format& coco();

}  // namespace maskmill
