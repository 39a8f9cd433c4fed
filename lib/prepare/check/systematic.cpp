// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/systematic.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "prepare/check/outliers.h"

namespace maskmill {
namespace {

constexpr std::size_t kFewestItems = 8;
constexpr double kStandardErrors = 6;  // of more than a thousand placings one exceeds 4.5 by chance
constexpr double kLeastGain = 0.03;
constexpr double kLeastAgreement = 0.1;
constexpr double kLeastDrift = 0.5;        // cells: resizing and rounding alone move masks by a quarter
constexpr double kLeastSharedDrift = 0.6;  // cells

// Of one mask, measured with tests/bench/misplaced_masks.
constexpr std::size_t kFewestMasks = 40;
constexpr double kLeastScore = 0.7;
constexpr double kOneIn = 1000;       // masks in their place that lie so far out
constexpr double kMostShape = 2.5;    // normal scatter along both axes has 2
constexpr double kPartOfUsual = 0.7;  // of the agreement that masks have, for one that is said to fit there

/// What one in kOneIn exceeds, if the values are distributed as Weibull has it ("A statistical distribution
/// function of wide applicability", 1951) through their median and their third quartile, which a tenth of
/// wrong ones hardly moves. Where masks follow two edges by turns the tail is long, and this with it.
double far_out(std::vector<float>& values) {
  const auto quantile = [&](double share) {
    const auto at =
        values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::ranges::nth_element(values, at);
    return std::max(double{*at}, 1e-3);
  };
  const double median = quantile(0.5), ratio = quantile(0.75) / median;
  const double shape = std::min(kMostShape, std::numbers::ln2 / std::log(std::max(ratio, 1 + 1e-6)));
  return median * std::pow(std::log(kOneIn) / std::numbers::ln2, 1 / shape);
}

}  // namespace

void PlacingSums::add(const std::string& subset, const std::vector<float>& agreements, float in_place) {
  Sums& sums = subsets_[subset];
  for (auto* values : {&sums.agreement, &sums.gain, &sums.gain_squared}) values->resize(agreements.size(), 0);
  ++sums.items;
  sums.in_place += in_place;
  for (std::size_t i = 0; i < agreements.size(); ++i) {
    const double gain = agreements[i] - in_place;
    sums.agreement[i] += agreements[i];
    sums.gain[i] += gain;
    sums.gain_squared[i] += gain * gain;
  }
}

std::vector<PlacingSums::Best> PlacingSums::better() const {
  std::vector<Best> found;
  for (const auto& [subset, sums] : subsets_) {
    if (sums.items < kFewestItems) continue;
    const auto best =
        static_cast<std::size_t>(std::ranges::max_element(sums.agreement) - sums.agreement.begin());
    const auto items = static_cast<double>(sums.items);
    const double gain = sums.gain[best] / items;
    const double variance = std::max(0.0, sums.gain_squared[best] / items - gain * gain);
    const double agreement = sums.agreement[best] / items;
    if (gain >= kLeastGain && agreement >= kLeastAgreement &&
        gain >= kStandardErrors * std::sqrt(variance / items))
      found.push_back({subset, best, sums.items, agreement, sums.in_place / items});
  }
  return found;
}

void DriftSums::add(const std::string& subset, const NearShifts::Agreements& agreements) {
  Sums& sums = subsets_[subset];
  auto& group = sums.of_group[sums.items++ % kGroups];
  for (std::size_t i = 0; i < group.size(); ++i) group[i] += agreements[i];
}

std::vector<DriftSums::Shift> DriftSums::shifts() const {
  std::vector<Shift> found;
  for (const auto& [subset, sums] : subsets_) {
    if (sums.items < kFewestItems) continue;
    const auto without = [&](std::size_t left_out) {
      NearShifts::Agreements means{};
      const std::size_t of_left_out =
          left_out < kGroups ? (sums.items + kGroups - 1 - left_out) / kGroups : 0;
      for (std::size_t i = 0; i < means.size(); ++i) {
        double sum = 0;
        for (std::size_t group = 0; group < kGroups; ++group)
          if (group != left_out) sum += sums.of_group[group][i];
        means[i] = static_cast<float>(sum / static_cast<double>(sums.items - of_left_out));
      }
      return means;
    };
    const NearShifts::Agreements all = without(kGroups);
    const NearShifts::Peak peak = NearShifts::peak_of(all);
    double squares = 0;
    for (std::size_t group = 0; group < kGroups; ++group) {
      const NearShifts::Peak other = NearShifts::peak_of(without(group));
      squares += std::pow(other.right - peak.right, 2) + std::pow(other.down - peak.down, 2);
    }
    const double error = std::sqrt(squares * (kGroups - 1) / kGroups);
    const double shift = std::hypot(peak.right, peak.down);
    if (peak.agreement >= kLeastAgreement && shift > kLeastSharedDrift && shift >= kStandardErrors * error)
      found.push_back({subset, sums.items, peak, all[all.size() / 2]});
  }
  return found;
}

void DriftOutliers::add(std::size_t position, const Alignment& alignment) {
  const Drift& drift = alignment.drift;
  seen_.add({static_cast<std::uint32_t>(position), static_cast<float>(drift.score()),
             static_cast<float>(std::hypot(drift.right, drift.down)),
             static_cast<float>(drift.right * alignment.cell_px),
             static_cast<float>(drift.down * alignment.cell_px), drift.agreement, drift.in_place});
}

void DriftOutliers::find(const std::function<void(const Outlier&)>& visit) const {
  if (seen_.size() < kFewestMasks) return;
  std::vector<float> scores, distances, agreements;
  seen_.for_each([&](const Seen& seen) {
    scores.push_back(seen.score);
    agreements.push_back(seen.agreement);
    distances.push_back(std::hypot(seen.right_px, seen.down_px));
  });
  const double usual_px = robust_spread(distances).median;
  const double least_agreement = std::max(kLeastAgreement, kPartOfUsual * robust_spread(agreements).median);
  const double least = std::max(kLeastScore, far_out(scores));
  seen_.for_each([&](const Seen& seen) {
    if (seen.score >= least && seen.cells >= kLeastDrift && seen.agreement >= least_agreement)
      visit({seen.position, seen.right_px, seen.down_px, seen.agreement, seen.in_place, usual_px});
  });
}

std::string subset_in_words(const std::string& subset) {
  return subset.empty() ? "the data set" : "the subset " + in_quotes(subset);
}

}  // namespace maskmill
