// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace maskmill {

/// How many of `count` items each subset gets: the ratios' shares, rounded by largest remainders (Hamilton),
/// so that they sum to `count` and none is off by 1 or more. Ratios are relative: .8,.1,.1 and 8,1,1 are the
/// same.
std::vector<std::size_t> apportioned(std::size_t count, const std::vector<double>& ratios);

/// A subset's number for each item: shuffled, `sizes[s]` of them in subset s.
std::vector<int> split_at_random(const std::vector<std::size_t>& sizes, std::uint64_t seed);

/// What is divided: units that stay whole. Each has a number of items and holds an amount of some strata: of
/// a label, the items that have it, or its pixels.
class Units {
 public:
  struct Holding {
    std::uint32_t stratum;
    float amount;  ///< above 0
  };

  /// `holdings`: of different strata.
  void add(std::uint32_t items, std::span<const Holding> holdings);

  std::size_t size() const { return items_.size(); }
  std::size_t strata() const { return strata_; }
  std::uint32_t items(std::size_t unit) const { return items_[unit]; }
  std::span<const Holding> holdings(std::size_t unit) const {
    return std::span(holdings_).subspan(begin_[unit], begin_[unit + 1] - begin_[unit]);
  }

 private:
  std::vector<std::uint32_t> items_;
  std::vector<std::size_t> begin_{0};
  std::vector<Holding> holdings_;
  std::size_t strata_ = 0;
};

/// How far a division is from giving each subset its share of the items and of each stratum. With the share
/// r_s that subset s has of `sizes`, a stratum of which it holds A_s out of A costs
///
///     sum over s of (A_s - r_s A)^2 / r_s, divided by the sum of its units' squared amounts:
///
/// Pearson's chi square where each unit counts 1. A division at random costs, for each stratum, the number of
/// subsets less 1 on average, whatever its amounts, so that rare and frequent strata weigh alike; the items'
/// numbers weigh as much as all strata together. What has no share (r_s = 0) must get nothing.
double imbalance(const Units& units, const std::vector<std::size_t>& sizes,
                 const std::vector<int>& subset_of);

/// A subset's number for each unit, with little imbalance(): units are placed one by one where they cost
/// least, those first that are the most of what they hold (as rare labels are in Sechidis, Tsoumakas and
/// Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011, and large groups in scikit-learn's
/// StratifiedGroupKFold), and then moved and exchanged as long as that gains something (a local search,
/// restarted from small changes as in Lourenco, Martin and Stützle, "Iterated local search", 2003).
///
/// `sizes` sum up to the items. They are held exactly where every unit is one item. No subset of a size above
/// 0 stays empty while there are as many units as such subsets; one of size 0 gets nothing. The same on any
/// machine. Time is bounded by about O(holdings x subsets) and a fixed number of steps.
std::vector<int> split_stratified(const Units& units, const std::vector<std::size_t>& sizes,
                                  std::uint64_t seed);

}  // namespace maskmill
