// SPDX-License-Identifier: Apache-2.0
#include "formats/trimaps/trimaps.h"

#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "base/error.h"
#include "formats/trimaps/trimaps_halves.h"
#include "image/image.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "Oxford-IIIT Pet's layout: images/, and a gray PNG for each in annotations/trimaps/ (or trimaps/ "
    "beside images/) with 1 for the pet, 2 for the background and 3 for the border between them. The "
    "border is a label of its own, or void with border=ignore. annotations/list.txt (\"Image CLASS-ID "
    "SPECIES BREED-ID\", # begins a comment) says which images belong to the data set, in its order, "
    "and gives them their class, species and breed; images and trimaps that it does not name are left "
    "out and reported. trainval.txt, test.txt and other lists beside it are the subsets; without "
    "list.txt they are the data set, and without any list every image is. Left out and reported are "
    "also files in images/ that are no images, macOS's \"._\" files, images that cannot be read (GIF), "
    "and trimaps whose size differs from their image's. annotations/xmls/ is not read: its boxes are "
    "around heads, which are no label of these masks. Written are images/, annotations/trimaps/, "
    "list.txt with 0 for numbers that are not known, and a list for each subset; the labels must be "
    "exactly pet, background and border. annotations/ alone, as it is written without images, is read too.";

/// Whether one of the first images has a trimap of its name.
bool has_pair(const TrimapFolders& folders) {
  constexpr int sampled = 64;
  boost::system::error_code failure;
  int seen = 0;
  for (fs::directory_iterator entry(folders.images, failure), end; !failure && entry != end && seen < sampled;
       entry.increment(failure)) {
    if (entry->path().filename().string().starts_with('.') || !has_image_extension(entry->path())) continue;
    ++seen;
    boost::system::error_code ignored;
    if (fs::is_regular_file(folders.trimaps / Path(entry->path().filename()).replace_extension(".png"),
                            ignored))
      return true;
  }
  return false;
}

Probe probe(const Path& path) {
  boost::system::error_code failure;
  if (!fs::is_directory(path, failure)) return {0, {"not a folder"}};
  const auto folders = find_trimap_folders(path);
  if (!folders) return {0, {"no images/ with annotations/trimaps/ or trimaps/ beside it"}};
  if (folders->images.empty()) return {60, {"annotations/trimaps/ and annotations/list.txt, without images"}};
  if (!has_pair(*folders))
    return {20, {"images/ and trimaps/ are there, but no image has a trimap of its name"}};
  Probe found{
      80,
      {fmt::format("images/ and {}/ hold files of the same names", relative_name(folders->trimaps, path))}};
  for (const char* list : {"list.txt", "trainval.txt", "test.txt"})
    if (fs::is_regular_file(folders->lists / list, failure)) {
      found.confidence = 95;
      found.reasons.push_back(std::string(list) + " lists them");
    }
  return found;
}

Capabilities capabilities() {
  Capabilities holds;
  holds.semantic_mask = holds.background = holds.unannotated = true;
  holds.subsets = holds.label_ids = holds.item_attributes = true;
  return holds;
}

}  // namespace

LabelMap trimap_labels(Role border) {
  const auto label = [](const char* name, std::int64_t id, Role role) {
    Label made;
    made.name = name;
    made.id = id;
    made.role = role;
    return made;
  };
  return LabelMap(
      {label("pet", 1, Role::object), label("background", 2, Role::background), label("border", 3, border)});
}

const Format& trimaps() {
  static const Format format{.name = "trimaps",
                             .title = "Oxford-IIIT Pet trimaps",
                             .description = kDescription,
                             .extensions = {"png"},
                             .holds = capabilities(),
                             .probe = probe,
                             .open = open_trimaps,
                             .create = create_trimaps,
                             .read_settings = declared_settings<TrimapReadSettings>,
                             .write_settings = nullptr};
  return format;
}

}  // namespace maskmill
