// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// What downloaders of Open Images by class leave (the Python package openimages, `maskmill fetch
/// openimages`): a folder a class with images/, pascal/ (an XML file an image) and segmentations/ (a mask a
/// PNG). An image of several classes lies in several folders and is one item. On disk boxes count pixels from
/// 0, and are cut to whole ones. Items come bytewise by id.
const Format& openimages_classes();

}  // namespace maskmill
