// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// The layout of HPE's image-segmentation demo: train/, val/ and test/, each with images/ and either a folder
/// of binary masks for each category, or one folder of .npy index masks that a JSON file names. Images and
/// masks pair by name; items are in the order of their ids. Masks belong to the image as displayed.
const Format& finetune();

}  // namespace maskmill
