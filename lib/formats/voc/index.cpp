// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <numeric>
#include <string_view>

#include "base/error.h"
#include "base/hash_index.h"
#include "base/text.h"
#include "formats/subset_folders.h"
#include "formats/voc/layout.h"
#include "image/image.h"

namespace maskmill {
namespace {

constexpr std::array<std::string_view, 4> kKnownSubsets{"train", "val", "trainval", "test"};

struct List {
  Path file;
  std::string subset;
  bool segmentation = false;
};

/// "2008_000002 -1": what the lists a class add. Nothing where the line has no such mark.
std::optional<std::string_view> without_mark(std::string_view line) {
  const std::size_t blank = line.find_last_of(" \t");
  if (blank == std::string_view::npos) return std::nullopt;
  const std::string_view mark = line.substr(blank + 1);
  if (mark != "1" && mark != "0" && mark != "-1") return std::nullopt;
  return trimmed(line.substr(0, blank));
}

/// The numbers and texts of a list's lines that are not blank, until visit() returns false.
void for_each_line(const Path& list, const std::function<bool(std::size_t, std::string_view)>& visit) {
  const std::string text = read_file(list);
  std::size_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    if (!trimmed(line).empty() && !visit(number, trimmed(line))) return;
  }
}

bool begins_with_a_mark(const Path& list) {
  bool marked = false;
  for_each_line(list, [&](std::size_t, std::string_view line) {
    marked = without_mark(line).has_value();
    return false;
  });
  return marked;
}

std::vector<List> read_lists(const Path& folder, bool segmentation) {
  std::vector<List> lists;
  if (folder.empty()) return lists;
  for (const Path& file : list_files_of(folder, {"txt"}))
    lists.push_back({file, file.stem().string(), segmentation});
  std::vector<std::string> subsets;
  for (const List& list : lists) subsets.push_back(list.subset);
  std::erase_if(lists, [&](const List& list) {
    const auto is_its_end = [&](const std::string& subset) { return list.subset.ends_with("_" + subset); };
    return std::ranges::any_of(subsets, is_its_end) && begins_with_a_mark(list.file);
  });
  return lists;
}

/// Those of the kinds asked for, Main's before Segmentation's, but trainval's at the end: what it adds is
/// little.
std::vector<List> find_lists(const VocFolders& folders, VocSets sets) {
  std::vector<List> lists;
  if (sets != VocSets::segmentation) lists = read_lists(folders.main_sets, false);
  if (sets != VocSets::main)
    std::ranges::move(read_lists(folders.segmentation_sets, true), std::back_inserter(lists));
  if (lists.empty() && sets != VocSets::all)
    throw Error(Code::bad_value,
                fmt::format("sets={} was asked for, and ImageSets has no such lists", name_of(sets)))
        .at_file(folders.root);
  std::stable_partition(lists.begin(), lists.end(),
                        [](const List& list) { return list.subset != "trainval"; });
  return lists;
}

std::size_t subset_rank(const std::string& subset) {
  return static_cast<std::size_t>(std::ranges::find(kKnownSubsets, subset) - kKnownSubsets.begin());
}

class Indexer {
 public:
  Indexer(const VocFolders& folders, VocSets sets, Findings& findings)
      : folders_(folders), sets_(sets), findings_(findings) {}

  VocIndex index() {
    add_files();
    const std::vector<List> lists = find_lists(folders_, sets_);
    index_.subsets = subset_names(lists);
    for (const List& list : lists) add_list(list);
    if (folders_.by_subset) take_subsets_of_folders();
    arrange(!lists.empty());
    drop_empty_subsets();
    return std::move(index_);
  }

 private:
  using Extension = std::uint16_t VocEntry::*;

  void add_files() {
    const auto is_xml = [](const Path& file) { return lower_extension(file) == "xml"; };
    const auto is_mask = [](const Path& file) { return lower_extension(file) == "png"; };
    add_folder(folders_.annotations, is_xml, &VocEntry::annotation);
    add_folder(folders_.class_masks, is_mask, &VocEntry::class_mask);
    add_folder(folders_.object_masks, is_mask, &VocEntry::object_mask);
    add_folder(folders_.images, has_image_extension, &VocEntry::image);
    std::vector<VocEntry>& entries = index_.entries;
    std::ranges::sort(entries, {}, [&](const VocEntry& entry) { return index_.names[entry.id]; });
    by_id_ = HashIndex(entries.size());
    for (std::uint32_t i = 0; i < entries.size(); ++i) by_id_.add(hash_of(index_.names[entries[i].id]), i);
    listed_as_.resize(entries.size(), kUnlisted);
    by_segmentation_.resize(entries.size());
  }

  void add_folder(const Path& folder, const std::function<bool(const Path&)>& is_meant, Extension extension) {
    if (folder.empty()) return;
    NameArena names;
    std::vector<NameArena::Number> files;
    for_each_file(folder, !(folders_.flat && folder == folders_.root), [&](const std::string& name) {
      if (is_meant(name)) files.push_back(names.add(name));
    });
    std::ranges::sort(files, {}, [&](NameArena::Number file) { return names[file]; });
    index_.entries.reserve(std::max(index_.entries.size(), files.size()));
    for (const NameArena::Number number : files) {
      const Path file = std::string(names[number]);
      const std::string suffix = file.extension().string();
      const std::string_view id = names[number].substr(0, names[number].size() - suffix.size());
      std::uint16_t& slot = entry_of(id).*extension;
      if (slot == VocEntry::none)
        slot = number_of(suffix);
      else
        findings_.add({"same-name", Severity::warning, Place{(folder / file).string(), {}, {}},
                       fmt::format("differs from {} in its extension only, and is left out",
                                   in_quotes(std::string(id) + index_.extensions[slot - 1U])),
                       "rename or remove one of them"});
    }
  }

  std::optional<std::uint32_t> find_id(std::string_view id) const {
    return by_id_.find(hash_of(id),
                       [&](std::uint32_t number) { return index_.names[index_.entries[number].id] == id; });
  }

  /// Made where there is none.
  VocEntry& entry_of(std::string_view id) {
    if (const auto known = find_id(id)) return index_.entries[*known];
    by_id_.add(hash_of(id), static_cast<std::uint32_t>(index_.entries.size()));
    VocEntry& entry = index_.entries.emplace_back();
    entry.id = index_.names.add(id);
    return entry;
  }

  std::uint16_t number_of(const std::string& suffix) {
    const auto found = std::ranges::find(index_.extensions, suffix);
    const auto number = static_cast<std::uint16_t>(found - index_.extensions.begin() + 1);
    if (found == index_.extensions.end()) index_.extensions.push_back(suffix);
    return number;
  }

  void take_subsets_of_folders() {
    const auto subset_of = [&](const VocEntry& entry) {
      const std::string_view folder = first_folder(index_.names[entry.id]);
      return std::string(is_usual_subset(folder) ? folder : std::string_view());
    };
    for (const VocEntry& entry : index_.entries)
      if (std::string subset = subset_of(entry);
          !subset.empty() && std::ranges::find(index_.subsets, subset) == index_.subsets.end())
        index_.subsets.push_back(std::move(subset));
    sort_subsets(index_.subsets);
    for (VocEntry& entry : index_.entries)
      if (const std::string subset = subset_of(entry); !subset.empty())
        entry.subset = static_cast<std::uint32_t>(std::ranges::find(index_.subsets, subset) -
                                                  index_.subsets.begin() + 1);
  }

  static std::vector<std::string> subset_names(const std::vector<List>& lists) {
    std::vector<std::string> names;
    for (const List& list : lists) names.push_back(list.subset);
    std::ranges::sort(names, {}, [](const std::string& name) { return std::pair(subset_rank(name), name); });
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  /// A line may be quoted, carry a class's mark, or have the image's extension.
  std::optional<std::uint32_t> find_entry(std::string_view line) const {
    std::vector<std::string> candidates{std::string(line)};
    if (line.size() > 2 && line.front() == '"' && line.back() == '"')
      candidates.emplace_back(line.substr(1, line.size() - 2));
    if (const auto id = without_mark(line)) candidates.emplace_back(*id);
    if (const Path path{std::string(line)}; has_image_extension(path))
      candidates.emplace_back(line.substr(0, line.size() - path.extension().size()));
    for (const std::string& candidate : candidates)
      if (const auto found = find_id(candidate)) return found;
    return std::nullopt;
  }

  void add_list(const List& list) {
    const auto found_subset = std::ranges::find(index_.subsets, list.subset);
    const auto subset = static_cast<std::uint32_t>(found_subset - index_.subsets.begin() + 1);
    std::vector<bool> seen(index_.entries.size());
    for_each_line(list.file, [&](std::size_t number, std::string_view line) {
      const Place place{list.file.string(), number, {}};
      const auto found = find_entry(line);
      if (!found) {
        findings_.add({"listed-absent", Severity::error, place,
                       fmt::format("there is neither an image nor an annotation of {}", in_quotes(line)),
                       "add its files, or delete the line"});
      } else if (seen[*found]) {
        findings_.add({"listed-twice", Severity::note, place,
                       fmt::format("{} was listed before", in_quotes(line)), "delete the line"});
      } else {
        seen[*found] = true;
        if (listed_as_[*found] == kUnlisted) listed_as_[*found] = listed_++;
        if (list.segmentation) index_.entries[*found].in_segmentation = true;
        assign(*found, subset, list, place);
      }
      return true;
    });
  }

  void assign(std::size_t number, std::uint32_t subset, const List& list, const Place& place) {
    VocEntry& entry = index_.entries[number];
    if (entry.subset != VocEntry::none && list.subset == "trainval") return;
    const bool goes_before = list.segmentation && !by_segmentation_[number];
    if (entry.subset != VocEntry::none && entry.subset != subset) {
      const std::string& other = index_.subsets[entry.subset - 1U];
      findings_.add({"subset-conflict", goes_before ? Severity::warning : Severity::error, place,
                     fmt::format("{} is in {} and in {}; it counts as {}", in_quotes(index_.id_of(entry)),
                                 other, list.subset, goes_before ? list.subset : other),
                     "list it once"});
    }
    if (entry.subset != VocEntry::none && !goes_before) return;
    entry.subset = subset;
    by_segmentation_[number] = list.segmentation;
  }

  void arrange(bool has_lists) {
    if (!has_lists) return;
    std::vector<std::uint32_t> order(index_.entries.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto is_unlisted = [&](std::size_t i) { return listed_as_[i] == kUnlisted; };
    const auto unlisted = std::ranges::count_if(order, is_unlisted);
    if (sets_ != VocSets::all)
      std::erase_if(order, is_unlisted);
    else if (unlisted > 0)
      findings_.add(
          {"unlisted",
           Severity::note,
           Place{folders_.root.string(), {}, {}},
           fmt::format("no list names {}, such as {}; they are in no subset",
                       counted(static_cast<std::size_t>(unlisted), "item"),
                       in_quotes(index_.id_of(index_.entries[*std::ranges::find_if(order, is_unlisted)]))),
           {}});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) {
      const std::uint32_t subset = index_.entries[i].subset;
      return std::pair(subset == VocEntry::none ? index_.subsets.size() + 1 : subset, listed_as_[i]);
    });
    std::vector<VocEntry> entries;
    entries.reserve(order.size());
    for (const std::uint32_t i : order) entries.push_back(index_.entries[i]);
    index_.entries = std::move(entries);
  }

  void drop_empty_subsets() {
    std::vector<std::uint32_t> renumbered(index_.subsets.size() + 1, VocEntry::none);
    std::vector<std::string> kept;
    for (std::size_t i = 1; i < renumbered.size(); ++i) {
      if (std::ranges::none_of(index_.entries, [&](const VocEntry& entry) { return entry.subset == i; }))
        continue;
      kept.push_back(std::move(index_.subsets[i - 1]));
      renumbered[i] = static_cast<std::uint32_t>(kept.size());
    }
    for (VocEntry& entry : index_.entries) entry.subset = renumbered[entry.subset];
    index_.subsets = std::move(kept);
  }

  static constexpr std::uint32_t kUnlisted = static_cast<std::uint32_t>(-1);

  const VocFolders& folders_;
  VocSets sets_;
  Findings& findings_;
  VocIndex index_;
  HashIndex by_id_;
  std::vector<std::uint32_t> listed_as_;  ///< the order in which the lists first name the entries
  std::vector<bool> by_segmentation_;     ///< the entry's subset is what a list of Segmentation says
  std::uint32_t listed_ = 0;
};

}  // namespace

VocIndex index_voc(const VocFolders& folders, VocSets sets, Findings& findings) {
  return Indexer(folders, sets, findings).index();
}

}  // namespace maskmill
