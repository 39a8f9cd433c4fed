// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "formats/format.h"
#include "support/data_sets.h"

namespace maskmill::tests {

inline const std::string kMaskHeader =
    "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n";
inline const std::string kBoxHeader =
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n";
inline const std::string kClicks =
    ",XClick1X,XClick2X,XClick3X,XClick4X,XClick1Y,XClick2Y,XClick3Y,XClick4Y\n";

/// The V6 header of train.
std::string clicked_box_header();

/// As the official masks: 1-bit PNG of 0 and 1, `value` at (x, y) of those listed.
std::string one_bit_mask(Size size, const std::vector<std::pair<int, int>>& inside);

/// A small part of the train set: three images of 8x6 pixels, four masks of 16x12, boxes, labels of images.
void write_official(const Scratch& scratch, const Path& folder);

/// What the sink found.
std::vector<Finding> write_items(const Format& format, const Path& target, const Metadata& metadata,
                                 const std::vector<Item>& items, Media media = Media::copy);

/// The attribute of that name as text; fails the test where there is none.
std::string text_attribute(const Attributes& attributes, const std::string& name);

}  // namespace maskmill::tests
