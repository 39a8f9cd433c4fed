// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages_classes/openimages_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/text.h"
#include "formats/openimages_classes/class_tree.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "What downloaders of Open Images by class leave, as the Python package openimages with masks does: a folder for "
    "each class, called by its name, with images/, pascal/ (an XML file an image) and segmentations/ (a PNG a mask, "
    "<image>_<MID without slashes>_<BoxID>.png).\n\n"
    "Read: the folder above the classes, or that of one class. An image of several classes lies in each of their "
    "folders and is one item with the annotations of all. Boxes count pixels from 0, unlike Pascal VOC's. Every pixel "
    "of a mask that is not 0 is the object's, and the mask is resized to the image's exact size, nearest. Which box "
    "a mask belongs to stands in no file of these downloaders: it is the one of its class that overlaps most with the "
    "mask's pixels, by half or more (intersection over union), for which masks are decoded. An image without an "
    "XML file and without a mask is not annotated. The tree does not say what was train, validation and test.\n\n"
    "Written: the same tree; an image without objects lies with the first class. Boxes are whole pixels, since "
    "programs that read these files (IceVision) take no others; an attribute exact_box says the rest, and "
    "mask_file which mask is an object's. BoxIDs and MIDs are as in openimages.";

Capabilities held() {
  Capabilities holds;
  holds.box = holds.rle = true;
  holds.crowd = holds.occluded = holds.truncated = holds.difficult = true;
  holds.score = holds.attributes = true;
  holds.unannotated = holds.item_attributes = true;
  return holds;
}

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) return {0, {"not a folder"}};
  const std::vector<ClassFolder> folders = find_class_folders(path);
  if (folders.empty()) return {0, {"no folder of a class with images/ and pascal/ or segmentations/"}};
  const ClassFolder& first = folders.front();
  const bool has_boxes = holds(first, kClassBoxes), has_masks = holds(first, kClassMasks);
  return {has_boxes && has_masks ? 90
          : has_boxes            ? 85
                                 : 60,
          {fmt::format("{} of {}, such as {}, with {}/ and {}", counted(folders.size(), "folder"),
                       folders.size() == 1 ? "a class" : "classes", in_quotes(first.name), kClassImages,
                       !has_masks   ? "pascal/"
                       : !has_boxes ? "segmentations/"
                                    : "pascal/ and segmentations/")}};
}

}  // namespace

const Format& openimages_classes() {
  static const Format format{.name = "openimages_classes",
                             .title = "Open Images by class",
                             .description = kDescription,
                             .extensions = {"xml", "png"},
                             .holds = held(),
                             .probe = probe,
                             .open = open_openimages_classes,
                             .create = create_openimages_classes,
                             .read_settings = [] { return std::vector<Setting>(); },
                             .write_settings = [] { return std::vector<Setting>(); }};
  return format;
}

}  // namespace maskmill
