// SPDX-License-Identifier: Apache-2.0
#include "formats/cvat_mask/cvat_mask.h"

#include <boost/filesystem.hpp>

#include "base/error.h"
#include "formats/cvat_mask/cvat_mask_halves.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "What CVAT exports and imports as \"Segmentation mask 1.1\" (Datumaro's voc_segmentation): "
    "SegmentationClass/ and SegmentationObject/ hold a PNG an image, labelmap.txt a line "
    "\"label:r,g,b:parts:actions\" a label, ImageSets/Segmentation/ a list for each subset, of which default.txt "
    "means none, and JPEGImages/ the images where they were exported. Class masks are the labels' colours, in "
    "RGB or in a palette, or gray label numbers, which are places in labelmap.txt from 0. Object masks are the "
    "colours of Pascal VOC's colour map by the object's number, which goes on past 255, or gray numbers. Black, "
    "where no label of another name means background, is background. There is no void but where labelmap.txt has "
    "a label void, ignore or ignored. An image that a list names and that has no mask counts as annotated as "
    "empty, since CVAT does not say; one that no list names is not annotated. Written are RGB masks, none for an "
    "image of background alone; the background is the first line of labelmap.txt and black, as CVAT takes it, and ids and roles "
    "stand there in a comment. Pixels without a label become a label void. CVAT itself reads no object above 255.";

Probe probe(const Path& path) {
  const VocFolders folders = find_cvat_mask_folders(path);
  const auto below = [&](const Path& folder) { return relative_name(folder, path) + "/"; };
  const Path labelmap = folders.root / "labelmap.txt";
  if (!fs::is_regular_file(labelmap)) return {20, {"masks as CVAT has them, but no labelmap.txt"}};
  if (!folders.main_sets.empty())
    return {20, {below(folders.main_sets) + " is Pascal VOC's, where these masks would stand alone"}};
  Probe found{90,
              {below(folders.class_masks) + " without XML files beside it",
               relative_name(labelmap, path) + " names the labels' colours"}};
  if (!folders.object_masks.empty()) {
    found.confidence += 3;
    found.reasons.push_back(below(folders.object_masks));
  }
  if (!folders.segmentation_sets.empty()) {
    found.confidence += 3;
    found.reasons.push_back(below(folders.segmentation_sets) + " lists the images");
  }
  return found;
}

Format declared() {
  Format format;
  format.name = "cvat_mask";
  format.title = "CVAT segmentation mask 1.1";
  format.description = kDescription;
  format.extensions = {"png"};
  Capabilities& holds = format.holds;
  holds.semantic_mask = holds.instance_mask = true;
  holds.ignore_areas = holds.background = true;
  holds.subsets = holds.label_ids = holds.label_colours = true;
  format.probe = probe;
  format.open = open_cvat_mask;
  format.create = create_cvat_mask;
  format.read_settings = declared_settings<CvatMaskReadSettings>;
  format.write_settings = declared_settings<CvatMaskWriteSettings>;
  return format;
}

}  // namespace

VocFolders find_cvat_mask_folders(const Path& source) {
  VocFolders folders = find_voc_folders(source);
  if (!folders.annotations.empty())
    throw Error(Code::bad_format, relative_name(folders.annotations, source) +
                                      " holds XML files: this is Pascal VOC, and no export of masks alone")
        .at_file(source)
        .hint("read it with --from voc");
  if (folders.class_masks.empty())
    throw Error(Code::bad_format, "there is no SegmentationClass/").at_file(folders.root);
  return folders;
}

const Format& cvat_mask() {
  static const Format format = declared();
  return format;
}

}  // namespace maskmill
