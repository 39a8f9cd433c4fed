// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/finding.h"
#include "prepare/split.h"
#include "prepare/split/survey.h"

namespace maskmill {

inline constexpr int kNowhere = -1;

/// Which subset each item comes into.
struct Division {
  std::vector<std::string> names;
  std::vector<std::optional<std::size_t>> wanted;
  std::vector<int> subset_of;  // by readable item; kNowhere
  std::size_t unused_lines = 0;
};

/// The ratios that the settings say, or those of folds; none with counts and lists.
SubsetRatios ratios_of(const SplitSettings& settings);

/// `group_of`: by item; empty without groups. Findings of lists go to `findings`. Throws Error as read_lists
/// and sizes_of.
Division divide(ItemSurvey& known, const std::vector<std::uint32_t>& group_of, const SplitSettings& settings,
                Findings& findings);

}  // namespace maskmill
