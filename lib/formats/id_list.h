// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace maskmill {

/// Sorts a copy where they do not come in order.
bool holds_twice(std::vector<std::int64_t> ids);

/// Ids as they come, made unique at the end: 8 bytes each.
class IdList {
 public:
  void add(std::optional<std::int64_t> id);
  std::size_t size() const { return ids_.size(); }

  struct Resolved {
    std::deque<std::int64_t> ids;
    std::size_t renumbered = 0;  ///< those that repeated another's
  };
  /// The first of an id keeps it. The others, and those without one, get numbers that are free, from
  /// `least` up.
  Resolved resolve(std::int64_t least = 1) &&;

 private:
  std::deque<std::int64_t> ids_;  // which grows without a copy
  std::vector<bool> is_stated_;
};

}  // namespace maskmill
