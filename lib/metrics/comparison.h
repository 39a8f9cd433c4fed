// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "metrics/bootstrap.h"
#include "metrics/evaluated_images.h"

namespace maskmill {

/// Two evaluations of the same truth, held against each other on the images that both evaluated.
struct Comparison {
  struct Number {
    std::string name;  ///< "AP", or a label's name
    std::optional<double> value, other;
    std::optional<double> difference;  ///< value - other: above 0 the first is better
    /// Of the difference, where draws were made (metrics/bootstrap.h).
    std::optional<Interval> interval;
    std::optional<double> share_above_0;
  };
  struct Metric {
    std::string name;  ///< "segm"
    std::size_t images = 0;
    std::vector<Number> overall;
    std::string of_label;        ///< which number of labels: "AP", "iou"
    std::vector<Number> labels;  ///< those of which either is defined
    /// Images of which scores_of_images() is higher, lower, and the same.
    std::size_t won = 0, lost = 0, equal = 0;
  };
  std::vector<Metric> metrics;  ///< that both measured
  bool has_intervals = false;
};

/// `least_score`: below which detections do not count in images; unset: each where its own F1 is best.
Comparison compare(const EvaluatedImages& images, const EvaluatedImages& other,
                   const BootstrapSettings& settings, std::optional<double> least_score = std::nullopt);

/// {METRIC: {images, numbers: {AP: {value, other, difference, interval?, share_above_0?}, ...}, classes:
/// [{name,
/// ...}], won, lost, equal}}; undefined is null.
Json to_json(const Comparison& comparison);
std::string to_text(const Comparison& comparison);

}  // namespace maskmill
