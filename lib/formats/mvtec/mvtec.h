// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// MVTec AD (Bergmann et al., "The MVTec Anomaly Detection Dataset", 2021): for each category of things a
/// folder for each kind of defect, a mask for each image that has one. Masks belong to the image as
/// displayed.
const Format& mvtec();

}  // namespace maskmill
