// SPDX-License-Identifier: Apache-2.0
#include "formats/csv/table_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/text.h"
#include "formats/csv/label_table.h"
#include "formats/mask_files/pairing.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostSubsets = 1024;

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash + 1);
}

/// Up to and with the last "/" that both have in common.
std::string_view common_folder(std::string_view a, std::string_view b) {
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return folder_of(a.substr(0, static_cast<std::size_t>(differ - a.begin())));
}

/// "x/images/" of "x/images/a/": ids keep what lies below a folder of that name.
std::string cut_after_images(const std::string& folder) {
  for (const std::string_view name : {"images/", "imgs/", "image/", "img/"}) {
    const std::size_t at = folder.rfind(name);
    if (at != std::string::npos && (at == 0 || folder[at - 1] == '/'))
      return folder.substr(0, at + name.size());
  }
  return folder;
}

class Indexer {
 public:
  Indexer(TableIndex& index, Findings& findings) : index_(index), findings_(findings) {}

  void run() {
    for (std::size_t i = 0; i < index_.tables.size(); ++i) read(static_cast<std::uint16_t>(i));
    if (first_) index_.common_folder.clear();
    index_.common_folder = cut_after_images(index_.common_folder);
    for (const TablePaths* paths : {&index_.images, &index_.masks})
      for (const TablePaths::Rule& rule : paths->moved())
        findings_.add({"paths-moved", Severity::note, Place{index_.tables.front().file.string(), {}, {}},
                       rule.prefix.empty() ? fmt::format("the paths are read from {}", rule.folder.string())
                                           : fmt::format("what begins with {} is read from {}",
                                                         in_quotes(rule.prefix), rule.folder.string()),
                       ""});
  }

 private:
  /// Where a name occurred first.
  struct First {
    std::uint64_t whole_name;
    std::uint16_t table;
  };

  void read(std::uint16_t number) {
    const Table& table = index_.tables[number];
    CsvReader reader(table.file, table.separator);
    CsvRow row;
    reader.next(row);  // the header; find_tables() has read it
    for (std::size_t count = 0;; ++count) try {
        if (count % 4096 == 0) throw_if_interrupted();
        if (!reader.next(row)) return;
        if (row.fields.size() != table.columns.names.size())
          throw Error(Code::bad_format,
                      fmt::format("the row has {}, the header {}", counted(row.fields.size(), "field"),
                                  counted(table.columns.names.size(), "field")))
              .at_file(table.file)
              .at_line(row.line);
        add(row, number);
      } catch (const Error& error) {
        if (error.code() != Code::bad_format) throw;
        findings_.add(to_finding(error, "unreadable-row"));
      }
  }

  void add(const CsvRow& row, std::uint16_t number) {
    const Table& table = index_.tables[number];
    const std::string image = plain_path(cell(row, table.columns.image)),
                      mask = plain_path(cell(row, table.columns.mask));
    if (image.empty() || without_extension(image).ends_with('/'))
      throw Error(Code::bad_format, "the row names no image").at_file(table.file).at_line(row.line);
    if (!is_new(image, number, row.line)) return;
    if (row.line > std::numeric_limits<std::uint32_t>::max())
      throw Error(Code::unsupported, "the table has more than 2^32 lines").at_file(table.file);
    index_.rows.push_back({row.offset, static_cast<std::uint32_t>(row.line), number, !mask.empty()});
    index_.images.learn(image);
    index_.masks.learn(mask);
    const std::string_view folder = folder_of(image);
    index_.common_folder =
        std::string(std::exchange(first_, false) ? folder : common_folder(index_.common_folder, folder));
    note_values(row, table.columns);
    note_subset(trimmed(cell(row, table.columns.subset)));
  }

  bool is_new(const std::string& image, std::uint16_t number, std::size_t line) {
    const Table& table = index_.tables[number];
    const std::uint64_t whole_name = stable_hash(image);
    const auto [first, is_first] =
        names_.try_emplace(stable_hash(without_extension(image)), First{whole_name, number});
    if (is_first) return true;
    if (table.is_whole && first->second.table != number) return false;  // it repeats the subsets' rows
    const bool is_same = first->second.whole_name == whole_name;
    findings_.add({is_same ? "listed-twice" : "same-name", Severity::error,
                   Place{table.file.string(), line, {}},
                   is_same ? fmt::format("left out: {} is in {} already", in_quotes(image),
                                         index_.tables[first->second.table].file.filename().string())
                           : fmt::format("left out: another image has the name of {} but for its extension",
                                         in_quotes(image)),
                   is_same ? "keep it in one row of one table" : "rename one of the two"});
    return false;
  }

  void note_values(const CsvRow& row, const TableColumns& columns) {
    for (const auto& column : {columns.label_max, columns.label_ids})
      if (column) index_.values.merge(values_listed(row.fields[*column]));
  }

  void note_subset(std::string_view name) {
    std::vector<std::string>& known = index_.other_subsets;
    if (name.empty() || std::ranges::find(known, name) != known.end()) return;
    if (known.size() == kMostSubsets)
      throw Error(Code::bad_value, fmt::format("the tables name more than {} subsets", kMostSubsets))
          .hint("--read subset-column=NAME names the column of subsets");
    known.emplace_back(name);
  }

  TableIndex& index_;
  Findings& findings_;
  std::unordered_map<std::uint64_t, First> names_;  ///< by the image's path without extension
  bool first_ = true;
};

}  // namespace

TableIndex index_tables(std::vector<Table> tables, const Path& folder, const std::optional<std::string>& root,
                        Findings& findings) {
  TableIndex index{std::move(tables), {}, TablePaths(folder, root), TablePaths(folder, root), {}, {}, {}};
  if (index.tables.size() > std::numeric_limits<std::uint16_t>::max())
    throw Error(Code::unsupported, "more than 65,535 tables").at_file(folder);
  Indexer(index, findings).run();
  return index;
}

std::string cell(const CsvRow& row, std::optional<std::size_t> column) {
  return column && *column < row.fields.size() ? row.fields[*column] : std::string();
}

}  // namespace maskmill
