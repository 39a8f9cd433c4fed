// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/finding.h"
#include "dataset/item.h"
#include "dataset/labels.h"

namespace maskmill {

/// What <name>_gtFine_polygons.json says: objects in the order in which they are painted.
struct CityscapesPolygons {
  std::optional<Size> size;
  /// Polygons whose z_order is their place in the file; groups ("cargroup") are crowds of their label.
  std::vector<Annotation> annotations;
};

/// Reads object by object. Deleted ones are left out. Findings: "bad-object" for one that cannot be read,
/// "unknown-label" for one of a label that is not in the map, "bad-size". Labels that are not in the map and
/// that `others_are` is given for are of that label: those that nobody trains on. Throws Error(not_found |
/// unreadable | bad_format).
CityscapesPolygons read_cityscapes_polygons(const Path& file, const LabelMap& labels,
                                            std::optional<int> others_are, std::vector<Finding>& findings);

/// Nothing where one of them is no polygon of one part without holes, or has no label.
std::optional<std::string> cityscapes_polygons_text(Size size, std::span<const Annotation* const> annotations,
                                                    const LabelMap& labels);

}  // namespace maskmill
