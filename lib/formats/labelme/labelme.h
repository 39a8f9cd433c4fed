// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// LabelMe's JSON (github.com/wkentaro/labelme): a file an image, beside it.
const Format& labelme();

}  // namespace maskmill
