// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace maskmill {

void GroupAudit::run(Source& divided, const std::vector<std::uint32_t>& item_at, const GroupTable* table,
                     std::span<const ItemLink> links, Findings& findings) {
  std::vector<Seen> seen_of(links.empty() || item_at.empty() ? 0 : item_at.back() + std::size_t{1});
  std::vector<std::pair<std::uint32_t, std::uint32_t>> rows;
  if (table) rows = table->rows;
  std::ranges::sort(rows);
  struct Checked {
    std::optional<Item> item;
    std::vector<std::optional<std::string>> keys;
  };
  std::size_t position = 0;
  map_items(
      divided,
      [&](ReadItem&& read) {
        Checked checked;
        std::vector<Finding> said_before;
        checked.item = read(said_before, Look::annotations);
        if (checked.item) checked.keys = keys_.of(*checked.item);
        return checked;
      },
      [&](Checked&& checked) {
        const std::uint32_t number = item_at[position++];
        if (!checked.item) return;
        if (!seen_of.empty()) seen_of[number] = {checked.item->subset, checked.item->id};
        for (std::size_t i = 0; i < checked.keys.size(); ++i)
          if (checked.keys[i])
            check(i, numbers_[i].number_of(*checked.keys[i]), *checked.keys[i], keys_.criteria()[i],
                  *checked.item, findings);
        for (auto row = std::ranges::lower_bound(rows, std::pair(number, 0U));
             row != rows.end() && row->first == number; ++row)
          check(seen_.size() - 1, row->second, table->keys[row->second], "the table", *checked.item,
                findings);
      });
  for (const ItemLink& link : links)
    if (std::max(link.first, link.second) < seen_of.size())
      check(link, seen_of[link.first], seen_of[link.second], findings);
}

void GroupAudit::check(std::size_t criterion, std::uint32_t key, std::string_view name, const std::string& by,
                       const Item& item, Findings& findings) {
  std::vector<Seen>& seen = seen_[criterion];
  if (key >= seen.size()) seen.resize(key + 1);
  Seen& first = seen[key];
  if (first.subset.empty()) {
    first.subset = item.subset;
    first.id = item.id;
  } else if (first.subset != item.subset && !first.crosses) {
    first.crosses = true;
    ++crossing_;
    findings.add({"group-crosses", Severity::error, item.origin,
                  fmt::format("the group {} by {} is in two subsets: {} in {}, {} in {}", in_quotes(name), by,
                              in_quotes(first.id), in_quotes(first.subset), in_quotes(item.id),
                              in_quotes(item.subset)),
                  "put the whole group into one subset"});
  }
}

void GroupAudit::check(const ItemLink& link, const Seen& first, const Seen& second, Findings& findings) {
  if (first.subset.empty() || second.subset.empty() || first.subset == second.subset) return;
  ++crossing_;
  findings.add(
      {"group-crosses",
       Severity::error,
       {"", std::nullopt, second.id},
       fmt::format("{} in {} and {} in {} belong together: {}", in_quotes(first.id), in_quotes(first.subset),
                   in_quotes(second.id), in_quotes(second.subset), link.why),
       "put both into one subset"});
}

}  // namespace maskmill
