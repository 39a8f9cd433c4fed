// SPDX-License-Identifier: Apache-2.0
#include "formats/cityscapes/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/hash_index.h"
#include "base/text.h"
#include "formats/mask_files/pairing.h"
#include "image/image.h"

namespace maskmill {
namespace {

constexpr std::array<std::string_view, 2> kCameras{"_leftImg8bit", "_rightImg8bit"};
constexpr std::array<std::string_view, 6> kUsualSubsets{"train", "train_extra", "trainval",
                                                        "val",   "test",        "demoVideo"};
constexpr std::array<std::string_view, 2> kUsualTruth{"gtFine", "gtCoarse"};

/// "train/aachen/a" and "_foggy_beta_0.02" of "train/aachen/a_leftImg8bit_foggy_beta_0.02".
std::pair<std::string_view, std::string_view> parts_of_image(std::string_view stem) {
  const std::size_t slash = stem.rfind('/');
  for (const std::string_view camera : kCameras)
    if (const std::size_t at = stem.rfind(camera);
        at != std::string_view::npos && (slash == std::string_view::npos || at > slash + 1))
      return {stem.substr(0, at), stem.substr(at + camera.size())};
  return {stem, {}};
}

/// "train/aachen/a" of "train/aachen/a_gtFine".
std::string_view key_of_truth(std::string_view truth) {
  const std::size_t slash = truth.rfind('/'), at = truth.rfind("_gt");
  const bool has_kind = at != std::string_view::npos && at > 0 &&
                        (slash == std::string_view::npos || at > slash + 1) &&
                        truth.find('_', at + 1) == std::string_view::npos;
  return has_kind ? truth.substr(0, at) : truth;
}

std::string_view subset_in(std::string_view name) {
  const std::size_t slash = name.find('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}
std::string_view below_subset(std::string_view name) {
  const std::size_t slash = name.find('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

Path stated_folder(const Path& source, const std::string& name, const char* setting) {
  if (!is_safe_relative(name))
    throw Error(Code::usage, fmt::format("{} is no folder below the data set", in_quotes(name)))
        .at_field(setting);
  Path folder = source / name;
  if (!fs::is_directory(folder))
    throw Error(Code::not_found, "there is no such folder").at_file(folder).at_field(setting);
  return folder;
}

class Indexer {
 public:
  Indexer(const CityscapesFolders& folders, Findings& findings) : folders_(folders), findings_(findings) {}

  CityscapesIndex index() {
    std::vector<CityscapesEntry> truths = list_truths();
    add_images(truths);
    for (const CityscapesEntry& truth : truths)
      if (!has_image_[static_cast<std::size_t>(&truth - truths.data())]) index_.entries.push_back(truth);
    number_subsets();
    mark_equal_ids();
    std::vector<std::pair<std::string, CityscapesEntry>> by_id;
    by_id.reserve(index_.entries.size());
    for (const CityscapesEntry& entry : index_.entries) by_id.emplace_back(index_.id_of(entry), entry);
    std::ranges::sort(by_id, {}, [](const auto& pair) { return std::pair(pair.first, pair.second.subset); });
    leave_out_equal_ids(by_id);
    return std::move(index_);
  }

 private:
  std::string_view name(const CityscapesEntry& entry) const {
    return index_.names[entry.image == NameArena::none ? entry.truth : entry.image];
  }

  std::vector<CityscapesEntry> list_truths() {
    std::vector<CityscapesEntry> truths;
    if (folders_.truth.empty()) return truths;
    for_each_file(folders_.truth, true, [&](const std::string& file) {
      for (const auto& [bit, ending] : kCityscapesEndings) {
        if (!file.ends_with(ending) || file.size() == ending.size()) continue;
        const std::string_view stem = std::string_view(file).substr(0, file.size() - ending.size());
        const auto is_it = [&](std::uint32_t number) { return index_.names[truths[number].truth] == stem; };
        const auto known = by_stem_.find(hash_of(stem), is_it);
        if (!known) by_stem_.add(hash_of(stem), static_cast<std::uint32_t>(truths.size()));
        if (!known) truths.push_back({NameArena::none, index_.names.add(stem)});
        CityscapesEntry& entry = truths[known.value_or(static_cast<std::uint32_t>(truths.size() - 1))];
        entry.files = static_cast<std::uint8_t>(entry.files | bit);
      }
    });
    // The file system's order decides nothing.
    std::ranges::sort(truths, {}, [&](const CityscapesEntry& entry) { return index_.names[entry.truth]; });
    for (std::uint32_t i = 0; i < truths.size(); ++i) {
      const std::string_view key = key_of_truth(index_.names[truths[i].truth]);
      const auto is_it = [&](std::uint32_t number) {
        return key_of_truth(index_.names[truths[number].truth]) == key;
      };
      if (!by_key_.find(hash_of(key), is_it)) by_key_.add(hash_of(key), i);
    }
    has_image_.resize(truths.size());
    return truths;
  }

  void add_images(const std::vector<CityscapesEntry>& truths) {
    if (folders_.images.empty()) return;
    std::vector<NameArena::Number> images;
    for_each_file(folders_.images, true, [&](const std::string& file) {
      if (has_image_extension(file)) images.push_back(index_.names.add(file));
    });
    std::ranges::sort(images, {}, [&](NameArena::Number image) {
      const std::string_view file = index_.names[image];
      return std::pair(without_extension(file), file);
    });
    std::string_view last;
    for (const NameArena::Number image : images) {
      const std::string_view file = index_.names[image], stem = without_extension(file);
      if (stem == last && !last.empty()) {
        findings_.add(
            {"same-name", Severity::error, Place{(folders_.images / std::string(file)).string(), {}, {}},
             "left out: another image has the same name but for its extension", "keep one of the two"});
        continue;
      }
      last = stem;
      CityscapesEntry entry;
      const std::string_view key = parts_of_image(stem).first;
      const auto found = by_key_.find(hash_of(key), [&](std::uint32_t number) {
        return key_of_truth(index_.names[truths[number].truth]) == key;
      });
      if (found) {
        entry = truths[*found];
        has_image_[*found] = true;
      }
      entry.image = image;
      index_.entries.push_back(entry);
    }
  }

  void number_subsets() {
    std::map<std::string, std::uint16_t, std::less<>> numbers;
    for (const CityscapesEntry& entry : index_.entries)
      if (const std::string_view subset = subset_in(name(entry)); !subset.empty() && subset != kNoSubset)
        numbers.emplace(subset, std::uint16_t{0});
    if (numbers.size() > 65534)
      throw Error(Code::unsupported, "more than 65,534 subsets").at_file(folders_.root);
    const auto add = [&](auto& subset) {
      index_.subsets.push_back(subset.first);
      subset.second = static_cast<std::uint16_t>(index_.subsets.size());
    };
    for (const std::string_view usual : kUsualSubsets)
      if (const auto found = numbers.find(usual); found != numbers.end()) add(*found);
    for (auto& subset : numbers)
      if (subset.second == 0) add(subset);
    for (CityscapesEntry& entry : index_.entries)
      if (const auto found = numbers.find(subset_in(name(entry))); found != numbers.end())
        entry.subset = found->second;
  }

  void mark_equal_ids() {
    HashIndex index(index_.entries.size());
    for (std::uint32_t i = 0; i < index_.entries.size(); ++i) {
      const std::string own = index_.id_of(index_.entries[i]);
      const auto known = index.find(hash_of(own), [&](std::uint32_t other) {
        CityscapesEntry plain = index_.entries[other];
        plain.subset_in_id = false;
        return index_.id_of(plain) == own;
      });
      if (!known) index.add(hash_of(own), i);
      if (known)
        for (const std::uint32_t number : {*known, i})
          index_.entries[number].subset_in_id = index_.entries[number].subset != 0;
    }
  }

  void leave_out_equal_ids(const std::vector<std::pair<std::string, CityscapesEntry>>& by_id) {
    index_.entries.clear();
    for (std::size_t i = 0; i < by_id.size(); ++i) {
      if (i == 0 || by_id[i].first != by_id[i - 1].first) {
        index_.entries.push_back(by_id[i].second);
        continue;
      }
      const CityscapesEntry& entry = by_id[i].second;
      const Path& folder = entry.image == NameArena::none ? folders_.truth : folders_.images;
      findings_.add({"same-name", Severity::error,
                     Place{(folder / std::string(name(entry))).string(), {}, {}},
                     fmt::format("left out: another item has the id {} too", in_quotes(by_id[i].first)),
                     "rename one of the two"});
    }
  }

  const CityscapesFolders& folders_;
  Findings& findings_;
  CityscapesIndex index_;
  HashIndex by_stem_, by_key_;
  std::vector<bool> has_image_;  ///< by truth
};

}  // namespace

std::string_view ending_of(cityscapes_file::Kind file) {
  for (const auto& [bit, ending] : kCityscapesEndings)
    if (bit == file) return ending;
  return {};
}

CityscapesFolders find_cityscapes_folders(const Path& source, const std::optional<std::string>& images,
                                          const std::optional<std::string>& truth) {
  CityscapesFolders found;
  found.root = source;
  std::vector<std::string> pictures, truths;
  for (const Path& folder : list_folders(source)) {
    const std::string name = folder.filename().string();
    if (name.starts_with("leftImg8bit") || name.starts_with("rightImg8bit")) pictures.push_back(name);
    if (name.starts_with("gt")) truths.push_back(name);
  }
  if (images)
    found.images = stated_folder(source, *images, "images");
  else if (std::ranges::find(pictures, "leftImg8bit") != pictures.end())
    found.images = source / "leftImg8bit";
  else if (pictures.size() == 1)
    found.images = source / pictures.front();
  if (truth) {
    found.truth = stated_folder(source, *truth, "truth");
  } else {
    for (const std::string_view usual : kUsualTruth)
      if (found.truth.empty() && std::ranges::find(truths, usual) != truths.end())
        found.truth = source / std::string(usual);
    if (found.truth.empty() && truths.size() == 1) found.truth = source / truths.front();
  }
  for (const std::string& name : truths)
    if (!found.truth.empty() && source / name != found.truth) found.other_truth.push_back(name);
  return found;
}

std::string CityscapesIndex::id_of(const CityscapesEntry& entry) const {
  std::string id;
  if (entry.image != NameArena::none) {
    const auto [key, rest] = parts_of_image(without_extension(names[entry.image]));
    id = std::string(below_subset(key)) + std::string(rest);
  } else {
    id = below_subset(key_of_truth(names[entry.truth]));
  }
  return entry.subset_in_id ? subsets[entry.subset - 1U] + "/" + id : id;
}

CityscapesIndex index_cityscapes(const CityscapesFolders& folders, Findings& findings) {
  return Indexer(folders, findings).index();
}

}  // namespace maskmill
