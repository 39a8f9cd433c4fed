// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace maskmill {

/// The numbers of one metric as a function of how often each image counts, so that images can be drawn again
/// or left out without matching anything again.
class WeightedScores {
 public:
  virtual ~WeightedScores() = default;

  struct Names {
    std::vector<std::string> overall;  ///< "AP", "mean_iou"
    std::string of_label;              ///< the one number of a label: "AP", "iou"
    std::vector<std::string> labels;   ///< their names
    std::size_t size() const { return overall.size() + labels.size(); }
  };
  const Names& names() const { return names_; }

  /// The overall numbers, and then one a label; NaN where undefined. `weights`: by the images' places, in the
  /// order in which they were evaluated. On any thread.
  virtual std::vector<double> values(std::span<const std::uint32_t> weights) const = 0;

 protected:
  Names names_;
};

}  // namespace maskmill
