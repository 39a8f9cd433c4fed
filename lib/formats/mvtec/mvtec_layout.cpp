// SPDX-License-Identifier: Apache-2.0
#include "formats/mvtec/mvtec_layout.h"

#include <algorithm>

#include "formats/mask_files/pairing.h"

namespace maskmill {
namespace {

/// Those in which images lie, but not masks.
std::vector<Path> folders_of_images(const Path& subset) {
  std::vector<Path> found;
  for (const Path& folder : list_folders(subset))
    if (folder.filename() != kMvtecMasks.data() && holds_image(folder, false)) found.push_back(folder);
  return found;
}

/// Empty where there is none.
Path masks_of(const Path& category, const Path& subset, const Path& defect) {
  for (const Path& above : {subset, category})
    if (Path masks = above / kMvtecMasks.data() / defect; is_folder(masks)) return masks;
  return {};
}

/// Looks into folders only where a name says that it may be one: others may hold anything, and much of it.
bool is_category(const Path& folder) {
  const std::vector<Path> subsets = list_folders(folder);
  const auto says_so = [](const Path& subset) {
    return is_folder(subset / kMvtecGood.data()) || is_folder(subset / kMvtecMasks.data());
  };
  if (!is_folder(folder / kMvtecMasks.data()) && std::ranges::none_of(subsets, says_so)) return false;
  for (const Path& subset : subsets) {
    if (subset.filename() == kMvtecMasks.data()) continue;
    for (const Path& images : folders_of_images(subset))
      if (images.filename() == kMvtecGood.data() || !masks_of(folder, subset, images.filename()).empty())
        return true;
  }
  return false;
}

void add_folders(const Path& category, const std::string& name, std::vector<MvtecFolder>& found) {
  for (const Path& subset : list_folders(category)) {
    const std::string subset_name = subset.filename().string();
    if (subset_name == kMvtecMasks) continue;
    // A category may be a neighbour of the subsets of another that is the root itself.
    if (name.empty() && is_category(subset)) continue;
    if (holds_image(subset, false)) found.push_back({name, subset_name, {}, subset, {}});
    for (const Path& images : folders_of_images(subset)) {
      MvtecFolder folder{name, subset_name, images.filename().string(), images, {}};
      if (folder.has_defects()) folder.masks = masks_of(category, subset, images.filename());
      found.push_back(std::move(folder));
    }
  }
}

}  // namespace

std::string MvtecFolder::name() const {
  std::string text = category.empty() ? subset : category + "/" + subset;
  return defect.empty() ? text : text + "/" + defect;
}

std::vector<MvtecFolder> find_mvtec_folders(const Path& source) {
  std::vector<MvtecFolder> found;
  if (is_category(source)) add_folders(source, {}, found);
  for (const Path& folder : list_folders(source))
    if (folder.filename() != kMvtecMasks.data() && is_category(folder))
      add_folders(folder, folder.filename().string(), found);
  std::ranges::sort(found, {}, &MvtecFolder::name);
  return found;
}

}  // namespace maskmill
