// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// YOLO as Ultralytics has it (docs.ultralytics.com/datasets): data.yaml, images/, and in labels/ a text file
/// an image with a row an object. Darknet's layout, which has the same rows, is read too.
const Format& yolo();

}  // namespace maskmill
