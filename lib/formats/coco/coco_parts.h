// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/part_file.h"

namespace maskmill {

/// Lines in a file that others share: in memory 16 KB and one line, and 16 bytes for each 16 KB on disk.
class LineStore {
 public:
  /// `file` must outlive this.
  explicit LineStore(PartFile& file) : file_(file) {}
  /// Throws Error(write_failed).
  void append(std::string_view line);
  /// Every line from the first on. Throws Error(write_failed).
  void for_each(const std::function<void(std::string_view)>& visit) const;

 private:
  struct Block {
    std::uint64_t offset = 0, length = 0;
  };
  PartFile& file_;
  std::vector<Block> blocks_;  ///< whole lines each
  std::string last_lines_;     ///< not in the file yet
};

/// Ids as they come, made unique at the end: 8 bytes each.
class IdList {
 public:
  void add(std::optional<std::int64_t> id);
  std::size_t size() const { return ids_.size(); }

  struct Resolved {
    std::vector<std::int64_t> ids;
    std::size_t renumbered = 0;  ///< those that repeated another's
  };
  /// The first of an id keeps it. The others, and those without one, get numbers that are free, from 1 up.
  Resolved resolve() &&;

 private:
  std::vector<std::int64_t> ids_;
  std::vector<bool> is_stated_;
};

}  // namespace maskmill
