// SPDX-License-Identifier: Apache-2.0
#include "formats/id_list.h"

#include <algorithm>

namespace maskmill {

void IdList::add(std::optional<std::int64_t> id) {
  ids_.push_back(id.value_or(0));
  is_stated_.push_back(id.has_value());
}

bool holds_twice(std::vector<std::int64_t> ids) {
  if (std::ranges::is_sorted(ids, std::ranges::less_equal())) return false;  // as most programs give them
  std::ranges::sort(ids);
  return std::ranges::adjacent_find(ids) != ids.end();
}

IdList::Resolved IdList::resolve(std::int64_t least) && {
  Resolved result;
  const bool all_stated = std::ranges::find(is_stated_, false) == is_stated_.end();
  if (all_stated && !holds_twice({ids_.begin(), ids_.end()})) {
    result.ids = std::move(ids_);
    return result;
  }
  std::vector<std::pair<std::int64_t, std::size_t>> stated;
  std::vector<std::size_t> unnumbered;
  for (std::size_t i = 0; i < ids_.size(); ++i)
    if (is_stated_[i])
      stated.emplace_back(ids_[i], i);
    else
      unnumbered.push_back(i);
  std::sort(stated.begin(), stated.end());
  for (std::size_t i = 1; i < stated.size(); ++i)
    if (stated[i].first == stated[i - 1].first) {
      unnumbered.push_back(stated[i].second);
      ++result.renumbered;
    }
  std::sort(unnumbered.begin(), unnumbered.end());
  std::int64_t free = least;
  auto taken = std::lower_bound(stated.begin(), stated.end(), std::pair(free, std::size_t{0}));
  for (const std::size_t i : unnumbered) {
    for (; taken != stated.end() && taken->first <= free; ++taken)
      if (taken->first == free) ++free;
    ids_[i] = free++;
  }
  result.ids = std::move(ids_);
  return result;
}

}  // namespace maskmill
