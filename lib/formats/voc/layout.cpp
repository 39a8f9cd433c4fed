// SPDX-License-Identifier: Apache-2.0
#include "formats/voc/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <initializer_list>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "formats/subset_folders.h"

namespace maskmill {
namespace {

/// The first of the names that a folder has, in any case.
Path find_child(const std::vector<Path>& children, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    for (const Path& child : children)
      if (lower_case(child.filename().string()) == name) return child;
  return {};
}

bool is_xml(const Path& file) {
  return lower_extension(file) == "xml" && !file.filename().string().starts_with('.');
}

bool holds_xml(const Path& folder) {
  boost::system::error_code failure;
  for (fs::directory_iterator files(folder, failure); !failure && files != fs::directory_iterator();
       files.increment(failure))
    if (is_xml(files->path())) return true;
  return false;
}

/// As Roboflow leaves them: train/a.xml beside train/a.jpg.
bool is_subset_of_xml(const Path& folder) {
  return is_usual_subset(folder.filename().string()) && holds_xml(folder);
}

/// Items whose ids have folders in them have their files in such folders too.
bool holds_xml_below(const Path& folder) {
  boost::system::error_code failure;
  for (fs::recursive_directory_iterator files(folder, failure), end; !failure && files != end;
       files.increment(failure))
    if (is_xml(files->path())) return true;
  return false;
}

/// Nothing where the folder is no data set of VOC.
std::optional<VocFolders> folders_in(const Path& root) {
  const std::vector<Path> children = list_folders(root);
  VocFolders folders;
  folders.root = root;
  folders.class_masks = find_child(children, {"segmentationclasspng", "segmentationclass"});
  folders.object_masks = find_child(children, {"segmentationobjectpng", "segmentationobject"});
  folders.annotations = find_child(children, {"annotations"});
  folders.images = find_child(children, {"jpegimages", "images"});
  if (const Path sets = find_child(children, {"imagesets"}); !sets.empty()) {
    const std::vector<Path> kinds = list_folders(sets);
    folders.main_sets = find_child(kinds, {"main"});
    folders.segmentation_sets = find_child(kinds, {"segmentation"});
    if (folders.main_sets.empty() && folders.segmentation_sets.empty()) folders.main_sets = sets;
  }
  if (!folders.annotations.empty() && !holds_xml_below(folders.annotations)) folders.annotations.clear();
  const bool has_masks = !folders.class_masks.empty() || !folders.object_masks.empty();
  if (folders.annotations.empty() && !has_masks && holds_xml(root)) {
    folders.annotations = root;
    folders.flat = true;
  }
  if (folders.annotations.empty() && !has_masks && std::ranges::any_of(children, is_subset_of_xml)) {
    folders.annotations = root;
    folders.by_subset = true;
  }
  if (folders.annotations.empty() && !has_masks) return std::nullopt;
  if (folders.images.empty() && !folders.annotations.empty()) folders.images = folders.annotations;
  return folders;
}

/// No control characters, no blanks at the ends, no hidden part; a changed id ends in a hash, so that it
/// stays the only one of its name.
std::string listable(const std::string& id) {
  std::string safe;
  for (const std::string& part : split_text(id, '/')) {
    std::string kept;
    for (const char c : part) kept += static_cast<unsigned char>(c) < 32 || c == 127 ? '_' : c;
    kept = std::string(trimmed(kept));
    if (kept.starts_with('.')) kept.front() = '_';
    if (!kept.empty()) safe += (safe.empty() ? "" : "/") + kept;
  }
  return safe == id ? id : safe + "-" + digest_of(id).hex().substr(0, 8);
}

}  // namespace

void make_listable(Item& item, std::vector<Finding>& findings) {
  std::string id = listable(item.id);
  if (id == item.id) return;
  findings.push_back({"renamed",
                      Severity::warning,
                      item.origin,
                      fmt::format("the item {} is written as {}: a list cannot hold its name",
                                  in_quotes(item.id), in_quotes(id)),
                      {}});
  item.id = std::move(id);
}

VocFolders find_voc_folders(const Path& source, const std::optional<std::string>& images) {
  std::vector<VocFolders> found;
  if (auto here = folders_in(source)) {
    found.push_back(*here);
  } else {
    std::vector<Path> below = list_folders(source);
    if (const Path devkit = find_child(below, {"vocdevkit"}); !devkit.empty()) below = list_folders(devkit);
    for (const Path& child : below)
      if (auto there = folders_in(child); there && !there->flat) found.push_back(*there);
  }
  if (found.empty())
    throw Error(Code::bad_format,
                "holds no Pascal VOC data set: no Annotations of XML files, no SegmentationClass")
        .at_file(source);
  if (found.size() > 1) {
    std::vector<std::string> names;
    for (const VocFolders& one : found) names.push_back(relative_name(one.root, source));
    throw Error(Code::bad_format, "holds several Pascal VOC data sets: " + joined(names, ", "))
        .at_file(source)
        .hint("name one of them");
  }
  if (images) {
    found.front().images = found.front().root / *images;
    if (!fs::is_directory(found.front().images))
      throw Error(Code::not_found, "there is no such folder of images").at_file(found.front().images);
  }
  return found.front();
}

}  // namespace maskmill
