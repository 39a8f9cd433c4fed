// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/disjoint_sets.h"
#include "base/finding.h"
#include "dataset/dataset.h"
#include "prepare/split.h"
#include "prepare/split/item_groups.h"
#include "prepare/split/item_names.h"
#include "prepare/split/item_strata.h"
#include "prepare/split/picture_links.h"

namespace maskmill {

inline constexpr std::uint32_t kNoValue = 0xFFFFFFFF;

/// What is known of the items that can be read, by their numbers.
struct ItemSurvey {
  std::vector<bool> is_readable;  // by position in the source
  std::vector<std::size_t> begin{0};
  std::vector<HeldLabel> labels;
  KeyNumbers values;
  std::vector<std::uint32_t> value_of;  // kNoValue without one; empty unless an attribute is spread
  ItemNames names;                      // filled where lists or a table name items
  std::vector<std::uint64_t> hashes;    // of what places an item by_hash
  DisjointSets sets;                    // joined where there are groups
  std::vector<ItemLink> links;          // that pictures make
  std::size_t without_group = 0;

  std::size_t size() const { return begin.size() - 1; }
  std::span<const HeldLabel> labels_of(std::size_t item) const {
    return std::span(labels).subspan(begin[item], begin[item + 1] - begin[item]);
  }
};

/// Reads every item once, on all threads of the current Jobs, and joins those that stay together by what an
/// item and its picture say. Throws Error(bad_value) where a criterion puts no item into a group.
ItemSurvey survey_all(Source& source, const GroupKeys& keys, const SplitSettings& settings,
                      Findings& findings);

/// Joins what the table's rows say. Throws Error(bad_value) for an item in two groups, by a hash.
void join_rows(const GroupTable& table, const SplitSettings& settings, ItemSurvey& known, Findings& findings);

}  // namespace maskmill
