// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "formats/csv/csv_halves.h"

namespace maskmill {

/// What a table's columns mean, as numbers from 0.
struct TableColumns {
  std::size_t image = 0;
  std::optional<std::size_t> mask, subset, label_max, label_ids;
  std::vector<std::string> names;       ///< of all columns
  std::vector<std::size_t> attributes;  ///< those that say something else
};

/// Nothing where no column of images is named; without that of masks, its images are not annotated. Throws
/// Error(usage) for a column that a setting names and that is not there.
std::optional<TableColumns> find_columns(std::span<const std::string> header,
                                         const CsvReadSettings& settings);

struct Table {
  Path file;
  char separator = ',';
  std::string subset;     ///< after the file's name; empty: none
  bool is_whole = false;  ///< df_data.csv: it repeats the subsets' rows
  TableColumns columns;
};

/// Whether the first row below the header names an image and a mask by extensions that these have. Throws
/// Error as CsvReader.
bool names_pictures(const Table& table);

/// The path itself, or in a folder df_*.csv but df_label.csv, df_data.csv last; where there is none, every
/// .csv whose columns are known and whose first row names a picture. Throws Error as CsvReader and
/// find_columns; Error(bad_format) for a file without a column of images.
std::vector<Table> find_tables(const Path& path, const CsvReadSettings& settings);

inline constexpr std::string_view kLabelTable = "df_label.csv";

}  // namespace maskmill
