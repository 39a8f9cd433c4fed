// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// Pascal VOC: an XML file an image, palette masks of classes and of objects, lists of the subsets.
/// On disk a box counts pixels from 1 and includes its last; in an Item it starts at 0 and excludes its end.
const Format& voc();

}  // namespace maskmill
