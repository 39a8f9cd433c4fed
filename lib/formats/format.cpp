// SPDX-License-Identifier: Apache-2.0
#include "formats/format.h"

#include <boost/filesystem.hpp>

#include "base/error.h"

namespace maskmill {

Probe ProbeFunction::operator()(const Path& path) const {
  try {
    return look_(path);
  } catch (const Error& error) {
    if (error.code() == Code::interrupted) throw;
    return {0, {error.message()}};
  } catch (const fs::filesystem_error& error) {
    return {0, {error.code().message()}};
  }
}

std::vector<std::pair<std::string_view, bool>> listed(const Capabilities& holds) {
  return {{"boxes", holds.box},
          {"rotated boxes", holds.rotated_box},
          {"ellipses", holds.ellipse},
          {"polygons", holds.polygon},
          {"polylines", holds.polyline},
          {"points", holds.points},
          {"RLE masks", holds.rle},
          {"keypoints", holds.keypoints},
          {"annotations without a shape", holds.shapeless},
          {"polygons of several parts", holds.polygon_parts},
          {"polygons with holes", holds.polygon_holes},
          {"semantic masks", holds.semantic_mask},
          {"instance masks", holds.instance_mask},
          {"masks of one label, which may overlap", holds.label_masks},
          {"crowd", holds.crowd},
          {"occluded", holds.occluded},
          {"truncated", holds.truncated},
          {"difficult", holds.difficult},
          {"scores", holds.score},
          {"groups", holds.group},
          {"z-order", holds.z_order},
          {"attributes of annotations", holds.attributes},
          {"void areas", holds.ignore_areas},
          {"a named background", holds.background},
          {"not annotated", holds.unannotated},
          {"subsets", holds.subsets},
          {"label ids", holds.label_ids},
          {"label colours", holds.label_colours},
          {"attributes of items", holds.item_attributes},
          {"licences", holds.licences}};
}

}  // namespace maskmill
