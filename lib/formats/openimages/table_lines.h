// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/output.h"
#include "base/part_file.h"

namespace maskmill {

/// A column of a table that is written.
struct TableColumn {
  std::string_view name;
  bool is_optional = false;       ///< left out where no row has a cell in it
  std::string_view unknown = {};  ///< what an empty cell of an optional column says
};

/// Rows of a table whose columns are known only when the last row is. They wait on disk.
class TableLines {
 public:
  TableLines(PartFile& file, std::vector<TableColumn> columns);

  /// One cell a column, in their order, as packed() gives them.
  void append(std::string_view packed_cells);
  bool empty() const { return is_empty_; }
  /// The header and every row.
  void write(ByteWriter& file) const;

  /// Cells as one line, whatever is in them.
  static std::string packed(const std::vector<std::string>& cells);

 private:
  std::vector<TableColumn> columns_;
  std::vector<bool> is_used_;
  bool is_empty_ = true;
  LineStore lines_;
};

}  // namespace maskmill
