// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/oid_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "formats/openimages/mask_names.h"
#include "formats/openimages/openimages_halves.h"
#include "image/image.h"

namespace maskmill {
namespace {

constexpr std::size_t kSampledFiles = 2000, kSampledTables = 8;
constexpr int kSampledLevels = 3;

/// What is known of a folder while its files are listed.
enum class Holds { images, masks, masks_and_images };

bool names_masks(const std::string& part) {
  const std::string lower = lower_case(part);
  return lower.find("mask") != std::string::npos || lower == "segmentations";
}

std::vector<std::string> parts_of(const std::string& relative) {
  return relative.empty() ? std::vector<std::string>() : split_text(relative, '/');
}

/// By the first part of the path that says so.
Holds held_by(const std::string& relative) {
  for (const std::string& part : parts_of(relative)) {
    if (lower_case(part) == kOpenImagesImages) return Holds::images;
    if (names_masks(part)) return Holds::masks;
  }
  return Holds::masks_and_images;
}

bool is_hierarchy(const Path& file) {
  return lower_case(file.filename().string()).find("hierarchy") != std::string::npos &&
         lower_extension(file) == "json";
}

class Lister {
 public:
  Lister(const Path& root, Findings& findings) : root_(root), findings_(findings) {}

  OpenImagesLayout list() {
    for_each_file(root_, true, [&](const std::string& name) { add(name); });
    std::ranges::sort(csvs_);
    for (const Path& file : csvs_) add_table(file);
    if (layout_.tables.empty())
      throw Error(Code::bad_format,
                  "there is no table of Open Images: none of the .csv files has a header with ImageID and "
                  "LabelName, MaskPath or XMin")
          .at_file(root_);
    for (const auto& [older, latest] : take_out_older(layout_.tables))
      findings_.add(
          {"file-left-out", Severity::warning, Place{older.string(), {}, {}},
           fmt::format("{} has the same rows in a later version", in_quotes(latest.filename().string())),
           "delete one of them"});
    std::ranges::sort(hierarchies_);
    if (!hierarchies_.empty()) layout_.hierarchy = hierarchies_.front();
    place_folders();
    return std::move(layout_);
  }

 private:
  void add(const std::string& name) {
    const std::size_t slash = name.rfind('/');
    const std::string_view folder =
        slash == std::string::npos ? std::string_view() : std::string_view(name).substr(0, slash);
    const Path file(slash == std::string::npos ? name : name.substr(slash + 1));
    const std::string extension = lower_extension(file);
    if (extension == "csv")
      csvs_.push_back(root_ / name);
    else if (is_hierarchy(file))
      hierarchies_.push_back(root_ / name);
    else if (has_image_extension(file))
      add_picture(std::string(folder), file.string(), extension);
  }

  void add_picture(const std::string& folder, const std::string& name, const std::string& extension) {
    if (!is_listed_ || folder != last_folder_) {
      is_listed_ = true;
      last_folder_ = folder;
      const auto [found, is_new] = numbers_.emplace(folder, static_cast<std::uint32_t>(relatives_.size()));
      if (is_new) {
        relatives_.push_back(folder);
        holds_.push_back(held_by(folder));
        has_masks_.push_back(false);
      }
      last_number_ = found->second;
    }
    const Holds holds = holds_[last_number_];
    if (holds == Holds::masks ||
        (holds == Holds::masks_and_images && extension == "png" && parse_mask_name(name))) {
      if (extension == "png") has_masks_[last_number_] = true;
      return;
    }
    layout_.images.push_back({layout_.names.add(name), last_number_});
  }

  void add_table(const Path& file) try {
    if (auto table = find_table(file))
      layout_.tables.push_back(std::move(*table));
    else if (auto classes = find_class_file(file))
      layout_.classes.push_back(std::move(*classes));
    else if (const std::string name = lower_case(file.filename().string());
             name.find("vrd") != std::string::npos || name.find("relationships") == 0 ||
             name.find("point") != std::string::npos)
      findings_.add({"file-left-out",
                     Severity::note,
                     Place{file.string(), {}, {}},
                     "relationships and points are not read",
                     {}});
  } catch (const Error& error) {
    findings_.add(to_finding(error, "file-left-out", Severity::warning));
  }

  void place_folders() {
    std::vector<std::string> subsets;
    for (const OpenImagesTable& table : layout_.tables)
      if (table.names_subset)
        subsets.push_back(table.subset.empty() ? std::string(kOpenImagesNoSubset) : table.subset);
    for (std::size_t i = 0; i < relatives_.size(); ++i) {
      layout_.folders.push_back(folder_of_images(root_, relatives_[i], subsets));
      if (has_masks_[i]) layout_.mask_folders.push_back(layout_.folders.back().path);
    }
    std::ranges::sort(layout_.mask_folders);
  }

  const Path root_;
  Findings& findings_;
  OpenImagesLayout layout_;
  std::vector<Path> csvs_, hierarchies_;
  std::map<std::string, std::uint32_t> numbers_;
  std::vector<std::string> relatives_;
  std::vector<Holds> holds_;
  std::vector<bool> has_masks_;
  std::string last_folder_;
  std::uint32_t last_number_ = 0;
  bool is_listed_ = false;
};

void sample(const Path& folder, int levels, std::vector<OpenImagesTable>& tables) {
  boost::system::error_code failure;
  std::vector<Path> files, folders;
  std::size_t seen = 0;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end && seen < kSampledFiles;
       entry.increment(failure), ++seen) {
    const Path& path = entry->path();
    if (path.filename().string().starts_with('.')) continue;
    boost::system::error_code ignored;
    if (lower_extension(path) == "csv")
      files.push_back(path);
    else if (entry->status(ignored).type() == fs::directory_file)
      folders.push_back(path);
  }
  std::ranges::sort(files);
  std::ranges::sort(folders);
  for (const Path& file : files) {
    if (tables.size() == kSampledTables) return;
    try {
      if (auto table = find_table(file)) tables.push_back(std::move(*table));
    } catch (const Error&) {
    }
  }
  if (levels == 0 || !tables.empty()) return;
  for (std::size_t i = 0; i < std::min<std::size_t>(folders.size(), 32); ++i)
    if (tables.size() < kSampledTables) sample(folders[i], levels - 1, tables);
}

}  // namespace

bool is_openimages_id(std::string_view text) {
  return text.size() == kOpenImagesIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

OpenImagesFolder folder_of_images(const Path& root, const std::string& relative,
                                  const std::vector<std::string>& subsets) {
  OpenImagesFolder folder;
  folder.path = relative.empty() ? root : root / relative;
  const std::vector<std::string> parts = parts_of(relative);
  const auto is_subset = [&](const std::string& part) {
    return is_openimages_subset(part) || std::ranges::find(subsets, part) != subsets.end();
  };
  std::size_t below = 0;  // the first part that is in the id
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (lower_case(parts[i]) == kOpenImagesImages) {
      folder.keeps_prefix = i == 0;
      below = i + 1;
      if (below < parts.size() && is_subset(parts[below])) folder.subset = parts[below++];
      break;
    }
    if (is_subset(parts[i])) {
      folder.subset = parts[i];
      below = i + 1;
      if (below < parts.size() && parts[below] == "data") ++below;  // FiftyOne
      folder.keeps_prefix = false;
      break;
    }
    folder.keeps_prefix = false;
  }
  if (parts.empty()) folder.keeps_prefix = false;
  if (folder.subset.starts_with("train_") && std::ranges::find(subsets, folder.subset) == subsets.end())
    folder.subset = "train";
  if (folder.subset == kOpenImagesNoSubset) folder.subset.clear();
  for (std::size_t i = below; i < parts.size(); ++i) folder.prefix += parts[i] + "/";
  return folder;
}

bool may_hold_mask(const Path& folder, std::string_view mask_name) {
  const std::string name = lower_case(folder.filename().string());
  const bool is_by_character = name.size() == 1 || (name.size() > 2 && name[name.size() - 2] == '-');
  if (!is_by_character || mask_name.empty()) return true;
  return name.back() == lower_case(mask_name.substr(0, 1)).front();
}

OpenImagesLayout find_openimages(const Path& root, Findings& findings) {
  return Lister(root, findings).list();
}

std::vector<OpenImagesTable> sample_tables(const Path& root) {
  std::vector<OpenImagesTable> tables;
  sample(root, kSampledLevels, tables);
  return tables;
}

}  // namespace maskmill
