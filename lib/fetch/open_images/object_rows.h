// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "base/path.h"
#include "fetch/open_images/class_choice.h"
#include "formats/openimages/oid_tables.h"

namespace maskmill::fetch {

/// A row of a table of boxes or masks.
struct ObjectRow {
  const CsvLine& line;
  std::uint32_t number = 0;            ///< from 0
  std::optional<std::uint64_t> image;  ///< nothing where its id is none
  std::optional<int> label;            ///< among the classes
};

/// Reads tables of the rows of some classes.
class ObjectRows {
 public:
  ObjectRows(const Path& file, std::span<const ChosenClass> classes);

  const OpenImagesTable& table() const { return table_; }
  /// The header as it stands.
  const std::string& header() const { return header_; }
  /// Every row in its order.
  void for_each(const std::function<void(const ObjectRow&)>& visit);
  /// A cell of the row; empty where it has none.
  std::string cell(const CsvLine& line, std::size_t column) const;

 private:
  OpenImagesTable table_;
  CsvScanner scanner_;
  std::string header_;
  std::map<std::string, int, std::less<>> labels_;
};

}  // namespace maskmill::fetch
