// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "dataset/dataset.h"
#include "prepare/split/item_groups.h"
#include "prepare/split/picture_links.h"

namespace maskmill {

/// Looks for groups in several subsets, among items as they come out: it knows nothing of how they were
/// divided.
class GroupAudit {
 public:
  GroupAudit(const GroupKeys& keys, std::size_t tables)
      : keys_(keys), numbers_(keys.criteria().size()), seen_(keys.criteria().size() + tables) {}

  /// `item_at`: the number of each item that comes out. Findings "group-crosses", once a group.
  void run(Source& divided, const std::vector<std::uint32_t>& item_at, const GroupTable* table,
           std::span<const ItemLink> links, Findings& findings);
  std::size_t crossing() const { return crossing_; }

 private:
  struct Seen {
    std::string subset, id;  // of the first item
    bool crosses = false;
  };

  void check(std::size_t criterion, std::uint32_t key, std::string_view name, const std::string& by,
             const Item& item, Findings& findings);
  void check(const ItemLink& link, const Seen& first, const Seen& second, Findings& findings);

  const GroupKeys& keys_;
  std::vector<KeyNumbers> numbers_;      // by criterion that keys_ has
  std::vector<std::vector<Seen>> seen_;  // by criterion, the table last, and key
  std::size_t crossing_ = 0;
};

}  // namespace maskmill
