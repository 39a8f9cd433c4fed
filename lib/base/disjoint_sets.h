// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace maskmill {

/// Disjoint sets of numbers from 0 on (Tarjan, "Efficiency of a good but not linear set union algorithm",
/// JACM 1975): 4 bytes each. A set's root is its lowest number, so that sets keep the order of their first
/// members.
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t size = 0) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), std::uint32_t{0});
  }
  /// One more number, alone so far.
  void add() { parent_.push_back(static_cast<std::uint32_t>(parent_.size())); }
  std::uint32_t root(std::uint32_t number) {
    while (parent_[number] != number) number = parent_[number] = parent_[parent_[number]];
    return number;
  }
  void join(std::uint32_t a, std::uint32_t b) {
    a = root(a), b = root(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }
  std::size_t size() const { return parent_.size(); }

 private:
  std::vector<std::uint32_t> parent_;
};

}  // namespace maskmill
