// SPDX-License-Identifier: Apache-2.0
#include "formats/cityscapes/cityscapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "formats/cityscapes/cityscapes_halves.h"
#include "formats/cityscapes/layout.h"
#include "formats/scenes/scene_sink.h"

namespace maskmill {
namespace {

constexpr std::size_t kNamesLookedAt = 2000;

constexpr std::string_view kDescription =
    "leftImg8bit/<subset>/<city>/<name>_leftImg8bit.png and, beside, "
    "gtFine/<subset>/<city>/<name>_gtFine_*: labelIds.png and labelTrainIds.png with a label a pixel, "
    "instanceIds.png with 16 bits (label * 1000 + n for an object; the label alone for stuff and for groups, "
    "which are read as crowds), color.png, and polygons.json, whose objects are painted in their order. Any of "
    "these are enough: labels are taken from the first of labelIds, instanceIds, labelTrainIds, color and "
    "polygons that an image has. gtCoarse, leftImg8bit_foggy (several images of one truth) and other folders are "
    "read where they are alone or named with --read. Labels are Cityscapes' own (those of the category void mean "
    "void), under their ids or, with --read labels=train, the 19 that are evaluated under their training ids and "
    "all others void; a data set with others names them in labels.json or, from datumaro, in label_colors.txt. "
    "License plate is in polygons alone. An item's id is <city>/<name>. Masks are in displayed pixels. Polygons "
    "keep their coordinates. Written are labelIds, instanceIds where objects are known, color, labelTrainIds on "
    "request, and polygons.json for images all of whose areas are polygons of one part without holes; none is "
    "traced from a mask, since tools that read it would take every piece for an object. Labels that Cityscapes "
    "does not name get numbers from 34 up, 31 of objects at most, and are in labels.json. Names that "
    "Cityscapes' evaluation could not parse are changed and reported. An item without a subset lies in default/.";

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) return {0, {"not a folder"}};
  const CityscapesFolders folders = find_cityscapes_folders(path, std::nullopt, std::nullopt);
  if (folders.truth.empty()) {
    if (folders.images.empty()) return {0, {"no folder gtFine/ or gtCoarse/"}};
    return {20, {folders.images.filename().string() + "/ is there, but neither gtFine/ nor gtCoarse/"}};
  }
  const std::string truth = folders.truth.filename().string() + "/";
  boost::system::error_code failure;
  std::size_t looked_at = 0;
  for (fs::recursive_directory_iterator entry(folders.truth, failure), end;
       !failure && entry != end && looked_at < kNamesLookedAt; entry.increment(failure), ++looked_at) {
    const std::string name = entry->path().filename().string();
    const auto fits = [&](const CityscapesEnding& one) { return name.ends_with(one.ending); };
    if (name.starts_with('.') || std::ranges::none_of(kCityscapesEndings, fits)) continue;
    Probe probe{80, {fmt::format("{} has files such as {}", truth, name)}};
    if (!folders.images.empty()) {
      probe.confidence = 95;
      probe.reasons.push_back(folders.images.filename().string() + "/");
    }
    return probe;
  }
  return {15, {truth + " is there, without files such as *_labelIds.png"}};
}

}  // namespace

const Format& cityscapes() {
  static const Format format{.name = "cityscapes",
                             .title = "Cityscapes",
                             .description = kDescription,
                             .extensions = {"png", "json"},
                             .holds = held_by_scenes(),
                             .probe = probe,
                             .open = open_cityscapes,
                             .create = create_cityscapes,
                             .read_settings = declared_settings<CityscapesReadSettings>,
                             .write_settings = declared_settings<CityscapesWriteSettings>};
  return format;
}

}  // namespace maskmill
