// SPDX-License-Identifier: Apache-2.0
#include "formats/voc/voc.h"

#include <boost/filesystem.hpp>
#include <fstream>

#include "formats/voc/layout.h"
#include "formats/voc/voc_halves.h"

namespace maskmill {
namespace {

constexpr std::size_t kFilesLookedAt = 3, kBytesLookedAt = 4096;

/// How many of the folder's first XML files begin as annotations of VOC, and how many were looked at.
std::pair<std::size_t, std::size_t> count_annotations(const Path& folder, bool deep) {
  std::size_t looked_at = 0, fitting = 0;
  boost::system::error_code failure;
  for (fs::recursive_directory_iterator files(folder, failure), end;
       !failure && files != end && looked_at < kFilesLookedAt; files.increment(failure)) {
    if (!deep) files.disable_recursion_pending();
    if (lower_extension(files->path()) != "xml") continue;
    ++looked_at;
    std::string head(kBytesLookedAt, '\0');
    std::ifstream stream(files->path().string(), std::ios::binary);
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(stream.gcount()));
    const bool has_root =
        head.find("<annotation>") != std::string::npos || head.find("<annotation ") != std::string::npos;
    if (has_root && (head.find("<bndbox") != std::string::npos || head.find("<size") != std::string::npos))
      ++fitting;
  }
  return {fitting, looked_at};
}

/// XML files deeper below Annotations/ may as well belong to another layout, as Oxford-IIIT Pet's do.
bool has_deep_files(const VocFolders& folders) {
  boost::system::error_code failure;
  return folders.by_subset || !folders.main_sets.empty() || !folders.segmentation_sets.empty() ||
         fs::is_regular_file(folders.root / "labelmap.txt", failure);
}

Probe probe_voc(const Path& path) {
  const VocFolders folders = find_voc_folders(path);
  Probe probe;
  const auto add = [&](int confidence, std::string reason) {
    probe.confidence += confidence;
    probe.reasons.push_back(std::move(reason));
  };
  const auto name_of_folder = [&](const Path& folder) {
    return folder == path ? std::string("the folder itself") : relative_name(folder, path) + "/";
  };
  if (!folders.annotations.empty()) {
    const auto [fitting, looked_at] = count_annotations(folders.annotations, has_deep_files(folders));
    if (fitting == 0)
      return {0, {"the XML files in " + name_of_folder(folders.annotations) + " are no VOC annotations"}};
    add(60, name_of_folder(folders.annotations) + " has XML files with an <annotation> of one image");
  }
  if (!folders.class_masks.empty())
    add(folders.annotations.empty() ? 60 : 15, name_of_folder(folders.class_masks));
  if (!folders.object_masks.empty()) add(5, name_of_folder(folders.object_masks));
  if (!folders.main_sets.empty() || !folders.segmentation_sets.empty()) add(10, "ImageSets/");
  if (!folders.flat && !folders.images.empty() && folders.images != folders.annotations)
    add(10, name_of_folder(folders.images));
  return probe;
}

Format declared() {
  Format format;
  format.name = "voc";
  format.title = "Pascal VOC";
  format.description =
      "Annotations/ holds an XML file an image: boxes with names and flags. SegmentationClass/ and "
      "SegmentationObject/ hold palette PNGs of classes and of object numbers: 0 is background, 255 void. "
      "JPEGImages/ holds the images, ImageSets/Main/ and ImageSets/Segmentation/ lists of the subsets. "
      "The folder may be VOC2012, one above it, or have only some of this: XML files beside images, in train/, "
      "valid/ and test/ too, as Roboflow leaves them, or masks with images. Boxes count pixels from 1 and include their last; they and the masks are in "
      "displayed pixels. Boxes and masks of an item are both read; which box belongs to which object is "
      "found when they are converted. Colour-coded masks, as CVAT writes them, are looked up in "
      "labelmap.txt. Items are those that lists name, a subset after the other, and then those that none "
      "names. Written are palette PNGs in the labels' colours, labelmap.txt in CVAT's form with the ids "
      "in a comment, and, for what has pixels, the k-th object of the XML as number k of the object mask. "
      "Labels get numbers from 1 to 254; more than 254 objects in one image make its object mask a 16-bit "
      "gray PNG with 65535 for void.";
  format.extensions = {"xml", "png"};
  Capabilities& holds = format.holds;
  holds.box = true;
  holds.semantic_mask = holds.instance_mask = true;
  holds.crowd = holds.occluded = holds.truncated = holds.difficult = true;
  holds.score = holds.attributes = true;
  holds.ignore_areas = holds.background = holds.unannotated = true;
  holds.subsets = holds.label_ids = holds.label_colours = holds.item_attributes = true;
  format.probe = probe_voc;
  format.open = open_voc;
  format.create = create_voc;
  format.read_settings = declared_settings<VocReadSettings>;
  format.write_settings = [] { return std::vector<Setting>(); };
  return format;
}

}  // namespace

const Format& voc() {
  static const Format format = declared();
  return format;
}

}  // namespace maskmill
