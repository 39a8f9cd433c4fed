// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/pairing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "image/image.h"

namespace maskmill {
namespace {

constexpr std::array<std::string_view, 20> kMaskSuffixes{
    "",        "_mask",   "-mask",  ".mask",   "_masks",    "_Mask", "_gt",           "_GT",         "_P",
    "_L",      "_label",  "-label", "_labels", "_labelIds", "_seg",  "_segmentation", "_annotation", "_annot",
    "_trimap", "_manual1"};
constexpr std::array<std::string_view, 6> kImageSuffixes{"",     "_image", "-image",
                                                         "_img", "_sat",   "_leftImg8bit"};

bool is_hidden(const Path& path) {
  return path.filename().string().starts_with('.');
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

void pair_folder(std::uint32_t number, const PairFolders& folders, const SuffixSettings& settings,
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
      pairs.push_back({.image = std::move(image), .mask = std::move(mask->second), .folders = number});
      masks.names().erase(mask);
      continue;
    }
    pairs.push_back({.image = std::move(image), .mask = {}, .folders = number});
  }
  std::vector<std::string> left;
  for (auto& [key, mask] : masks.names()) left.push_back(std::move(mask));
  std::ranges::sort(left);
  for (std::string& mask : left)
    if (folders.images.empty())
      pairs.push_back({.image = {}, .mask = std::move(mask), .folders = number});
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

/// Every mask name that may belong to an image's name (both without extension), the likeliest first.
std::vector<std::string> possible_masks(const std::string& image_stem) {
  std::vector<std::string> stems;
  for (const std::string_view image_suffix : kImageSuffixes)
    if (const auto key = key_of(image_stem, image_suffix))
      for (const std::string_view mask_suffix : kMaskSuffixes)
        stems.push_back(std::string(*key) + std::string(mask_suffix));
  return stems;
}

/// The first images that the file system lists, without extension, relative to `folder`.
std::vector<std::string> sample_stems(const Path& folder) {
  std::vector<std::string> stems;
  boost::system::error_code failure;
  for (fs::recursive_directory_iterator entry(folder, failure), end;
       !failure && entry != end && stems.size() < kSampledImages; entry.increment(failure)) {
    const Path& path = entry->path();
    if (path.filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
      continue;
    }
    if (has_image_extension(path)) stems.push_back(relative_name(Path(path).replace_extension(), folder));
  }
  return stems;
}

}  // namespace

std::string_view without_extension(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)
             ? name
             : name.substr(0, dot);
}

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

std::optional<Path> sample_mask(const PairFolders& folders) {
  if (folders.masks.empty() || folders.images.empty()) return std::nullopt;
  for (const std::string& stem : sample_stems(folders.images))
    for (const std::string& mask : possible_masks(stem)) {
      if (folders.one_folder() && mask == stem) continue;
      for (const char* extension :
           {".png", ".PNG", ".tif", ".tiff", ".bmp", ".jpg", ".JPG", ".jpeg", ".webp", ".npy", ".npz"}) {
        Path file = folders.masks / (mask + extension);
        if (boost::system::error_code failure; fs::is_regular_file(file, failure)) return file;
      }
    }
  return std::nullopt;
}

Suffixes find_suffixes(std::span<const std::string> images, std::span<const std::string> masks,
                       bool one_folder, const SuffixSettings& settings) {
  const std::unordered_set<std::string_view> image_stems(images.begin(), images.end());
  const auto matches = [&](std::string_view image_suffix, std::string_view mask_suffix) {
    return std::ranges::count_if(masks, [&](const std::string& mask) {
      const auto key = key_of(mask, mask_suffix);
      return key && image_stems.contains(std::string(*key) + std::string(image_suffix));
    });
  };
  std::vector<std::string_view> image_suffixes(kImageSuffixes.begin(), kImageSuffixes.end());
  std::vector<std::string_view> mask_suffixes(kMaskSuffixes.begin(), kMaskSuffixes.end());
  if (settings.image) image_suffixes = {*settings.image};
  if (settings.mask) mask_suffixes = {*settings.mask};

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

std::string id_of(const FilePair& pair, std::span<const PairFolders> folders) {
  const std::string stem(without_extension(pair.name()));
  return pair.subset_in_id ? folders[pair.folders].subset + "/" + stem : stem;
}

std::vector<FilePair> pair_files(std::span<const PairFolders> folders, const SuffixSettings& settings,
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
