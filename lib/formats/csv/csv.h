// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// Tables that name an image and its mask in each row. Items are in the order of the tables' rows: those of
/// df_train.csv and so on first, then what df_data.csv alone names. Masks belong to the image as displayed.
const Format& csv();

}  // namespace maskmill
