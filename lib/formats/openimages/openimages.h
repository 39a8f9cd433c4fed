// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// Open Images V4 to V7: tables of boxes, masks and image-level labels, as people have them from the official
/// download, FiftyOne or the OID toolkits. On disk coordinates are fractions of the image's sides; in an Item
/// they are pixels. With Look::annotations no image is opened: boxes of an image whose size no table states
/// are then still fractions. Items come bytewise by id.
const Format& openimages();

}  // namespace maskmill
