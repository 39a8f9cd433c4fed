// SPDX-License-Identifier: Apache-2.0
#include "prepare/advice/closest_layout.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_set>

#include "prepare/advice/advice_text.h"

namespace maskmill {
namespace {

constexpr std::size_t kSampledPictures = 16;

std::string stem_of(const std::string& file) {
  return file.substr(0, file.rfind('.'));
}

std::vector<std::string> stems_of(const PictureFolder& folder) {
  std::vector<std::string> stems;
  for (const std::string& file : folder.files) stems.push_back(stem_of(file));
  return stems;
}

std::string extension_of(const std::string& file) {
  return lower_extension(Path(file));
}

/// The first file of `folder` whose core the other side does not have.
template <class Core, class OtherCore>
std::string first_alone(const PictureFolder& folder, Core&& core, const std::vector<std::string>& others,
                        OtherCore&& other_core) {
  std::unordered_set<std::string_view> known;
  for (const std::string& stem : others) known.insert(other_core(stem));
  for (const std::string& file : folder.files)
    if (const std::string stem = stem_of(file); !known.contains(core(stem)) || core(stem).empty())
      return file;
  return {};
}

LikelyPairs in_two_folders(const PictureFolder& images, const PictureFolder& masks) {
  const std::vector<std::string> image_stems = stems_of(images), mask_stems = stems_of(masks);
  LikelyPairs pairs;
  pairs.images = images.name, pairs.masks = masks.name;
  pairs.names = find_name_rule(image_stems, mask_stems);
  pairs.image_count = images.files.size();
  pairs.mask_count = masks.files.size();
  const auto image_core = [&](std::string_view stem) { return pairs.names.core_of_image(stem); };
  const auto mask_core = [&](std::string_view stem) { return pairs.names.core_of_mask(stem); };
  pairs.lone_image = first_alone(images, image_core, mask_stems, mask_core);
  pairs.lone_mask = first_alone(masks, mask_core, image_stems, image_core);
  return pairs;
}

/// One folder of photographs and masks: names or, where these are equal, extensions tell them apart.
LikelyPairs in_one_folder(const PictureFolder& folder) {
  LikelyPairs pairs;
  pairs.images = pairs.masks = folder.name;
  const std::vector<std::string> stems = stems_of(folder);
  pairs.names = find_name_rule(stems, stems);
  pairs.mask_count = pairs.names.matches;

  std::set<std::string> of_masks, of_photographs;
  for (const std::string& file : folder.masks) of_masks.insert(extension_of(file));
  for (const std::string& file : folder.photographs) of_photographs.insert(extension_of(file));
  if (of_masks.size() == 1 && !of_photographs.contains(*of_masks.begin())) {
    const auto is_mask = [&](const std::string& file) { return extension_of(file) == *of_masks.begin(); };
    std::unordered_set<std::string> images;
    for (const std::string& file : folder.files)
      if (!is_mask(file)) images.insert(stem_of(file));
    const auto same =
        static_cast<std::size_t>(std::ranges::count_if(folder.files, [&](const std::string& file) {
          return is_mask(file) && images.contains(stem_of(file));
        }));
    if (same > pairs.names.matches) {
      pairs.names = {
          .image_prefix = {}, .image_suffix = {}, .mask_prefix = {}, .mask_suffix = {}, .matches = same};
      pairs.mask_extension = *of_masks.begin();
      pairs.mask_count = static_cast<std::size_t>(std::ranges::count_if(folder.files, is_mask));
    }
  }
  pairs.image_count = folder.files.size() - pairs.mask_count;
  return pairs;
}

/// Drawn images look like masks too: of two such folders, the one of fewer values holds the masks.
bool may_be_images_of(const PictureFolder& images, const PictureFolder& masks) {
  if (!images.looks_like_masks()) return true;
  return images.mask_values.empty() ? !masks.mask_values.empty()
                                    : images.mask_values.size() > masks.mask_values.size();
}

/// Folders of one subset lie in one folder, or have one name in two.
bool are_kin(const LikelyPairs& pairs) {
  const Path images(pairs.images), masks(pairs.masks);
  return images.parent_path() == masks.parent_path() || images.filename() == masks.filename();
}

/// More matches are better; of equally many, those of the same names, and of folders that belong together.
std::tuple<std::size_t, bool, bool> merit(const LikelyPairs& pairs) {
  return {pairs.names.matches, pairs.names.is_identity(), are_kin(pairs)};
}

std::vector<LikelyPairs> likely_pairs(const std::vector<PictureFolder>& survey) {
  std::vector<LikelyPairs> found;
  for (const PictureFolder& masks : survey) {
    if (masks.masks.empty()) continue;
    std::optional<LikelyPairs> best;
    const auto offer = [&](LikelyPairs pairs) {
      if (pairs.names.matches > 0 && (!best || merit(pairs) > merit(*best))) best = std::move(pairs);
    };
    if (!masks.photographs.empty()) offer(in_one_folder(masks));
    if (masks.looks_like_masks())
      for (const PictureFolder& images : survey)
        if (&images != &masks && may_be_images_of(images, masks)) offer(in_two_folders(images, masks));
    if (best) found.push_back(std::move(*best));
  }
  std::ranges::stable_sort(found, std::greater<>(),
                           [](const LikelyPairs& pairs) { return pairs.names.matches; });
  return found;
}

}  // namespace

ClosestLayout closest_layout(const Path& folder) {
  ClosestLayout closest;
  closest.found = survey_folder(folder, kSampledPictures);
  closest.pairs = likely_pairs(closest.found);
  closest.text = advice_text(closest.found, closest.pairs);
  closest.commands = advice_commands(folder, closest.found, closest.pairs);
  return closest;
}

}  // namespace maskmill
