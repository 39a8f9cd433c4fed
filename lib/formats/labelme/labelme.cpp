// SPDX-License-Identifier: Apache-2.0
#include "formats/labelme/labelme.h"

#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <vector>

#include "base/byte_source.h"
#include "base/text.h"
#include "formats/labelme/labelme_halves.h"
#include "formats/labelme/labelme_index.h"

namespace maskmill {
namespace {

constexpr std::size_t kFilesLookedAt = 8, kNamesLookedAt = 10'000, kBytesLookedAt = 65536;

constexpr std::string_view kDescription =
    "A JSON file an image, of the image's name and beside it (wkentaro/labelme).\n\n"
    "Read: a folder of such files and those below it, or one file. Folders at the top that are all "
    "called train, val, test or the like are subsets. Polygons, rectangles, turned ones, circles, lines, "
    "points and masks, also of LabelMe 3, where a shape of no type is a polygon. Areas of one label and "
    "one group_id are parts of one annotation, as for LabelMe's own exports: polygons of several parts, "
    "or one mask. Any other group_id that shapes have in common is their group. Flags and further keys "
    "are attributes; the flags crowd, occluded, truncated and difficult are those of this program. An "
    "image is looked for where imagePath says, then by its name beside the JSON, then by the JSON's own "
    "name; where there is none, the bytes in imageData are the image, and they are not touched before. "
    "Images without a JSON are items that nobody annotated. labels.txt gives the labels' order, and "
    "__ignore__ and _background_ their roles. Coordinates are pixels of the displayed image; where "
    "imageWidth and imageHeight are others, the image's count.\n\n"
    "Written: <subset>/<name>.json beside its image, as LabelMe opens a folder, labels.txt, and "
    "labels.json with what names alone do not say. Masks, polygons with holes among them, are LabelMe "
    "5's shape mask, exact; parts share a group_id; turned rectangles need LabelMe 6. What points cannot "
    "say exactly is in further keys, maskmill_shape and maskmill_group, which LabelMe keeps. Attributes "
    "that come first and are true or false are flags, the others further keys. Shapes are in the order "
    "in which they are painted.";

bool looks_like_labelme(const Path& file) {
  ByteSource bytes(file);
  const std::string_view start = bytes.at(0, kBytesLookedAt);
  const auto has = [&](std::string_view key) { return start.find(key) != std::string_view::npos; };
  if (has("\"shapes\""))
    return has("\"imagePath\"") || has("\"imageData\"") || has("\"points\"") || has("\"version\"");
  // Sorted keys put the image's bytes before the shapes.
  return has("\"imageData\"") && (has("\"flags\"") || has("\"fillColor\""));
}

std::vector<Path> some_documents(const Path& folder) {
  std::vector<Path> files;
  std::size_t names = 0;
  boost::system::error_code failure;
  for (fs::recursive_directory_iterator entry(folder, failure), end;
       !failure && entry != end && files.size() < kFilesLookedAt && names < kNamesLookedAt;
       entry.increment(failure), ++names) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.')) {
      entry.disable_recursion_pending();
      continue;
    }
    if (lower_extension(entry->path()) == "json" && name != "labels.json" && name != "provenance.json" &&
        fs::is_regular_file(entry->path(), failure))
      files.push_back(entry->path());
  }
  return files;
}

}  // namespace

Probe probe_labelme(const Path& path) {
  if (!fs::is_directory(path)) {
    if (lower_extension(path) != "json") return {0, {"is no JSON file"}};
    if (!looks_like_labelme(path)) return {0, {"has no list of shapes"}};
    return {90, {path.filename().string() + " has LabelMe's list of shapes"}};
  }
  const std::vector<Path> files = some_documents(path);
  if (files.empty()) return {0, {"holds no JSON file of an image"}};
  std::size_t fitting = 0;
  Path example;
  for (const Path& file : files)
    if (looks_like_labelme(file) && fitting++ == 0) example = file;
  if (fitting == 0) return {0, {"its JSON files have no list of shapes"}};
  const std::string reason = fmt::format("{} of the {} looked at has LabelMe's list of shapes", fitting,
                                         counted(files.size(), "JSON file"));
  return {fitting == files.size() ? 90 : 60, {reason, relative_name(example, path)}};
}

const Format& labelme() {
  static const Format format = [] {
    Format made;
    made.name = "labelme";
    made.title = "LabelMe";
    made.description = kDescription;
    made.extensions = {"json"};
    Capabilities& holds = made.holds;
    holds.box = holds.rotated_box = holds.ellipse = holds.polygon = holds.polyline = holds.points = true;
    holds.rle = holds.polygon_parts = true;
    holds.crowd = holds.occluded = holds.truncated = holds.difficult = true;
    holds.score = holds.group = holds.z_order = holds.attributes = true;
    holds.ignore_areas = holds.background = holds.unannotated = true;
    holds.subsets = holds.label_ids = holds.label_colours = holds.item_attributes = true;
    made.probe = probe_labelme;
    made.open = open_labelme;
    made.create = create_labelme;
    made.read_settings = declared_settings<LabelmeReadSettings>;
    made.write_settings = declared_settings<LabelmeWriteSettings>;
    return made;
  }();
  return format;
}

}  // namespace maskmill
