// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dataset/labels.h"
#include "prepare/split.h"
#include "prepare/split/division.h"
#include "prepare/split/survey.h"

namespace maskmill {

/// Fills in the strata of the report and of its subsets, which are there already.
void count_strata(const ItemSurvey& known, const Division& division, const LabelMap& labels,
                  SplitReport& report);
/// Fills in what is said of groups. `without`: items of which a criterion knows no group.
void count_groups(const std::vector<std::uint32_t>& group_of, const Division& division, std::size_t without,
                  SplitReport& report);
/// Of all strata and subsets, by items or by pixels; nothing where there is no subset with any.
std::optional<SplitReport::Deviation> largest_deviation(const SplitReport& report, bool by_pixels);

}  // namespace maskmill
