// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// Cityscapes: images, masks of label ids and of instance numbers, and polygons, by city.
const Format& cityscapes();

}  // namespace maskmill
