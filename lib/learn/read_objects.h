// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/finding.h"
#include "dataset/item.h"
#include "formats/format.h"
#include "learn/classes.h"
#include "learn/detector_size.h"
#include "learn/sample.h"

namespace maskmill::learn {

/// An item as a detector is trained on it.
struct ObjectSample {
  Sample sample;  ///< without a mask; its objects are in the sample's own pixels
  Size picture;   ///< of the item's picture, EXIF-turned
};

/// What says where an object is and how far it reaches.
Capabilities objects_alone();

/// The item's picture as detector_picture() makes it, and its objects, those that `maskmill convert --to
/// coco` would write, in the item's order:
/// - polygons, rotated boxes and ellipses as polygons, cut at the picture's edges, boxes as boxes alone;
/// - RLE and mask files as the polygon along their pixels' edges. Where the picture is shrunk, corners that
///   lie within a tenth of a new pixel of the outline are left out, which is less than drawing it rounds by;
/// - of an item with masks, the numbers of its instance mask or, without one, the 8-connected regions of each
///   label; a box that surrounds such a region or object is not a second one;
/// - crowds with their flag set: a loss that knows none leaves them out, as torchvision's references do.
///
/// No objects are areas of a label that is void or background. Left out with one finding an item, for each
/// kind: what holds nothing, or less than a pixel at the sample's size ("empty-shape"); lines, points, tags
/// and objects without a label ("not-an-object"). An item that is annotated as empty has no objects.
///
/// Throws Error for a picture or mask that cannot be read; Error(bad_value) for an item that nobody
/// annotated, for one whose lines or points say where objects are while nothing says how large they are, and
/// for masks and annotations of a picture of another size.
ObjectSample read_objects(const Item& item, const ClassMap& classes, const DetectorSize& bounds,
                          std::vector<Finding>& findings);

}  // namespace maskmill::learn
