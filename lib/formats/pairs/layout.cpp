// SPDX-License-Identifier: Apache-2.0
#include "formats/pairs/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "image/image.h"

namespace maskmill {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 11> kImageFolders{
    "images", "image", "imgs", "img", "inputs", "input", "jpegimages", "photos", "frames", "rgb", "img_dir"};
/// What DRIVE and HRF call the drawn vessels comes first: beside it, mask/ holds the camera's field of view.
constexpr std::array<std::string_view, 18> kMaskFolders{
    "1st_manual",  "manual1",    "masks",         "mask",         "labels",       "label",
    "annotations", "annotation", "annot",         "gt",           "ground_truth", "groundtruth",
    "targets",     "target",     "segmentations", "segmentation", "ann_dir",      "stuffthingmaps"};
constexpr std::array<std::string_view, 11> kSubsets{"train", "training",   "trainval", "val",
                                                    "valid", "validation", "minival",  "dev",
                                                    "eval",  "test",       "testing"};
constexpr std::array<std::string_view, 6> kCompanions{"_annot",  "_masks", "_mask",
                                                      "_labels", "_label", "_gt"};

bool is_upper(char letter) {
  return letter >= 'A' && letter <= 'Z';
}

bool contains(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// The first of the folders, by the order of `names`, that holds an image.
Path find_named(std::span<const Path> folders, Names names) {
  for (const std::string_view name : names)
    for (const Path& folder : folders)
      if (lower_case(folder.filename().string()) == name && holds_image(folder, true)) return folder;
  return {};
}

PairFolders named_pair(std::string subset, std::span<const Path> folders) {
  return {std::move(subset), find_named(folders, kImageFolders), find_named(folders, kMaskFolders)};
}

/// A subset's folder that has no masks is taken only under a name that can mean nothing else.
/// COCO's have a year behind them.
bool is_subset_name(std::string_view name) {
  constexpr std::size_t kYear = 4;
  if (name.size() > kYear && name.find_last_not_of("0123456789") + kYear < name.size())
    name.remove_suffix(kYear);
  return contains(kSubsets, lower_case(name));
}

/// One for each subset folder inside, where there are only such folders; else the folders themselves.
std::vector<PairFolders> split_by_subset(const PairFolders& whole) {
  if (holds_image(whole.images, false)) return {whole};
  std::vector<PairFolders> parts;
  bool has_masks = false;
  for (const Path& folder : list_folders(whole.images)) {
    const std::string name = folder.filename().string();
    if (!is_subset_name(name)) return {whole};
    const Path masks = whole.masks / name;
    const bool there = fs::is_directory(masks);
    parts.push_back({name, folder, there ? masks : Path()});
    has_masks |= there;
  }
  if (!has_masks) return {whole};
  for (const Path& masks : list_folders(whole.masks))
    if (const std::string name = masks.filename().string();
        is_subset_name(name) && !fs::exists(whole.images / name))
      parts.push_back({name, whole.images / name, masks});
  return parts;
}

Path stated_folder(const Path& source, std::string name, const char* setting) {
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  Path folder = Path(name).is_absolute() ? Path(name) : source / name;
  if (!fs::exists(folder))
    throw Error(Code::not_found, "there is no such folder").at_file(folder).at_field(setting);
  if (!fs::is_directory(folder))
    throw Error(Code::unreadable, "is a file where a folder is needed").at_file(folder).at_field(setting);
  return folder;
}

/// "train" of "train_masks" where there is no such folder.
std::optional<std::string> lost_images_of(const std::string& name,
                                          const std::map<std::string, Path>& folders) {
  for (const std::string_view ending : kCompanions)
    if (name.ends_with(ending) && is_subset_name(name.substr(0, name.size() - ending.size())) &&
        !folders.contains(name.substr(0, name.size() - ending.size())))
      return name.substr(0, name.size() - ending.size());
  return std::nullopt;
}

std::vector<PairFolders> with_companions(std::span<const Path> folders) {
  std::map<std::string, Path> by_name;
  for (const Path& folder : folders) by_name.emplace(folder.filename().string(), folder);
  std::vector<PairFolders> pairs;
  std::vector<PairFolders> without;
  for (const auto& [name, folder] : by_name) {
    const auto companion = std::ranges::find_if(
        kCompanions, [&, &name = name](std::string_view ending) {  // Clang 14 needs it named
          return by_name.contains(name + std::string(ending));
        });
    if (!holds_image(folder, true)) continue;
    const std::string subset = contains(kImageFolders, lower_case(name)) ? "" : name;
    if (companion != kCompanions.end())
      pairs.push_back({subset, folder, by_name.at(name + std::string(*companion))});
    else if (is_subset_name(name))
      without.push_back({subset, folder, {}});
    else if (const auto lost = lost_images_of(name, by_name))
      without.push_back({*lost, folder.parent_path() / *lost, folder});
  }
  if (!pairs.empty()) pairs.insert(pairs.end(), without.begin(), without.end());
  return pairs;
}

/// The words of a name, in lower case: parts at "_", "-", " " and ".", and before a capital letter. Two that
/// are the name of a folder together, such as Ground and Truth, count as one.
std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  const auto add = [&](std::string_view word) {
    if (word.empty()) return;
    words.push_back(lower_case(word));
    if (words.size() < 2) return;
    if (std::string both = words[words.size() - 2] + words.back(); contains(kMaskFolders, both)) {
      words.pop_back();
      words.back() = std::move(both);
    }
  };
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    const bool is_border =
        i == name.size() || std::string_view("_- .").find(name[i]) != std::string_view::npos;
    if (is_border || (i > begin && is_upper(name[i]) && !is_upper(name[i - 1]))) {
      add(std::string_view(name).substr(begin, i - begin));
      begin = is_border ? i + 1 : i;
    }
  }
  return words;
}

enum class Half { images, masks };

/// A folder whose name says in words what lies there, and of what: "train_images", "Training_GroundTruth".
struct NamedHalf {
  Half half;
  std::string of;  ///< the subset, where one is among the words; else the words that remain
};

std::optional<NamedHalf> named_half(const std::string& name) {
  bool images = false, masks = false;
  std::string subset, remaining;
  for (const std::string& word : words_of(name)) {
    if (contains(kMaskFolders, word))
      masks = true;
    else if (contains(kImageFolders, word) || word == "data")
      images = true;
    else if (is_subset_name(word))
      subset = word;
    else
      remaining += (remaining.empty() ? "" : "_") + word;
  }
  if (!images && !masks) return std::nullopt;
  return NamedHalf{masks ? Half::masks : Half::images, subset.empty() ? remaining : subset};
}

/// Where two folders say the same, neither is taken: which one is meant is the user's to say.
std::vector<PairFolders> by_words(std::span<const Path> folders) {
  std::map<std::string, std::array<std::vector<Path>, 2>> halves;
  for (const Path& folder : folders)
    if (const auto named = named_half(folder.filename().string()); named && holds_image(folder, true))
      halves[named->of][static_cast<std::size_t>(named->half)].push_back(folder);
  std::vector<PairFolders> pairs, without;
  for (const auto& [of, folders_of] : halves) {
    const auto& [images, masks] = folders_of;
    if (images.size() != 1 || masks.size() > 1) continue;
    PairFolders part{of, images.front(), masks.empty() ? Path() : masks.front()};
    if (has_pair(part))
      pairs.push_back(std::move(part));
    else if (masks.empty() && is_subset_name(of))
      without.push_back(std::move(part));
  }
  if (pairs.empty()) return {};
  pairs.insert(pairs.end(), without.begin(), without.end());
  if (pairs.size() == 1 && !is_subset_name(pairs.front().subset)) pairs.front().subset.clear();
  return pairs;
}

std::vector<PairFolders> by_names(const Path& source) {
  const std::vector<Path> folders = list_folders(source);
  std::vector<PairFolders> pairs;
  const PairFolders whole = named_pair("", folders);
  if (!whole.images.empty() && !whole.masks.empty()) pairs = split_by_subset(whole);
  std::vector<PairFolders> without;
  for (const Path& folder : folders) {
    if (!pairs.empty() && (folder == whole.images || folder == whole.masks)) continue;
    PairFolders part = named_pair(folder.filename().string(), list_folders(folder));
    if (part.images.empty()) {
      // Beside subsets that have both, it has lost its images: each mask is then a finding.
      if (part.masks.empty() || !is_subset_name(part.subset)) continue;
      part.images = folder / "images";
      without.push_back(std::move(part));
    } else if (!part.masks.empty())
      pairs.push_back(std::move(part));
    else if (is_subset_name(part.subset))
      without.push_back(std::move(part));
  }
  if (pairs.empty()) pairs = with_companions(folders);
  if (pairs.empty()) return by_words(folders);
  pairs.insert(pairs.end(), without.begin(), without.end());
  return pairs;
}

std::vector<PairFolders> masks_alone(const Path& source) {
  std::vector<PairFolders> found;
  if (boost::system::error_code failure; !fs::is_regular_file(source / "labels.json", failure)) return found;
  const auto add = [&](std::string subset, const Path& masks) {
    if (holds_image(masks, true)) found.push_back({std::move(subset), {}, masks});
  };
  add("", source / "masks");
  for (const Path& folder : list_folders(source)) add(folder.filename().string(), folder / "masks");
  return found;
}

}  // namespace

std::vector<PairFolders> find_folders(const Path& source, const PairsReadSettings& settings) {
  if (!settings.images && !settings.masks) {
    std::vector<PairFolders> found = by_names(source);
    if (found.empty()) found = masks_alone(source);
    if (found.empty()) found = split_by_subset({"", source, source});
    return found;
  }
  const std::vector<Path> folders = list_folders(source);
  const Path images = settings.images ? stated_folder(source, *settings.images, "images")
                                      : find_named(folders, kImageFolders);
  const Path masks =
      settings.masks ? stated_folder(source, *settings.masks, "masks") : find_named(folders, kMaskFolders);
  if (images.empty() || masks.empty())
    throw Error(Code::not_found, fmt::format("no folder of {} beside the one that was stated",
                                             images.empty() ? "images" : "masks"))
        .at_file(source)
        .hint("state both: images=FOLDER and masks=FOLDER");
  return split_by_subset({"", images, fs::equivalent(images, masks) ? images : masks});
}

}  // namespace maskmill
