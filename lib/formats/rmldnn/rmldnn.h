// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// The folders that rmldnn's pets example trains on: training/ and testing/, each with inputs/ and masks/ of
/// the same names, masks gray with the class numbers from 0. Its folders training, validation and testing are
/// the subsets train, val and test. Masks belong to the image as displayed.
const Format& rmldnn();

}  // namespace maskmill
