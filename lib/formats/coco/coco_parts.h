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
