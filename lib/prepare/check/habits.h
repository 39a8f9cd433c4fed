// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/finding.h"
#include "dataset/labels.h"

namespace maskmill {

struct Rule;

/// What one item shows of things that are slips where they are rare, and otherwise how the data was made.
/// `sort` tells apart what is counted by itself: a label's index, or -1.
struct Sightings {
  struct Seen {
    const Rule* rule;
    int sort;
    Finding finding;
  };
  std::set<std::pair<const Rule*, int>> looked_for;  ///< where the item could have shown it
  std::vector<Seen> seen;
};

/// Tells findings one by one where few items have any of their sort: two, or the rule's slip_share of those
/// that could have; those of one rule at one place as one. What more have is told once a rule, as a note.
class Habits {
 public:
  /// Every item, in order.
  void add(Sightings&& sightings);
  void finish(const LabelMap& labels, const std::function<void(Finding)>& tell) const;

 private:
  struct Sort {
    std::size_t possible = 0, items = 0, findings = 0;
    Finding first;
    bool is_habit = false;  ///< surely, and no more findings are kept
    bool has_few(const Rule& rule) const;
  };
  using Key = std::pair<const Rule*, int>;

  std::map<Key, Sort> sorts_;
  Findings kept_{256};
  std::vector<Key> key_of_kept_;
  std::vector<const Rule*> order_;  ///< of first sight
};

}  // namespace maskmill
