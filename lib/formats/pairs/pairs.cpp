// SPDX-License-Identifier: Apache-2.0
#include "formats/pairs/pairs.h"

#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "formats/mask_files/mask_sink.h"
#include "formats/pairs/layout.h"
#include "formats/pairs/pairs_halves.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "An image file and a mask file for each item, paired by name and never by position. Read are images/ "
    "and masks/ (or inputs, labels, gt, ... or the folders that the settings name), <subset>/images/ and "
    "<subset>/masks/, images/<subset>/ and masks/<subset>/, <subset>/ and <subset>_annot/ (or "
    "_mask, _labels, ...), two folders whose names say in words what they hold and of which subset, such as "
    "train_images/ and train_masks/ or ISIC's ..._Training_Input/ and ..._Training_GroundTruth/, MMSegmentation's img_dir/ and ann_dir/, COCO-Stuff's images/ and stuffthingmaps/, "
    "one folder where a suffix such as _mask tells them apart, and masks/ alone under a "
    "labels.json, which is what predict writes. A mask's pixels are label numbers (gray or palette PNG of "
    "1 to 16 bits; a palette's indices, never its colours), 0 and one label (taken where every mask holds "
    "only 0 and 255), or colours. Labels are named by labels.json, labels.txt, classes.txt, codes.txt (a "
    "name a line, numbered from 0, or \"7: name\"), label_colors.txt (\"r g b name\" a line), class_dict.csv "
    "(name,r,g,b) or ADE20K's objectInfo150.txt beside the folders; "
    "without such a file every mask is read and its values become the labels. Which label means "
    "background or void is only what labels.json or the settings state; 0 of a binary mask is background. "
    "Masks belong to the image as displayed, turned by its EXIF orientation. An image without a mask "
    "counts as not annotated; a mask without an image, a second file of one name, and a pair whose sizes "
    "differ are left out and reported. Written are <subset>/images/ and <subset>/masks/ (without the "
    "subset where an item has none), palette PNGs of the labels' numbers (16-bit gray above 255), and "
    "labels.json, which states all that is known of the labels. Pixels without a label become void: 255, "
    "or the first free number.";

std::string in_words(const PairFolders& folders, const Path& source) {
  if (folders.one_folder()) return "images and masks side by side, told apart by a suffix";
  return fmt::format("images in {}/, masks of the same names in {}/", relative_name(folders.images, source),
                     relative_name(folders.masks, source));
}

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) return {0, {"not a folder"}};
  const std::vector<PairFolders> folders = find_folders(path, {});
  const bool one_folder = folders.front().one_folder();
  if (folders.front().images.empty())
    return {60,
            {fmt::format("masks in {}/ and labels.json, without images",
                         relative_name(folders.front().masks, path))}};
  for (const PairFolders& part : folders) {
    if (!has_pair(part)) continue;
    Probe probe{one_folder ? 50 : 70, {in_words(part, path)}};
    if (fs::is_regular_file(path / "labels.json")) {
      probe.confidence += 15;
      probe.reasons.emplace_back("labels.json names the labels");
    }
    return probe;
  }
  if (one_folder)
    return {0,
            {"no folders of images and masks such as images/ and masks/, and no names with a suffix such as "
             "_mask"}};
  return {
      15,
      {fmt::format(
          "folders for images and masks are there, but none of the first {} images has a mask of its name",
          kSampledImages)}};
}

}  // namespace

const Format& pairs() {
  static const Format format{.name = "pairs",
                             .title = "image and mask pairs",
                             .description = kDescription,
                             .extensions = {"png"},
                             .holds = held_by_mask_files(),
                             .probe = probe,
                             .open = open_pairs,
                             .create = create_pairs,
                             .read_settings = declared_settings<PairsReadSettings>,
                             .write_settings = declared_settings<MaskWriteSettings>};
  return format;
}

}  // namespace maskmill
