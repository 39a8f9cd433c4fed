// SPDX-License-Identifier: Apache-2.0
#include "formats/via/via.h"

#include <boost/filesystem.hpp>

#include "formats/subset_folders.h"
#include "formats/via/via_halves.h"
#include "formats/via/via_index.h"

namespace maskmill {
namespace {

constexpr std::size_t kFilesLookedAt = 8, kNamesLookedAt = 10'000;

constexpr std::string_view kDescription =
    "One JSON file of many images, as the VGG Image Annotator (VIA) writes it.\n\n"
    "Read: a project of VIA 2 (_via_img_metadata), or annotations that it or VIA 1 exported: a file, a "
    "folder with such files, or one with a folder for each subset (train, val, test, ...). Rectangles, "
    "circles, ellipses, polygons, polylines and points. The label is an attribute of the regions: the "
    "one that --read label-attribute names, the only one, the one that a project shows at its regions, "
    "or the first that is called label, class, category or the like, which a finding says. Its options "
    "give the labels' order; an option of a number and a text, as VIA makes them of COCO's categories, "
    "is a label's id and name. Other attributes are attributes, those of checkboxes objects of booleans; "
    "file_attributes are the item's. VIA does not say how large an image is: the image does, which is "
    "looked for in default_filepath, beside the JSON and in images/ there. A file of another size in "
    "bytes than was annotated is a finding. Coordinates are pixels of the displayed image. Projects of "
    "VIA 3 are refused, and what VIA exports for COCO is COCO.\n\n"
    "Written: via_project.json, a project of VIA 2, and the images beside it, in a folder for each "
    "subset; or, for a target that ends in .json, that one file. VIA looks for images from where its "
    "page lies: put via.html beside the project, or add the files by hand. Labels are the options of one "
    "attribute. Several polygons of one annotation are regions one after another with maskmill_part in "
    "their shape; holes are lost, and masks become polygons. Flags are a checkbox, and score, group and "
    "z_order numbers among the attributes.";

/// As find_via_files(), but without reading a folder of thousands of files.
ViaKind first_kind(const Path& folder, Path& example) {
  std::size_t names = 0, files = 0;
  ViaKind kind = ViaKind::other;
  boost::system::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end;
       !failure && entry != end && files < kFilesLookedAt && names < kNamesLookedAt;
       entry.increment(failure), ++names) {
    const Path& file = entry->path();
    if (lower_extension(file) != "json" || file.filename().string().starts_with('.') ||
        !fs::is_regular_file(file, failure))
      continue;
    ++files;
    const ViaKind found = via_kind(file);
    if (found == ViaKind::other || (kind != ViaKind::other && found != ViaKind::project)) continue;
    kind = found;
    example = file;
  }
  return kind;
}

Probe probe_of(ViaKind kind, const std::string& name) {
  switch (kind) {
    case ViaKind::project:
      return {95, {name + " is a project of VIA 2"}};
    case ViaKind::images:
      return {90, {name + " has VIA's filename and regions"}};
    case ViaKind::version3:
      return {60, {name + " is a project of VIA 3, which is not read"}};
    case ViaKind::other:
      break;
  }
  return {0, {"neither a project nor an export of the VGG Image Annotator"}};
}

}  // namespace

Probe probe_via(const Path& path) {
  if (!fs::is_directory(path))
    return probe_of(lower_extension(path) == "json" ? via_kind(path) : ViaKind::other,
                    path.filename().string());
  Path example;
  ViaKind kind = first_kind(path, example);
  if (kind == ViaKind::other)
    for (const Path& folder : list_folders(path))
      if (kind == ViaKind::other &&
          (is_usual_subset(folder.filename().string()) || fs::is_regular_file(folder / kViaProject)))
        kind = first_kind(folder, example);
  return probe_of(kind, relative_name(example, path));
}

const Format& via() {
  static const Format format = [] {
    Format made;
    made.name = "via";
    made.title = "VGG Image Annotator";
    made.description = kDescription;
    made.extensions = {"json"};
    Capabilities& holds = made.holds;
    holds.box = holds.ellipse = holds.polygon = holds.polyline = holds.points = true;
    holds.polygon_parts = true;
    holds.crowd = holds.occluded = holds.truncated = holds.difficult = true;
    holds.score = holds.group = holds.z_order = holds.attributes = true;
    holds.subsets = holds.label_ids = holds.item_attributes = true;
    made.probe = probe_via;
    made.open = open_via;
    made.create = create_via;
    made.read_settings = declared_settings<ViaReadSettings>;
    made.write_settings = declared_settings<ViaWriteSettings>;
    return made;
  }();
  return format;
}

}  // namespace maskmill
