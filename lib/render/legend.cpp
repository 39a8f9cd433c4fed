// SPDX-License-Identifier: Apache-2.0
#include "render/legend.h"

#include "base/text.h"

namespace maskmill {

void LegendCounts::add(std::span<const std::int64_t> counts) {
  if (counts.empty()) return;
  counts_.resize(static_cast<std::size_t>(labels_.size()));
  for (std::size_t i = 0; i < counts_.size() && i < counts.size(); ++i) counts_[i] += counts[i];
}

std::vector<LegendEntry> LegendCounts::entries() const {
  std::vector<LegendEntry> entries;
  for (int i = 0; i < labels_.size(); ++i) {
    const Label& label = labels_[i];
    const std::int64_t count = counts_.empty() ? 0 : counts_[static_cast<std::size_t>(i)];
    if (label.role == Role::background || (!counts_.empty() && count <= 0)) continue;
    entries.push_back({.colour = labels_.colour(i),
                       .hatched = label.role == Role::ignore,
                       .name = label.name,
                       .remark = counts_.empty() ? "" : with_thousands(static_cast<std::size_t>(count))});
  }
  return entries;
}

}  // namespace maskmill
