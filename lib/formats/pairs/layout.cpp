// SPDX-License-Identifier: Apache-2.0
#include "formats/pairs/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/text.h"
#include "image/image.h"

namespace maskmill {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 10> kImageFolders{"images", "image",      "imgs",   "img",    "inputs",
                                                         "input",  "jpegimages", "photos", "frames", "rgb"};
constexpr std::array<std::string_view, 14> kMaskFolders{
    "masks", "mask",         "labels",      "label",   "annotations", "annotation",    "annot",
    "gt",    "ground_truth", "groundtruth", "targets", "target",      "segmentations", "segmentation"};
constexpr std::array<std::string_view, 11> kSubsets{"train", "training",   "trainval", "val",
                                                    "valid", "validation", "minival",  "dev",
                                                    "eval",  "test",       "testing"};
constexpr std::array<std::string_view, 7> kCompanions{"annot",   "_annot", "_masks", "_mask",
                                                      "_labels", "_label", "_gt"};
constexpr std::array<std::string_view, 20> kMaskSuffixes{
    "",        "_mask",   "-mask",  ".mask",   "_masks",    "_Mask", "_gt",           "_GT",         "_P",
    "_L",      "_label",  "-label", "_labels", "_labelIds", "_seg",  "_segmentation", "_annotation", "_annot",
    "_trimap", "_manual1"};
constexpr std::array<std::string_view, 6> kImageSuffixes{"",     "_image", "-image",
                                                         "_img", "_sat",   "_leftImg8bit"};

std::string lower(std::string text) {
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

bool contains(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_hidden(const Path& path) {
  return path.filename().string().starts_with('.');
}

/// Whether an image file lies directly in the folder or, with `deep`, anywhere below; stops at the first.
bool holds_image(const Path& folder, bool deep) {
  boost::system::error_code failure;
  std::vector<Path> below;
  for (fs::directory_iterator entries(folder, failure); !failure && entries != fs::directory_iterator();
       entries.increment(failure)) {
    const Path& path = entries->path();
    if (is_hidden(path)) continue;
    if (has_image_extension(path)) return true;
    if (deep && entries->symlink_status(failure).type() == fs::directory_file) below.push_back(path);
  }
  return std::ranges::any_of(below, [](const Path& path) { return holds_image(path, true); });
}

/// The first of the folders, by the order of `names`, that holds an image.
Path find_named(std::span<const Path> folders, Names names) {
  for (const std::string_view name : names)
    for (const Path& folder : folders)
      if (lower(folder.filename().string()) == name && holds_image(folder, true)) return folder;
  return {};
}

PairFolders named_pair(std::string subset, std::span<const Path> folders) {
  return {std::move(subset), find_named(folders, kImageFolders), find_named(folders, kMaskFolders)};
}

/// A subset's folder that has no masks is taken only under a name that can mean nothing else.
bool is_subset_name(std::string_view name) {
  return contains(kSubsets, lower(std::string(name)));
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
    const std::string subset = contains(kImageFolders, lower(name)) ? "" : name;
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
  if (pairs.empty()) return with_companions(folders);
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

std::string_view without_extension(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)
             ? name
             : name.substr(0, dot);
}

/// Relative names of the pictures below `folder`, without those of `other` where that lies inside.
std::vector<std::string> picture_names(const Path& folder, const Path& other) {
  std::vector<std::string> names;
  if (folder.empty() || !fs::exists(folder)) return names;
  const std::string other_name = relative_name(other, folder);
  const bool other_is_inside = folder != other && other_name != other.lexically_normal().generic_string();
  for (const Path& file : list_files(folder)) {
    if (!has_image_extension(file)) continue;
    std::string name = relative_name(file, folder);
    if (!other_is_inside || !name.starts_with(other_name + "/")) names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> stems_of(std::span<const std::string> names) {
  std::vector<std::string> stems;
  stems.reserve(names.size());
  for (const std::string& name : names) stems.emplace_back(without_extension(name));
  return stems;
}

/// What two files of one pair have in common: the name without extension and suffix. Nothing where the suffix
/// is absent.
std::optional<std::string_view> key_of(std::string_view stem, std::string_view suffix) {
  if (!stem.ends_with(suffix) || stem.size() == suffix.size()) return std::nullopt;
  return stem.substr(0, stem.size() - suffix.size());
}

Finding finding_at(const Path& file, std::string rule, std::string message, std::string fix) {
  return {std::move(rule), Severity::error, Place{file.string(), {}, {}}, std::move(message), std::move(fix)};
}

/// Names by key, the first of each; the others are findings.
class NameIndex {
 public:
  NameIndex(const Path& folder, Findings& findings) : folder_(folder), findings_(findings) {}

  void add(std::string key, const std::string& name) {
    const auto [entry, is_new] = names_.try_emplace(std::move(key), name);
    if (!is_new)
      findings_.add(finding_at(folder_ / name, "same-name",
                               fmt::format("left out: {} has the same name but for its extension",
                                           (folder_ / entry->second).filename().string()),
                               "keep one of the two"));
  }
  std::unordered_map<std::string, std::string>& names() { return names_; }

 private:
  const Path& folder_;
  Findings& findings_;
  std::unordered_map<std::string, std::string> names_;
};

void pair_folder(std::uint32_t number, const PairFolders& folders, const PairsReadSettings& settings,
                 std::vector<FilePair>& pairs, Findings& findings) {
  const std::vector<std::string> image_files = picture_names(folders.images, folders.masks);
  const std::vector<std::string> mask_files =
      folders.one_folder() ? image_files : picture_names(folders.masks, folders.images);
  const Suffixes suffixes =
      find_suffixes(stems_of(image_files), stems_of(mask_files), folders.one_folder(), settings);

  NameIndex masks(folders.masks, findings);
  for (const std::string& name : mask_files) {
    if (const auto key = key_of(without_extension(name), suffixes.mask))
      masks.add(std::string(*key), name);
    else if (!folders.one_folder())
      findings.add(finding_at(folders.masks / name, "pair-missing",
                              fmt::format("left out: a mask's name ends in \"{}\" here", suffixes.mask),
                              "rename it, or state mask-suffix"));
  }
  // An image without the suffix of the others still is one; its whole name then is its key.
  NameIndex images(folders.images, findings);
  for (const std::string& name : image_files) {
    const std::string_view stem = without_extension(name);
    if (folders.one_folder() && key_of(stem, suffixes.mask)) continue;
    images.add(std::string(key_of(stem, suffixes.image).value_or(stem)), name);
  }

  for (auto& [key, image] : images.names()) {
    const auto mask = masks.names().find(key);
    if (mask != masks.names().end()) {
      pairs.push_back({std::move(image), std::move(mask->second), number});
      masks.names().erase(mask);
      continue;
    }
    pairs.push_back({std::move(image), {}, number});
  }
  std::vector<std::string> left;
  for (auto& [key, mask] : masks.names()) left.push_back(std::move(mask));
  std::ranges::sort(left);
  for (std::string& mask : left)
    if (folders.images.empty())
      pairs.push_back({{}, std::move(mask), number});
    else
      findings.add(finding_at(folders.masks / mask, "pair-missing",
                              "left out: a mask without an image of its name",
                              "add the image, or delete the mask"));
}

/// "train/a" beside the subset train's "a": an id must be unique. `pairs` are sorted by id.
void leave_out_equal_ids(std::vector<FilePair>& pairs, std::span<const PairFolders> folders,
                         Findings& findings) {
  const auto is_second = [&](const FilePair& first, const FilePair& second) {
    const std::string id = id_of(second, folders);
    if (id_of(first, folders) != id) return false;
    const PairFolders& of = folders[second.folders];
    findings.add(finding_at((second.image.empty() ? of.masks : of.images) / second.name(), "same-name",
                            fmt::format("left out: another item has the id {} too", in_quotes(id)),
                            "rename one of the two"));
    return true;
  };
  pairs.erase(std::unique(pairs.begin(), pairs.end(), is_second), pairs.end());
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

Suffixes find_suffixes(std::span<const std::string> images, std::span<const std::string> masks,
                       bool one_folder, const PairsReadSettings& settings) {
  const std::unordered_set<std::string_view> image_stems(images.begin(), images.end());
  const auto matches = [&](std::string_view image_suffix, std::string_view mask_suffix) {
    return std::ranges::count_if(masks, [&](const std::string& mask) {
      const auto key = key_of(mask, mask_suffix);
      return key && image_stems.contains(std::string(*key) + std::string(image_suffix));
    });
  };
  std::vector<std::string_view> image_suffixes(kImageSuffixes.begin(), kImageSuffixes.end());
  std::vector<std::string_view> mask_suffixes(kMaskSuffixes.begin(), kMaskSuffixes.end());
  if (settings.image_suffix) image_suffixes = {*settings.image_suffix};
  if (settings.mask_suffix) mask_suffixes = {*settings.mask_suffix};

  Suffixes best{std::string(image_suffixes.front()), std::string(mask_suffixes.front())};
  std::ptrdiff_t most = 0;
  for (const std::string_view mask_suffix : mask_suffixes) {
    if (one_folder && mask_suffix.empty()) continue;
    for (const std::string_view image_suffix : image_suffixes)
      if (const auto count = matches(image_suffix, mask_suffix); count > most) {
        most = count;
        best = {std::string(image_suffix), std::string(mask_suffix)};
        if (static_cast<std::size_t>(count) == masks.size()) return best;
      }
  }
  return best;
}

std::vector<std::string> possible_masks(const std::string& image_stem) {
  std::vector<std::string> stems;
  for (const std::string_view image_suffix : kImageSuffixes)
    if (const auto key = key_of(image_stem, image_suffix))
      for (const std::string_view mask_suffix : kMaskSuffixes)
        stems.push_back(std::string(*key) + std::string(mask_suffix));
  return stems;
}

std::string id_of(const FilePair& pair, std::span<const PairFolders> folders) {
  const std::string stem(without_extension(pair.name()));
  return pair.subset_in_id ? folders[pair.folders].subset + "/" + stem : stem;
}

std::vector<FilePair> pair_files(std::span<const PairFolders> folders, const PairsReadSettings& settings,
                                 Findings& findings) {
  std::vector<FilePair> pairs;
  for (std::uint32_t i = 0; i < folders.size(); ++i) pair_folder(i, folders[i], settings, pairs, findings);

  const auto before = [&](const FilePair& a, const FilePair& b) {
    const int order = a.subset_in_id || b.subset_in_id
                          ? id_of(a, folders).compare(id_of(b, folders))
                          : without_extension(a.name()).compare(without_extension(b.name()));
    return order != 0 ? order < 0 : folders[a.folders].subset < folders[b.folders].subset;
  };
  std::ranges::sort(pairs, before);
  for (std::size_t i = 1; i < pairs.size(); ++i)
    if (without_extension(pairs[i].name()) == without_extension(pairs[i - 1].name()))
      for (FilePair* pair : {&pairs[i - 1], &pairs[i]})
        pair->subset_in_id = !folders[pair->folders].subset.empty();
  std::ranges::sort(pairs, before);
  leave_out_equal_ids(pairs, folders, findings);
  return pairs;
}

}  // namespace maskmill
