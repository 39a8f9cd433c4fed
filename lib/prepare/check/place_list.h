// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/error.h"

namespace maskmill {

/// Places of items in little memory: each is kept as what differs from the one before, which for items in
/// order is some ten bytes.
class PlaceList {
 public:
  void add(const Place& place);
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// In the order in which they were added.
  void for_each(const std::function<void(Place)>& visit) const;
  void clear() { *this = PlaceList(); }

 private:
  std::string bytes_;  ///< for each: how much of the last one's text it begins with, how much follows, that
  std::string last_;
  std::size_t size_ = 0;
};

}  // namespace maskmill
