// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace maskmill {

/// How many of `count` items each subset gets: the ratios' shares, rounded by largest remainders (Hamilton),
/// so that they sum to `count` and none is off by 1 or more. Ratios are relative: .8,.1,.1 and 8,1,1 are the
/// same.
std::vector<std::size_t> apportioned(std::size_t count, const std::vector<double>& ratios);

/// A subset's number for each item: shuffled, exactly apportioned.
std::vector<int> split_at_random(std::size_t count, const std::vector<double>& ratios, std::uint64_t seed);

/// As split_at_random, but spreading each label over the subsets by the ratios: iterative stratification
/// (Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011), with the
/// subsets' sizes held exactly. `labels[i]` lists item i's labels; items without any are spread last. Time
/// O(items x labels an item + labels x items of the rarest), memory linear.
std::vector<int> split_stratified(const std::vector<std::vector<int>>& labels,
                                  const std::vector<double>& ratios, std::uint64_t seed);

}  // namespace maskmill
