// SPDX-License-Identifier: Apache-2.0
#include "formats/kitti/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>

#include "base/error.h"
#include "base/hash_index.h"
#include "base/text.h"
#include "formats/mask_files/pairing.h"
#include "image/image.h"

namespace maskmill {
namespace {

constexpr std::array<std::string_view, 2> kUsualSubsets{"training", "testing"};
constexpr std::string_view kMaskEnding = ".png";

bool holds_kitti(const Path& folder) {
  boost::system::error_code failure;
  const auto there = [&](std::string_view name) {
    return fs::is_directory(folder / std::string(name), failure);
  };
  return there(kKittiImages) ||
         std::ranges::any_of(kKittiFolders, [&](const KittiFolder& one) { return there(one.name); });
}

class Indexer {
 public:
  Indexer(std::vector<KittiSubset> subsets, Findings& findings) : findings_(findings) {
    index_.subsets = std::move(subsets);
  }

  KittiIndex index() {
    for (std::size_t i = 0; i < index_.subsets.size(); ++i) list(static_cast<std::uint16_t>(i));
    mark_equal_names();
    std::vector<std::pair<std::string, KittiEntry>> by_id;
    by_id.reserve(index_.entries.size());
    for (const KittiEntry& entry : index_.entries) by_id.emplace_back(index_.id_of(entry), entry);
    std::ranges::sort(by_id, {}, [](const auto& pair) { return std::pair(pair.first, pair.second.subset); });
    index_.entries.clear();
    for (std::size_t i = 0; i < by_id.size(); ++i)
      if (i == 0 || by_id[i].first != by_id[i - 1].first)
        index_.entries.push_back(by_id[i].second);
      else
        report_same(by_id[i].second,
                    fmt::format("another item has the id {} too", in_quotes(by_id[i].first)));
    return std::move(index_);
  }

 private:
  void report_same(const KittiEntry& entry, const std::string& what) {
    const Path place = index_.subsets[entry.subset].folder / std::string(kKittiImages) /
                       std::string(index_.names[entry.name]);
    findings_.add({"same-name", Severity::error, Place{place.string(), {}, {}}, "left out: " + what,
                   "rename one of the two"});
  }

  void list(std::uint16_t subset) {
    const Path& folder = index_.subsets[subset].folder;
    HashIndex by_name;
    const std::size_t first = index_.entries.size();
    const auto entry_of = [&](std::string_view stem) -> KittiEntry& {
      const auto known = by_name.find(hash_of(stem), [&](std::uint32_t number) {
        return index_.names[index_.entries[first + number].name] == stem;
      });
      if (known) return index_.entries[first + *known];
      by_name.add(hash_of(stem), static_cast<std::uint32_t>(index_.entries.size() - first));
      KittiEntry entry;
      entry.name = index_.names.add(stem);
      entry.subset = subset;
      index_.entries.push_back(entry);
      return index_.entries.back();
    };
    boost::system::error_code failure;
    if (const Path images = folder / std::string(kKittiImages); fs::is_directory(images, failure)) {
      for (const Path& file : list_files(images)) {
        if (!has_image_extension(file)) continue;
        const std::string name = relative_name(file, images);
        KittiEntry& entry = entry_of(without_extension(name));
        if (entry.image == NameArena::none)
          entry.image = index_.names.add(std::string_view(name).substr(without_extension(name).size()));
        else
          report_same(entry, "another image has the same name but for its extension");
      }
    }
    for (const KittiFolder& masks : kKittiFolders) {
      const Path below = folder / std::string(masks.name);
      if (!fs::is_directory(below, failure)) continue;
      for_each_file(below, true, [&](const std::string& name) {
        if (!name.ends_with(kMaskEnding)) return;
        KittiEntry& entry = entry_of(without_extension(name));
        entry.files = static_cast<std::uint8_t>(entry.files | masks.file);
      });
    }
  }

  void mark_equal_names() {
    HashIndex index(index_.entries.size());
    for (std::uint32_t i = 0; i < index_.entries.size(); ++i) {
      const std::string_view own = index_.names[index_.entries[i].name];
      const auto known = index.find(
          hash_of(own), [&](std::uint32_t other) { return index_.names[index_.entries[other].name] == own; });
      if (!known) index.add(hash_of(own), i);
      if (known)
        for (const std::uint32_t number : {*known, i})
          index_.entries[number].subset_in_id = !index_.subsets[index_.entries[number].subset].name.empty();
    }
  }

  Findings& findings_;
  KittiIndex index_;
};

}  // namespace

std::vector<KittiSubset> find_kitti_subsets(const Path& source) {
  if (holds_kitti(source)) return {{"", source}};
  std::vector<KittiSubset> found;
  for (const Path& folder : list_folders(source)) {
    const std::string name = folder.filename().string();
    if (holds_kitti(folder)) found.push_back({name == kKittiNoSubset ? "" : name, folder});
  }
  if (found.size() > 65535) throw Error(Code::unsupported, "more than 65,535 subsets").at_file(source);
  const auto rank = [](const KittiSubset& subset) {
    return std::ranges::find(kUsualSubsets, subset.name) - kUsualSubsets.begin();
  };
  std::ranges::stable_sort(found, {}, rank);
  return found;
}

std::string KittiIndex::id_of(const KittiEntry& entry) const {
  const std::string name(names[entry.name]);
  return entry.subset_in_id ? subsets[entry.subset].name + "/" + name : name;
}

KittiIndex index_kitti(std::vector<KittiSubset> subsets, Findings& findings) {
  return Indexer(std::move(subsets), findings).index();
}

}  // namespace maskmill
