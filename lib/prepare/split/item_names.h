// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/name_arena.h"

namespace maskmill {

/// Finds items by what other people's lists call them: about 20 bytes an item and the bytes of its id.
class ItemNames {
 public:
  /// In the items' order.
  void add(std::string_view id);
  std::size_t size() const { return ids_.size(); }
  std::string_view operator[](std::uint32_t item) const { return names_[ids_[item]]; }

  /// The items that a line of a list names; more than one where it does not say which. Tried in this order,
  /// with the whole line and then with its first word:
  /// - an id;
  /// - a file name: an id and an extension;
  /// - a path that ends in an id, in the longest of several: data/images/a.jpg for a;
  /// - the end of an id: a.jpg for scene1/a.
  /// Folders may be separated by "\" too.
  std::vector<std::uint32_t> find(std::string_view line);

 private:
  struct Entry {
    std::uint64_t hash;  // of the id's last part
    std::uint32_t item;
  };
  std::vector<std::uint32_t> named_by(std::string_view text) const;
  std::vector<std::uint32_t> related_to(std::string_view path) const;

  NameArena names_;
  std::vector<NameArena::Number> ids_;  // by item
  std::vector<Entry> entries_;          // sorted by hash, once something is sought
};

}  // namespace maskmill
