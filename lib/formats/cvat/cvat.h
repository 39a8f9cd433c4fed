// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// CVAT for images 1.1 (docs.cvat.ai, "XML annotation format"): one XML file, and the images beside it.
const Format& cvat();

}  // namespace maskmill
