// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// The VGG Image Annotator's JSON (robots.ox.ac.uk/~vgg/software/via), versions 1 and 2: one file of many
/// images.
const Format& via();

}  // namespace maskmill
