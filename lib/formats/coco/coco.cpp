// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco.h"

#include "formats/coco/coco_layout.h"
#include "formats/coco/coco_sink.h"
#include "formats/coco/coco_source.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "One JSON object with lists of images, annotations and categories.\n\n"
    "Read: a JSON file; a folder with annotations/*.json (instances_train2017.json is the subset "
    "train2017) or with *.json in it; a folder of folders with one COCO file each, named for the subsets, "
    "as Roboflow writes them. Images lie in images/, images/<subset>/, <subset>/ or beside the JSON file; "
    "of an absolute name and of LVIS's coco_url the longest end counts that is there. Polygons, several "
    "of which are one object, compressed and uncompressed RLE, boxes, keypoints and scores; iscrowd is a "
    "flag and says nothing of the shape, and it may be unknown. Keys of other programs are kept as "
    "attributes. Coordinates are pixels of the image in the width and height that the file states, or in "
    "its own where the file states none. A file without a list of annotations has images that nobody has "
    "annotated. Category ids are the labels' ids and may be 0.\n\n"
    "Written: annotations/instances.json or annotations/instances_<subset>.json; all images in images/, "
    "which is the root to give to pycocotools and torchvision. A target that ends in .json is that one "
    "file, without images (--media none or reference), and provenance goes beside it. Area and bbox are computed from the mask where "
    "they are not stated. Polygons with holes must be RLE. COCO has neither background nor void: the "
    "background label stands in info, a label to ignore is a category with \"role\": \"ignore\", and its "
    "regions have iscrowd 1. Flags, groups and paint order that COCO does not know are further keys, "
    "which other programs pass over.";

Capabilities held() {
  Capabilities holds;
  holds.box = holds.polygon = holds.rle = holds.keypoints = holds.shapeless = true;
  holds.polygon_parts = true;
  holds.crowd = holds.occluded = holds.truncated = holds.difficult = true;
  holds.score = holds.group = holds.z_order = holds.attributes = true;
  holds.ignore_areas = holds.background = true;
  holds.subsets = holds.label_ids = holds.label_colours = holds.item_attributes = holds.licences = true;
  return holds;
}

}  // namespace

const Format& coco() {
  static const Format format{.name = "coco",
                             .title = "COCO instances",
                             .description = kDescription,
                             .extensions = {"json"},
                             .holds = held(),
                             .probe = [](const Path& path) { return probe_coco(path, CocoKind::instances); },
                             .open = open_coco,
                             .create = create_coco,
                             .read_settings = declared_settings<CocoReadSettings>,
                             .write_settings = declared_settings<CocoWriteSettings>};
  return format;
}

}  // namespace maskmill
