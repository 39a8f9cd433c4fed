// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// CVAT's "Segmentation mask 1.1": masks of classes and of objects in colours that labelmap.txt names, laid
/// out as Pascal VOC's and without its XML. Masks belong to the image as displayed.
const Format& cvat_mask();

}  // namespace maskmill
