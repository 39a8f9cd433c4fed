// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/record_file.h"

namespace maskmill {

/// Where values lie, whatever a minority of them is: the median, and the median distance from it (MAD;
/// Hampel, "The influence curve and its role in robust estimation", 1974) times 1.4826, which for normal
/// values is the standard deviation.
struct RobustSpread {
  double median = 0, deviation = 0;
};
/// `values`: at least one; their order is lost.
RobustSpread robust_spread(std::vector<float>& values);

/// Fewer values say nothing of what is usual.
inline constexpr std::size_t kFewestForOutliers = 100;
/// So many deviations away from the median lies an outlier.
inline constexpr double kOutlierDeviations = 6;

/// A value of each item, kept on disk, and those far from the others.
class OutlierFinder {
 public:
  void add(std::size_t position, double value);
  /// visit(position, value, where the others lie) for each that is more than kOutlierDeviations and more than
  /// `least` away from the median, if there are enough values to say what is usual and few are so on
  /// that side.
  void find(double least,
            const std::function<void(std::size_t position, double value, const RobustSpread&)>& visit) const;

 private:
  struct Value {
    std::uint32_t position = 0;
    float value = 0;
  };
  RecordFile<Value> values_;
};

}  // namespace maskmill
