// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <vector>

#include "learn/sample.h"

namespace maskmill::learn {

/// The pixels of each object of the sample, of the image's size, as dataset/rle.h rasterises its polygon; an
/// object that is known by its box alone has an Rle of size 0x0. An object with a polygon that covers no
/// pixel is taken out of the sample first, so that the two lists go together. Runs take a few hundred bytes
/// an object: how many planes there will be is known before any is made.
std::vector<Rle> object_pixels(Sample& sample);

/// Writes an object's mask over all of `plane`, CV_8UC1: 1 on its pixels, else 0. The plane may be a header
/// over memory of somebody else's, of any row length, and larger than the mask, which then lies at its top
/// left. Of an Rle of size 0x0 everything is 0. Throws Error(bug) for a plane of another type or too small.
void write_mask(const Rle& pixels, cv::Mat plane);

}  // namespace maskmill::learn
