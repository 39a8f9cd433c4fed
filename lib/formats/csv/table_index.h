// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/csv.h"
#include "base/finding.h"
#include "formats/csv/table_paths.h"
#include "formats/csv/tables.h"

namespace maskmill {

/// A row that is an item. Its text stays in the file.
struct IndexedRow {
  std::uint64_t offset = 0;
  std::uint32_t line = 0;
  std::uint16_t table = 0;
  bool has_mask = false;
};

/// What one reading of all tables finds. 16 bytes a row, and while it is made about 50 more for each name.
struct TableIndex {
  std::vector<Table> tables;
  std::vector<IndexedRow> rows;
  TablePaths images, masks;
  /// What ids leave out: the folder that all images have in common, or "images" in it.
  std::string common_folder;
  std::set<int> values;                    ///< of masks, as far as the tables say
  std::vector<std::string> other_subsets;  ///< of the subset column, as they occur
};

/// Findings: "unreadable-row", "listed-twice", "same-name", and a note "paths-moved". Throws Error as
/// CsvReader.
TableIndex index_tables(std::vector<Table> tables, const Path& folder, const std::optional<std::string>& root,
                        Findings& findings);

/// The row's cell; empty where there is no such column.
std::string cell(const CsvRow& row, std::optional<std::size_t> column);

}  // namespace maskmill
