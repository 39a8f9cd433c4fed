// SPDX-License-Identifier: Apache-2.0
#include "formats/coco_panoptic/coco_panoptic.h"

#include "formats/coco/coco_layout.h"
#include "formats/coco_panoptic/coco_panoptic_halves.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "COCO's JSON with a list of segments for each image, and a PNG for each image in which a pixel's colour is "
    "its segment's id: R + 256 G + 65536 B. 0 is void.\n\n"
    "Read: the JSON file, or a folder with annotations/panoptic_val2017.json and the like, or with such files "
    "in it or in the folders of its subsets. The PNGs lie in a folder beside the JSON file that has its name; "
    "or say where: --read segmentations=FOLDER. Images lie where COCO instances have them, and may be absent. Each "
    "segment is an object of its own with exactly its pixels, so that reading an item decodes its PNG, unless "
    "only annotations are asked for. What is void, or of a segment that the JSON does not list, has a label of "
    "its own that means void. Without any folder of PNGs only the segments' boxes are known. Areas and boxes "
    "that are not those of the pixels, ids that only one of JSON and PNG has, ids twice and categories that "
    "are not there are found and said. An image without an entry among the annotations is not annotated. "
    "isthing tells things from stuff; iscrowd is a flag.\n\n"
    "Written: annotations/panoptic_<subset>.json, the PNGs in annotations/panoptic_<subset>/ and the images in "
    "images/. Objects that overlap are painted in their stacking order, crowds below all; how many pixels that "
    "costs is said. Area and bbox are those of the pixels that are left. What nothing covers is void, or, where "
    "a label means background, a segment of that. Labels to ignore are void. All of a stuff label in an image "
    "is one segment, but for annotations with ids of their own. Ids stay where they are numbers from 1 to 16777215 and no other segment's of the image; "
    "else they are colours near the label's, and the same each time. A label of unknown kind is written as a thing unless "
    "--write stuff=NAMES says otherwise.";

Capabilities held() {
  Capabilities holds;
  holds.rle = true;
  holds.crowd = holds.occluded = holds.truncated = holds.difficult = true;
  holds.score = holds.group = holds.z_order = holds.attributes = true;
  holds.ignore_areas = holds.background = holds.unannotated = true;
  holds.subsets = holds.label_ids = holds.label_colours = holds.item_attributes = holds.licences = true;
  return holds;
}

}  // namespace

const Format& coco_panoptic() {
  static const Format format{.name = "coco_panoptic",
                             .title = "COCO panoptic",
                             .description = kDescription,
                             .extensions = {"json"},
                             .holds = held(),
                             .probe = [](const Path& path) { return probe_coco(path, CocoKind::panoptic); },
                             .open = open_coco_panoptic,
                             .create = create_coco_panoptic,
                             .read_settings = declared_settings<PanopticReadSettings>,
                             .write_settings = declared_settings<PanopticWriteSettings>};
  return format;
}

}  // namespace maskmill
