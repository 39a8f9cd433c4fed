// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/systematic.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::size_t kFewestItems = 8;
constexpr double kStandardErrors = 6;  // of more than a thousand placings one exceeds 4.5 by chance
constexpr double kLeastGain = 0.03;
constexpr double kLeastAgreement = 0.1;

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

std::string subset_in_words(const std::string& subset) {
  return subset.empty() ? "the data set" : "the subset " + in_quotes(subset);
}

}  // namespace maskmill
