// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/pairing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <tuple>

#include "base/hash_index.h"
#include "base/text.h"
#include "image/image.h"

namespace maskmill {
namespace {

constexpr std::array<std::string_view, 22> kMaskSuffixes{"",
                                                         "_mask",
                                                         "-mask",
                                                         ".mask",
                                                         "_masks",
                                                         "_Mask",
                                                         "_gt",
                                                         "_GT",
                                                         "_P",
                                                         "_L",
                                                         "_label",
                                                         "-label",
                                                         "_labels",
                                                         "_labelIds",
                                                         "_seg",
                                                         "_segmentation",
                                                         "_annotation",
                                                         "_annot",
                                                         "_trimap",
                                                         "_manual1",
                                                         "_1stHO",
                                                         "_segmented"};
constexpr std::array<std::string_view, 6> kImageSuffixes{"",     "_image", "-image",
                                                         "_img", "_sat",   "_leftImg8bit"};

bool is_hidden(const Path& path) {
  return path.filename().string().starts_with('.');
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

std::string id_of(const FilePair& pair, std::span<const PairFolders> folders) {
  const std::string stem(without_extension(pair.name()));
  return pair.subset_in_id ? folders[pair.folders].subset + "/" + stem : stem;
}

FilePair FilePairs::pair_of(const Record& record) const {
  return {.image = std::string(names_[record.image]),
          .mask = std::string(names_[record.mask]),
          .folders = record.folders,
          .line = record.line,
          .subset_in_id = record.subset_in_id == 1};
}

FilePair FilePairs::operator[](std::size_t number) const {
  return pair_of(records_[number]);
}

void FilePairs::push_back(const FilePair& pair) {
  const auto named = [&](const std::string& name) {
    return name.empty() ? NameArena::none : names_.add(name);
  };
  Record record{named(pair.image), named(pair.mask), pair.line, pair.folders, pair.subset_in_id};
  records_.push_back(record);
}

void FilePairs::erase_if(const std::function<bool(std::size_t)>& left_out) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < records_.size(); ++i)
    if (!left_out(i)) records_[kept++] = records_[i];
  records_.resize(kept);
}

/// Fills FilePairs, whose names it takes as they lie there.
class Pairing {
 public:
  Pairing(FilePairs& pairs, std::span<const PairFolders> folders, Findings& findings)
      : pairs_(pairs), names_(pairs.names_), folders_(folders), findings_(findings) {}

  void add_folder(std::uint32_t number, const SuffixSettings& settings) {
    const PairFolders& folders = folders_[number];
    const bool one_folder = folders.one_folder();
    Names images = picture_names(folders.images, folders.masks);
    Names masks = one_folder ? images : picture_names(folders.masks, folders.images);
    const Suffixes suffixes = find_suffixes(images, masks, one_folder, settings);
    const auto has_mask_suffix = [&](Name name) { return key_of(stem(name), suffixes.mask).has_value(); };
    const auto mask_key = [&](Name name) { return *key_of(stem(name), suffixes.mask); };
    // An image without the suffix of the others still is one; its whole name then is its key.
    const auto image_key = [&](Name name) { return key_of(stem(name), suffixes.image).value_or(stem(name)); };
    if (one_folder)
      std::erase_if(images, has_mask_suffix);
    else
      report_without_suffix(masks, folders.masks, suffixes.mask);
    std::erase_if(masks, [&](Name name) { return !has_mask_suffix(name); });
    keep_first_of_key(masks, mask_key, folders.masks);
    keep_first_of_key(images, image_key, folders.images);
    join(number, images, image_key, masks, mask_key);
  }

  /// Marks names that occur in several subsets.
  void mark_equal_names() {
    HashIndex index(pairs_.size());
    for (std::uint32_t i = 0; i < pairs_.size(); ++i) {
      const std::string_view own = stem(name(pairs_.records_[i]));
      const auto known = index.find(
          hash_of(own), [&](std::uint32_t other) { return stem(name(pairs_.records_[other])) == own; });
      if (!known) index.add(hash_of(own), i);
      if (known)
        for (const std::uint32_t number : {*known, i}) {
          FilePairs::Record& record = pairs_.records_[number];
          record.subset_in_id = !folders_[record.folders].subset.empty();
        }
    }
  }

  void sort_by_id() {
    std::ranges::sort(pairs_.records_, [&](const FilePairs::Record& a, const FilePairs::Record& b) {
      const int order =
          a.subset_in_id || b.subset_in_id ? id(a).compare(id(b)) : stem(name(a)).compare(stem(name(b)));
      return order != 0 ? order < 0 : folders_[a.folders].subset < folders_[b.folders].subset;
    });
  }

  /// "train/a" beside the subset train's "a": an id must be unique.
  void leave_out_equal_ids() {
    HashIndex index(pairs_.size());
    pairs_.erase_if([&](std::size_t number) {
      const FilePairs::Record& record = pairs_.records_[number];
      const std::string own = id(record);
      const bool known =
          index.find(hash_of(own), [&](std::uint32_t kept) { return id(pairs_.records_[kept]) == own; })
              .has_value();
      if (!known) index.add(hash_of(own), static_cast<std::uint32_t>(index.size()));
      if (known) {
        const PairFolders& of = folders_[record.folders];
        const Path& folder = record.image == NameArena::none ? of.masks : of.images;
        findings_.add(finding_at(folder / std::string(name(record)), "same-name",
                                 fmt::format("left out: another item has the id {} too", in_quotes(own)),
                                 "rename one of the two"));
      }
      return known;
    });
  }

 private:
  using Name = NameArena::Number;
  using Names = std::vector<Name>;
  struct Suffixes {
    std::string image, mask;
  };

  std::string_view stem(Name name) const { return stem(names_[name]); }
  static std::string_view stem(std::string_view name) { return without_extension(name); }
  std::string_view name(const FilePairs::Record& record) const {
    return names_[record.image == NameArena::none ? record.mask : record.image];
  }
  std::string id(const FilePairs::Record& record) const {
    const std::string own(stem(name(record)));
    return record.subset_in_id ? folders_[record.folders].subset + "/" + own : own;
  }

  /// Of the pictures below `folder`, without those of `other` where that lies inside; in their order.
  Names picture_names(const Path& folder, const Path& other) {
    Names names;
    if (folder.empty() || !fs::exists(folder)) return names;
    const std::string other_name = relative_name(other, folder);
    const bool other_is_inside = folder != other && other_name != other.lexically_normal().generic_string();
    for_each_file(folder, true, [&](const std::string& name) {
      if (has_image_extension(name) && !(other_is_inside && name.starts_with(other_name + "/")))
        names.push_back(names_.add(name));
    });
    std::ranges::sort(names, {}, [&](Name name) { return names_[name]; });
    return names;
  }

  /// The suffixes under which most names pair up; those that `settings` state are kept.
  Suffixes find_suffixes(const Names& images, const Names& masks, bool one_folder,
                         const SuffixSettings& settings) const {
    HashIndex index(images.size());
    for (const Name image : images) index.add(hash_of(stem(image)), image);
    const auto is_image = [&](const std::string& wanted) {
      return index.find(hash_of(wanted), [&](Name image) { return stem(image) == wanted; }).has_value();
    };
    const auto matches = [&](std::string_view image_suffix, std::string_view mask_suffix) {
      return std::ranges::count_if(masks, [&](Name mask) {
        const auto key = key_of(stem(mask), mask_suffix);
        return key && is_image(std::string(*key) + std::string(image_suffix));
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

  void report_without_suffix(const Names& masks, const Path& folder, const std::string& suffix) {
    for (const Name mask : masks)
      if (!key_of(stem(mask), suffix))
        findings_.add(finding_at(folder / std::string(names_[mask]), "pair-missing",
                                 fmt::format("left out: a mask's name ends in \"{}\" here", suffix),
                                 "rename it, or state mask-suffix"));
  }

  /// Sorts by key; of equal ones the first by name stays, the others are findings.
  void keep_first_of_key(Names& names, const auto& key, const Path& folder) {
    std::ranges::sort(names, {}, [&](Name name) { return std::tuple(key(name), names_[name]); });
    const auto repeats = [&](Name first, Name second) {
      if (key(first) != key(second)) return false;
      findings_.add(finding_at(folder / std::string(names_[second]), "same-name",
                               fmt::format("left out: {} has the same name but for its extension",
                                           Path(std::string(names_[first])).filename().string()),
                               "keep one of the two"));
      return true;
    };
    names.erase(std::unique(names.begin(), names.end(), repeats), names.end());
  }

  /// Of names in the order of their keys.
  void join(std::uint32_t number, const Names& images, const auto& image_key, const Names& masks,
            const auto& mask_key) {
    const PairFolders& folders = folders_[number];
    pairs_.records_.reserve(pairs_.size() + std::max(images.size(), masks.size()));
    FilePairs::Record record;
    record.folders = number;
    auto mask = masks.begin();
    const auto add_masks_before = [&](const auto& is_before) {
      for (; mask != masks.end() && is_before(mask_key(*mask)); ++mask) {
        record.image = NameArena::none, record.mask = *mask;
        if (folders.images.empty())
          pairs_.records_.push_back(record);
        else
          findings_.add(finding_at(folders.masks / std::string(names_[*mask]), "pair-missing",
                                   "left out: a mask without an image of its name",
                                   "add the image, or delete the mask"));
      }
    };
    for (const Name image : images) {
      const std::string_view key = image_key(image);
      add_masks_before([&](std::string_view other) { return other < key; });
      record.image = image, record.mask = NameArena::none;
      if (mask != masks.end() && mask_key(*mask) == key) record.mask = *mask++;
      pairs_.records_.push_back(record);
    }
    add_masks_before([](std::string_view) { return true; });
  }

  FilePairs& pairs_;
  NameArena& names_;
  std::span<const PairFolders> folders_;
  Findings& findings_;
};

FilePairs pair_files(std::span<const PairFolders> folders, const SuffixSettings& settings,
                     Findings& findings) {
  FilePairs pairs;
  Pairing pairing(pairs, folders, findings);
  for (std::uint32_t i = 0; i < folders.size(); ++i) pairing.add_folder(i, settings);
  pairing.mark_equal_names();
  pairing.sort_by_id();
  pairing.leave_out_equal_ids();
  return pairs;
}

void tell_apart(FilePairs& pairs, std::span<const PairFolders> folders, Findings& findings) {
  Pairing pairing(pairs, folders, findings);
  pairing.mark_equal_names();
  pairing.leave_out_equal_ids();
}

}  // namespace maskmill
