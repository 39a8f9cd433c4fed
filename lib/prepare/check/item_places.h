// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/part_file.h"
#include "dataset/item.h"

namespace maskmill {

/// Where items lie and to which subsets they belong, by their positions, for rules that speak of items when
/// all have been seen. On disk, but for one number for some dozens of them: few are ever asked for.
class ItemPlaces {
 public:
  struct Entry {
    std::string file;  ///< the item's image or, without one, where the item is said
    std::string subset;
  };

  /// In the order of their positions, from 0 on; none for one that could not be read. Throws
  /// Error(write_failed).
  void add(const Item* item);
  Entry at(std::size_t position) const;

 private:
  PartFile bytes_;                    // blocks of entries
  std::deque<std::uint64_t> blocks_;  // where they begin
  std::uint64_t end_ = 0;             // of the last
  std::size_t size_ = 0;
};

}  // namespace maskmill
