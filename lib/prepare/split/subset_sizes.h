// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace maskmill {

/// Subsets' names, in order, and their shares, which are relative.
using SubsetRatios = std::vector<std::pair<std::string, double>>;
/// And their numbers of items; of one at most, all that the others leave.
using SubsetCounts = std::vector<std::pair<std::string, std::optional<std::size_t>>>;

/// "train=0.8,val=0.1,test=0.1". Throws Error(usage): no number, none above 0, a name twice or with a "/".
SubsetRatios parse_ratios(std::string_view text);

/// "val=500,test=500,train=rest". Throws Error(usage) as parse_ratios; 0 is no count.
SubsetCounts parse_counts(std::string_view text);

/// The counts of `items` items, with one more behind them for those that are in no subset; it may be 0.
/// Throws Error(bad_value) where there are fewer items than are asked for, or none for the rest.
std::vector<std::size_t> sizes_of(const SubsetCounts& counts, std::size_t items);

}  // namespace maskmill
