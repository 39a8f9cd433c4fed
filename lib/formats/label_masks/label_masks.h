// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// Images beside a folder of binary masks for each label, so that labels may overlap. An item has an
/// annotation with a mask file for each label, in the labels' order. Masks belong to the image as displayed.
const Format& label_masks();

}  // namespace maskmill
