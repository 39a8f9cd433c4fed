// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/record_file.h"
#include "prepare/check/alignment.h"

namespace maskmill {

/// Cells by which masks must be shifted for PlacingSums to say so, where DriftSums says what is less.
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

/// Sums up, subset by subset, the agreements under shifts of a few cells: a shift that all masks share shows
/// in the sum to a fraction of a cell, where it is within the noise of each.
class DriftSums {
 public:
  void add(const std::string& subset, const NearShifts::Agreements& agreements);

  struct Shift {
    std::string subset;
    std::size_t items = 0;
    NearShifts::Peak peak;
    double in_place = 0;  ///< the mean agreement where they are
  };
  /// For each subset of enough items the shift that fits best, where it is more than .6 cells and lies six
  /// of its standard errors from none, by leaving out one group of the items after another.
  std::vector<Shift> shifts() const;

 private:
  static constexpr std::size_t kGroups = 8;
  struct Sums {
    std::size_t items = 0;
    std::array<std::array<double, std::tuple_size_v<NearShifts::Agreements>>, kGroups> of_group{};
  };
  std::map<std::string, Sums> subsets_;
};

/// Masks that by themselves lie too far from their place for what is usual in the data set: how far borders
/// drawn by hand are off is known from the others. 28 bytes an item, on disk.
class DriftOutliers {
 public:
  void add(std::size_t position, const Alignment& alignment);

  struct Outlier {
    std::size_t position = 0;
    double right_px = 0, down_px = 0;  ///< by which it would have to be moved
    double agreement = 0, in_place = 0;
    double usual_px = 0;  ///< half of all masks fit best within so many pixels of their place
  };
  /// In the order of their positions. None where there are too few masks to say what is usual.
  void find(const std::function<void(const Outlier&)>& visit) const;

 private:
  struct Seen {
    std::uint32_t position = 0;
    float score = 0, cells = 0, right_px = 0, down_px = 0, agreement = 0, in_place = 0;
  };
  RecordFile<Seen> seen_;
};

/// "the subset \"train\"", or "the data set" where there are no subsets.
std::string subset_in_words(const std::string& subset);

}  // namespace maskmill
