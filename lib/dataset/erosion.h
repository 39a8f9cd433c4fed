// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataset/shapes.h"

namespace maskmill {

/// Pixels whose neighbours up to `radius` columns and rows away all lie inside both the mask and the image:
/// an erosion by a square. Linear in the runs times the logarithm of `radius`. Throws Error(bad_value) as
/// validate() of dataset/rle.h does.
Rle eroded(const Rle& rle, int radius);

}  // namespace maskmill
