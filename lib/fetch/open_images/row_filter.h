// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/path.h"

namespace maskmill::fetch {

/// What a filter does with what it finds: rows as they stand in the table, without their line's end. What
/// they throw ends add().
struct RowSinks {
  std::function<void(std::string_view row, const std::vector<std::string>& columns)> header;
  std::function<void(std::string_view row)> row;
  std::function<void(const Error& error)> unreadable;  ///< a row that is left out
};

/// Finds rows in a table of gigabytes whose bytes come in pieces of any size. They are exactly those that
/// CsvReader reads; nearly all others are passed over at the rate of memory. Memory: 1 MiB and a row.
class RowFilter {
 public:
  virtual ~RowFilter() = default;

  /// The table's next bytes. Throws Error(unsupported) for UTF-16, and Error(bad_format) where the table
  /// lacks the column.
  virtual void add(std::string_view bytes) = 0;
  /// To be called once, behind the last. Throws as add(), also for a table without a row.
  virtual void finish() = 0;
};

/// Rows whose cell in `column` is one of `mids`, each as is_mid() has it. `table` is for messages.
std::unique_ptr<RowFilter> filter_by_mids(std::string column, const std::vector<std::string>& mids,
                                          RowSinks sinks, Path table);

/// Rows whose cell in `column` is_wanted. Looks at each row.
std::unique_ptr<RowFilter> filter_by_cell(std::string column, std::function<bool(std::string_view)> is_wanted,
                                          RowSinks sinks, Path table);

}  // namespace maskmill::fetch
