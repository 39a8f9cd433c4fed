// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace maskmill {

/// Cells by which masks that are shifted together must be so: resizing alone moves them by a part of one.
inline constexpr double kLeastSharedShift = 1.5;

/// Sums up, subset by subset, how much better than where they are masks would fit under each of a fixed
/// number of other placings. What many items say a little is certain together.
class PlacingSums {
 public:
  /// The agreement under every placing, and of the mask where it is.
  void add(const std::string& subset, const std::vector<float>& agreements, float in_place);

  struct Best {
    std::string subset;
    std::size_t placing = 0;
    std::size_t items = 0;
    double agreement = 0, in_place = 0;  ///< means
  };
  /// For each subset of enough items the placing that fits best on average, if the gain over the items is
  /// far from chance: six standard errors, and of some size.
  std::vector<Best> better() const;

 private:
  struct Sums {
    std::size_t items = 0;
    double in_place = 0;
    std::vector<double> agreement, gain, gain_squared;
  };
  std::map<std::string, Sums> subsets_;
};

/// "the subset \"train\"", or "the data set" where there are no subsets.
std::string subset_in_words(const std::string& subset);

}  // namespace maskmill
