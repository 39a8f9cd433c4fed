// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/oid_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/hash_index.h"
#include "base/parallel.h"
#include "base/text.h"
#include "image/image.h"

namespace maskmill {
namespace {

/// What says an item's subset, the strongest last.
enum SubsetFrom : std::uint8_t { nothing, its_table, its_list, its_folder };

constexpr std::uint32_t kMostRunBytes = std::uint32_t{1} << 30;
constexpr std::uint64_t kMostTableBytes = std::uint64_t{1} << 48;
constexpr std::size_t kInterruptEvery = 1 << 16;
constexpr std::array<std::string_view, 4> kSubsetOrder{"train", "validation", "val", "test"};

std::size_t rank_of(const std::string& subset) {
  return static_cast<std::size_t>(std::ranges::find(kSubsetOrder, subset) - kSubsetOrder.begin());
}

/// A file may be named after it, and it is none that would be passed over when it is listed.
bool is_safe_id(std::string_view id) {
  if (!is_safe_relative(id) || id.front() == '.') return false;
  return id.find("/.") == std::string_view::npos && id.find("//") == std::string_view::npos;
}

class Indexer {
 public:
  Indexer(OpenImagesLayout& layout, OpenImagesItems items, OpenImagesClasses& classes, Findings& findings)
      : layout_(layout), classes_(classes), findings_(findings) {
    keeps_rows_alone_ = items == OpenImagesItems::rows;
    takes_rows_ =
        items == OpenImagesItems::rows || (items == OpenImagesItems::automatic && layout.images.empty());
    has_annotations_ = std::ranges::any_of(
        layout.tables, [](const OpenImagesTable& table) { return table.kind != OpenImagesKind::images; });
    if (layout.tables.size() >= std::numeric_limits<std::uint16_t>::max())
      throw Error(Code::unsupported, "more than 65,534 tables").at_file(layout.tables.front().file);
  }

  OpenImagesIndex index() {
    add_images();
    for (std::size_t i = 0; i < layout_.tables.size(); ++i) scan(static_cast<std::uint16_t>(i));
    by_id_ = HashIndex();
    if (keeps_rows_alone_)
      std::erase_if(index_.entries,
                    [](const OpenImagesEntry& entry) { return entry.first_run == OpenImagesRun::none; });
    std::ranges::sort(index_.entries, {}, [&](const OpenImagesEntry& entry) { return index_.ids[entry.id]; });
    arrange_subsets();
    report();
    return std::move(index_);
  }

 private:
  void add_images() {
    std::vector<OpenImagesFile>& files = layout_.images;
    index_.has_images = !files.empty();
    std::ranges::sort(files, {}, [&](const OpenImagesFile& file) {
      return std::pair(std::string_view(layout_.folders[file.folder].path.native()),
                       layout_.names[file.name]);
    });
    by_id_ = HashIndex(files.size());
    index_.entries.reserve(files.size());
    for (const OpenImagesFile& file : files) add_image(file);
    layout_.images = {};
    if (same_ > 0)
      findings_.add(
          {"same-name",
           Severity::warning,
           same_at_,
           fmt::format("{} of an id that another image has, as this one: left out", counted(same_, "image")),
           {}});
  }

  void add_image(const OpenImagesFile& file) {
    const OpenImagesFolder& folder = layout_.folders[file.folder];
    const std::string_view name = layout_.names[file.name];
    const std::string_view stem = name.substr(0, name.rfind('.'));
    std::string id(stem);
    if (folder.keeps_prefix || !is_openimages_id(stem)) id = folder.prefix + id;
    if (find(id)) {
      if (same_++ == 0) same_at_.file = (folder.path / std::string(name)).string();
      return;
    }
    OpenImagesEntry& entry = add_entry(id);
    entry.file_name = file.name;
    entry.folder = file.folder;
    if (!folder.subset.empty()) {
      entry.subset = number_of_subset(folder.subset);
      entry.subset_from = its_folder;
    }
  }

  std::optional<std::uint32_t> find(std::string_view id) const {
    return by_id_.find(hash_of(id),
                       [&](std::uint32_t number) { return index_.ids[index_.entries[number].id] == id; });
  }

  OpenImagesEntry& add_entry(std::string_view id) {
    by_id_.add(hash_of(id), static_cast<std::uint32_t>(index_.entries.size()));
    OpenImagesEntry& entry = index_.entries.emplace_back();
    entry.id = index_.ids.add(id);
    return entry;
  }

  std::uint16_t number_of_subset(std::string_view name) {
    if (name.empty()) return 0;
    const auto found = std::ranges::find(index_.subsets, name);
    if (found != index_.subsets.end()) return static_cast<std::uint16_t>(found - index_.subsets.begin() + 1);
    if (index_.subsets.size() == std::numeric_limits<std::uint16_t>::max())
      throw Error(Code::unsupported, "more than 65,535 subsets");
    index_.subsets.emplace_back(name);
    return static_cast<std::uint16_t>(index_.subsets.size());
  }

  void scan(std::uint16_t number) {
    const OpenImagesTable& table = layout_.tables[number];
    // The list of all nine million images adds none to those that somebody annotated.
    const bool adds_items =
        takes_rows_ && (table.kind != OpenImagesKind::images || table.names_subset || !has_annotations_);
    const std::uint16_t subset = number_of_subset(table.subset);
    CsvScanner scanner(table.file);
    CsvLine line;
    std::string last_id, last_label, last_subset;
    std::uint16_t stated_subset = 0;
    std::uint32_t entry = OpenImagesEntry::none;
    bool is_first = true, is_header = true;
    std::size_t foreign = 0, rows = 0;
    CsvRow parsed;
    const auto cell = [&](std::size_t column) -> std::string_view {
      if (line.is_plain) return plain_csv_field(line.text, column);
      return column < parsed.fields.size() ? std::string_view(parsed.fields[column]) : std::string_view();
    };
    for (;;) {
      try {
        if (!scanner.next(line)) break;
        if (!line.is_plain) CsvReader(line.text, table.file, line.line).next(parsed);
      } catch (const Error& error) {
        findings_.add(to_finding(error, "unreadable-row"));
        continue;
      }
      if (std::exchange(is_header, false)) continue;
      if (++rows % kInterruptEvery == 0) throw_if_interrupted();
      if (const std::string_view id = cell(table.image); is_first || id != last_id) {
        is_first = false;
        last_id = id;
        entry = entry_of(last_id, adds_items, {table.file.string(), line.line, "ImageID"});
        if (entry != OpenImagesEntry::none && !table.subset_column)
          assign(index_.entries[entry], subset, table.names_subset ? its_table : nothing);
      }
      if (entry == OpenImagesEntry::none) {
        ++foreign;
        continue;
      }
      if (table.label)
        if (const std::string_view label = cell(*table.label); label != last_label) {
          last_label = label;
          if (!last_label.empty()) classes_.use(last_label);
        }
      if (table.subset_column) {
        if (const std::string_view stated = cell(*table.subset_column); stated != last_subset) {
          last_subset = stated;
          stated_subset = number_of_subset(last_subset);
        }
        assign(index_.entries[entry], stated_subset, its_list);
      }
      add_row(index_.entries[entry], number, line);
    }
    if (foreign > 0)
      findings_.add({"rows-left-out",
                     Severity::note,
                     Place{table.file.string(), {}, {}},
                     fmt::format("{} of {} are of images that are not there", counted(foreign, "row"),
                                 with_thousands(rows)),
                     {}});
  }

  std::uint32_t entry_of(const std::string& id, bool adds_items, Place place) {
    if (const auto found = find(id)) return *found;
    if (!adds_items) return OpenImagesEntry::none;
    if (!is_safe_id(id)) {
      findings_.add({"unsafe-file-name",
                     Severity::error,
                     std::move(place),
                     fmt::format("no file can be called {}: its rows are left out", in_quotes(id)),
                     {}});
      return OpenImagesEntry::none;
    }
    add_entry(id);
    return static_cast<std::uint32_t>(index_.entries.size() - 1);
  }

  void assign(OpenImagesEntry& entry, std::uint16_t subset, SubsetFrom from) {
    if (entry.subset_from == from && from != nothing && entry.subset != subset && conflicts_++ == 0)
      conflict_ = fmt::format("{} is in {} and in {}", in_quotes(index_.ids[entry.id]), name_of(entry.subset),
                              name_of(subset));
    if (entry.subset_from >= from) return;
    entry.subset = subset;
    entry.subset_from = from;
  }

  std::string name_of(std::uint16_t subset) const {
    return subset == 0 ? "none" : index_.subsets[subset - 1U];
  }

  void add_row(OpenImagesEntry& entry, std::uint16_t table, const CsvLine& line) {
    const auto bytes = static_cast<std::uint32_t>(line.end - line.offset);
    if (line.end >= kMostTableBytes)
      throw Error(Code::unsupported, "is larger than 256 TB").at_file(layout_.tables[table].file);
    entry.bytes = entry.bytes > kMostRunBytes ? entry.bytes : entry.bytes + bytes;
    if (entry.last_run != OpenImagesRun::none) {
      OpenImagesRun& last = index_.runs[entry.last_run];
      if (last.table == table && last.offset() + last.bytes == line.offset && last.bytes < kMostRunBytes) {
        last.bytes += bytes;
        return;
      }
    }
    if (index_.runs.size() == OpenImagesRun::none)
      throw Error(Code::unsupported, "the tables are scattered over more than 4 billion places");
    const auto number = static_cast<std::uint32_t>(index_.runs.size());
    OpenImagesRun run;
    run.offset_low = static_cast<std::uint32_t>(line.offset);
    run.offset_high = static_cast<std::uint16_t>(line.offset >> 32);
    run.table = table;
    run.bytes = bytes;
    run.line = static_cast<std::uint32_t>(std::min<std::size_t>(line.line, 0xFFFFFFFF));
    index_.runs.push_back(run);
    (entry.last_run == OpenImagesRun::none ? entry.first_run : index_.runs[entry.last_run].next) = number;
    entry.last_run = number;
  }

  void arrange_subsets() {
    std::vector<bool> is_used(index_.subsets.size() + 1);
    for (const OpenImagesEntry& entry : index_.entries) is_used[entry.subset] = true;
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < index_.subsets.size(); ++i)
      if (is_used[i + 1]) kept.push_back(index_.subsets[i]);
    std::ranges::sort(kept, {}, [](const std::string& name) { return std::pair(rank_of(name), name); });
    std::vector<std::uint16_t> renumbered(index_.subsets.size() + 1, 0);
    for (std::size_t i = 0; i < index_.subsets.size(); ++i)
      if (is_used[i + 1])
        renumbered[i + 1] =
            static_cast<std::uint16_t>(std::ranges::find(kept, index_.subsets[i]) - kept.begin() + 1);
    for (OpenImagesEntry& entry : index_.entries) entry.subset = renumbered[entry.subset];
    index_.subsets = std::move(kept);
  }

  void report() {
    if (conflicts_ > 0)
      findings_.add({"in-two-subsets",
                     Severity::warning,
                     {},
                     fmt::format("rows say two subsets of an image {}: {}; the first counts",
                                 counted(conflicts_, "time"), conflict_),
                     {}});
  }

  OpenImagesLayout& layout_;
  OpenImagesClasses& classes_;
  Findings& findings_;
  OpenImagesIndex index_;
  HashIndex by_id_;
  bool keeps_rows_alone_ = false, takes_rows_ = false, has_annotations_ = false;
  std::size_t same_ = 0, conflicts_ = 0;
  Place same_at_;
  std::string conflict_;
};

}  // namespace

void OpenImagesIndex::for_each_run(const OpenImagesEntry& entry,
                                   const std::function<void(const OpenImagesRun&)>& visit) const {
  for (std::uint32_t run = entry.first_run; run != OpenImagesRun::none; run = runs[run].next)
    visit(runs[run]);
}

OpenImagesIndex index_openimages(OpenImagesLayout& layout, OpenImagesItems items, OpenImagesClasses& classes,
                                 Findings& findings) {
  return Indexer(layout, items, classes, findings).index();
}

}  // namespace maskmill
