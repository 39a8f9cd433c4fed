// SPDX-License-Identifier: Apache-2.0
#include "formats/coco_results/coco_results.h"

#include "formats/coco/coco_layout.h"
#include "formats/coco_results/coco_results_halves.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "What a detector found, as COCO's evaluation takes it: one JSON list of objects with image_id, category_id, "
    "score and a bbox, a segmentation, keypoints or several of these.\n\n"
    "Read: the JSON file, or a folder with one. The list says neither what images and categories are called nor "
    "how large images are: that stands in the ground truth's file. It is the one named by --read "
    "ground-truth=FILE, else one beside the results or in annotations/ there, if only one fits, and that is "
    "said. Without one, images and categories are called by their ids, and only images with an RLE have a "
    "size. Detections of an image need not follow each other: the list is read once and indexed, in 24 bytes a "
    "detection. An image without detections is there, and empty. A score outside 0 to 1 is kept as an "
    "attribute.\n\n"
    "Written: results.json in a folder, or a target that ends in .json; no images. pycocotools' loadRes takes "
    "it with the ground truth it was made for: image ids and category ids stay. Masks are compressed RLE, and "
    "polygons become that; a box is written where it is the shape or stated beside the mask, and for all where "
    "some have one, since loadRes looks at the first only. The format needs scores: annotations without one "
    "are left out and said, unless --write score=1 gives them one. Labels that mean background or void are no "
    "detections.";

Capabilities held() {
  Capabilities holds;
  holds.box = holds.rle = holds.keypoints = true;
  holds.occluded = holds.truncated = holds.difficult = true;
  holds.score = holds.group = holds.z_order = holds.attributes = true;
  holds.label_ids = true;
  return holds;
}

}  // namespace

const Format& coco_results() {
  static const Format format{.name = "coco_results",
                             .title = "COCO results",
                             .description = kDescription,
                             .extensions = {"json"},
                             .holds = held(),
                             .probe = [](const Path& path) { return probe_coco(path, CocoKind::results); },
                             .open = open_coco_results,
                             .create = create_coco_results,
                             .read_settings = declared_settings<ResultsReadSettings>,
                             .write_settings = declared_settings<ResultsWriteSettings>};
  return format;
}

}  // namespace maskmill
