// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_parts.h"

#include <algorithm>

namespace maskmill {
void IdList::add(std::optional<std::int64_t> id) {
  ids_.push_back(id.value_or(0));
  is_stated_.push_back(id.has_value());
}

IdList::Resolved IdList::resolve() && {
  std::vector<std::pair<std::int64_t, std::size_t>> stated;
  std::vector<std::size_t> unnumbered;
  for (std::size_t i = 0; i < ids_.size(); ++i)
    if (is_stated_[i])
      stated.emplace_back(ids_[i], i);
    else
      unnumbered.push_back(i);
  std::sort(stated.begin(), stated.end());
  Resolved result;
  for (std::size_t i = 1; i < stated.size(); ++i)
    if (stated[i].first == stated[i - 1].first) {
      unnumbered.push_back(stated[i].second);
      ++result.renumbered;
    }
  std::sort(unnumbered.begin(), unnumbered.end());
  std::int64_t free = 1;
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
