// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/finding.h"
#include "dataset/item.h"
#include "dataset/labels.h"
#include "formats/labelme/labelme_document.h"

namespace maskmill {

/// A file's shapes as annotations. Areas (polygons, rectangles, circles, masks) of one label and one group_id
/// are one object, as for LabelMe's own exports: one annotation, where the first of them stands; polygons of
/// several parts, or the union of the pixels where one of them is a mask. What else has a group_id in common
/// is a group of several annotations. Where the image's size is not known, masks end where the outermost
/// shape does.
///
/// A shape that cannot be read costs itself: "unreadable-annotation"; further findings are "mask-outside" and
/// "parts-differ".
std::vector<Annotation> annotations_from_labelme(std::vector<LabelmeShape> shapes, const LabelMap& labels,
                                                 const std::optional<Size>& image_size,
                                                 std::vector<Finding>& findings);

/// The lines of the list "shapes", without brackets, in the order in which LabelMe paints them: that of
/// z_order. An annotation that cannot be written is left out: "annotation-left-out". Throws Error(bug) for
/// what the format does not hold.
std::string labelme_shapes_text(std::vector<Annotation> annotations, const LabelMap& labels,
                                std::vector<Finding>& findings);

/// `,"key":value` for each attribute from the `first`-th on, and before these the flags: as many as come
/// first and are true or false.
struct LabelmeAttributeText {
  std::string flags;   ///< `"name": true, ...`
  std::string others;  ///< `, "key": value` each
};
LabelmeAttributeText labelme_attributes_text(const Attributes& attributes, std::size_t first, bool in_shape);

}  // namespace maskmill
