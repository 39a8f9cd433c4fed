// SPDX-License-Identifier: Apache-2.0
#include "formats/cvat/cvat.h"

#include "formats/cvat/cvat_layout.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "One XML file with labels in <meta> and an <image> each (CVAT's \"CVAT for images 1.1\"), of a task, a job "
    "or a project.\n\n"
    "Read: the XML file, or a folder with annotations.xml or other such files in it. Images lie in "
    "images/<subset>/, in images/ or beside the file, or are not there at all. Boxes, turned ones too, "
    "polygons, polylines, points, ellipses, cuboids (as eight points), masks, skeletons (as keypoints) and "
    "tags. A mask's runs must fill its rectangle. Attributes have the type that their label defines; XML "
    "attributes without a place of their own, as source, become attributes with @ before their names. Labels "
    "that <meta> does not name are those that annotations use. Coordinates are pixels of the displayed image. "
    "Deleted frames are not in the file: their numbers, the images' ids, are missing. An image without "
    "annotations counts as annotated, since CVAT does not say. Tracks of videos are refused.\n\n"
    "Written: annotations.xml, and the images in images/, which CVAT takes back, zipped or the XML alone. A "
    "target that ends in .xml is that one file, without images (--media none or reference). Masks, polygons "
    "with holes or of several parts become masks. What annotations have in attributes that their label does "
    "not define becomes a text attribute of it. A score is a further XML attribute, which CVAT passes over. "
    "CVAT must be told whether something is occluded: what is unknown is written as 0, and a note in <meta> "
    "says so where no annotation has a 0 of its own.";

Capabilities held() {
  Capabilities holds;
  holds.box = holds.rotated_box = holds.ellipse = holds.polygon = holds.polyline = holds.points = true;
  holds.rle = holds.keypoints = holds.shapeless = true;
  holds.occluded = true;
  holds.score = holds.group = holds.z_order = holds.attributes = true;
  holds.subsets = holds.label_colours = true;
  return holds;
}

}  // namespace

const Format& cvat() {
  static const Format format{.name = "cvat",
                             .title = "CVAT for images 1.1",
                             .description = kDescription,
                             .extensions = {"xml"},
                             .holds = held(),
                             .probe = probe_cvat,
                             .open = open_cvat,
                             .create = create_cvat,
                             .read_settings = declared_settings<CvatReadSettings>,
                             .write_settings = [] { return std::vector<Setting>(); }};
  return format;
}

}  // namespace maskmill
