// SPDX-License-Identifier: Apache-2.0
#include "metrics/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "base/random.h"

namespace maskmill {
namespace {

// Keeps the stream apart from those of other commands with the same seed.
constexpr std::uint64_t kStream = 0x626F6F7473747270;

/// Which of `count` images the draw takes, one after the other.
template <class Take>
void draw(std::size_t count, const BootstrapSettings& settings, std::size_t number, Take&& take) {
  Random random({static_cast<std::uint64_t>(settings.seed), kStream, number});
  for (std::size_t i = 0; i < count; ++i) take(static_cast<std::size_t>(random.below(count)));
}

double percentile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(at));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::size_t draws_of(const BootstrapSettings& settings) {
  if (settings.resamples < 1) throw Error(Code::bug, "a bootstrap without a draw");
  return static_cast<std::size_t>(settings.resamples);
}

}  // namespace

std::optional<Interval> interval_of(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.size() < 2) return std::nullopt;
  std::ranges::sort(values);
  return Interval{percentile(values, .025), percentile(values, .975)};
}

std::vector<std::optional<Interval>> bootstrap(const WeightedScores& scores,
                                               std::span<const std::uint32_t> places, std::size_t images,
                                               const BootstrapSettings& settings) {
  const std::size_t draws = draws_of(settings), numbers = scores.names().size();
  std::vector<std::vector<double>> by_number(numbers, std::vector<double>(draws));
  parallel_for(draws, [&](std::size_t number) {
    throw_if_interrupted();
    std::vector<std::uint32_t> weights(images);
    draw(places.size(), settings, number, [&](std::size_t i) { ++weights[places[i]]; });
    const std::vector<double> values = scores.values(weights);
    for (std::size_t i = 0; i < numbers; ++i) by_number[i][number] = values[i];
  });
  std::vector<std::optional<Interval>> intervals;
  for (std::vector<double>& values : by_number) intervals.push_back(interval_of(std::move(values)));
  return intervals;
}

std::vector<DifferenceInterval> paired_bootstrap(const WeightedScores& a, const WeightedScores& b,
                                                 const PairedPlaces& places,
                                                 std::span<const std::pair<std::size_t, std::size_t>> pairs,
                                                 const BootstrapSettings& settings) {
  if (places.a.size() != places.b.size()) throw Error(Code::bug, "pairs of images that are no pairs");
  const std::size_t draws = draws_of(settings);
  std::vector<std::vector<double>> by_pair(pairs.size(), std::vector<double>(draws));
  parallel_for(draws, [&](std::size_t number) {
    throw_if_interrupted();
    std::vector<std::uint32_t> of_a(places.images_a), of_b(places.images_b);
    draw(places.a.size(), settings, number, [&](std::size_t i) { ++of_a[places.a[i]], ++of_b[places.b[i]]; });
    const std::vector<double> first = a.values(of_a), second = b.values(of_b);
    for (std::size_t i = 0; i < pairs.size(); ++i)
      by_pair[i][number] = first[pairs[i].first] - second[pairs[i].second];
  });
  std::vector<DifferenceInterval> differences;
  for (std::vector<double>& values : by_pair) {
    std::erase_if(values, [](double value) { return std::isnan(value); });
    DifferenceInterval one;
    if (!values.empty())
      one.share_above_0 = static_cast<double>(std::ranges::count_if(values, [](double v) { return v > 0; })) /
                          static_cast<double>(values.size());
    one.interval = interval_of(std::move(values));
    differences.push_back(one);
  }
  return differences;
}

}  // namespace maskmill
