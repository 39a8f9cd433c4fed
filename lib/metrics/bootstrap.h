// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "metrics/weighted_scores.h"

namespace maskmill {

/// How sure a number is of which images it was measured on: they are drawn again, as many, with replacement,
/// and the number is taken of each draw (Efron, "Bootstrap Methods: Another Look at the Jackknife", The
/// Annals of Statistics 7, 1979). Draw k depends on the seed and k alone.
struct BootstrapSettings {
  int resamples = 0;
  std::int64_t seed = 0;
};

/// From the 2.5th percentile of the draws to the 97.5th, interpolated as numpy.percentile does by default.
struct Interval {
  double low, high;
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// Of values of which those that are NaN are left out; nothing where fewer than 2 remain.
std::optional<Interval> interval_of(std::vector<double> values);

/// Of each of the scores' values. `places`: the images that are drawn from; `images`: how many there are. On
/// all threads of the current Jobs; the same for any number of them. Takes 8 bytes a value and draw.
std::vector<std::optional<Interval>> bootstrap(const WeightedScores& scores,
                                               std::span<const std::uint32_t> places, std::size_t images,
                                               const BootstrapSettings& settings);

/// Of the difference of two evaluations of the same images, from the same draws of both, so that what is hard
/// for both does not widen the interval.
struct DifferenceInterval {
  std::optional<Interval> interval;
  std::optional<double> share_above_0;  ///< of the draws in which both are defined
};
/// An image of both, and how many there are in each.
struct PairedPlaces {
  std::vector<std::uint32_t> a, b;  ///< of one length
  std::size_t images_a = 0, images_b = 0;
};
/// Of values(a)[pairs[i].first] - values(b)[pairs[i].second], in the order of `pairs`.
std::vector<DifferenceInterval> paired_bootstrap(const WeightedScores& a, const WeightedScores& b,
                                                 const PairedPlaces& places,
                                                 std::span<const std::pair<std::size_t, std::size_t>> pairs,
                                                 const BootstrapSettings& settings);

}  // namespace maskmill
