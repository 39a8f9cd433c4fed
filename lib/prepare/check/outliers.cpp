// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/outliers.h"

#include <algorithm>
#include <cmath>

namespace maskmill {
namespace {

// More of them on one side, whatever their number, and more than one in so many, are no outliers but another
// sort of item.
constexpr std::size_t kFew = 2, kFewShare = 40;

double median_of(std::vector<float>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

RobustSpread robust_spread(std::vector<float>& values) {
  constexpr double kOfNormal = 1.4826;
  RobustSpread spread;
  spread.median = median_of(values);
  for (float& value : values) value = std::abs(value - static_cast<float>(spread.median));
  spread.deviation = kOfNormal * median_of(values);
  return spread;
}

void OutlierFinder::add(std::size_t position, double value) {
  values_.add({static_cast<std::uint32_t>(position), static_cast<float>(value)});
}

void OutlierFinder::find(double least,
                         const std::function<void(std::size_t, double, const RobustSpread&)>& visit) const {
  if (values_.size() < kFewestForOutliers) return;
  std::vector<float> values;
  values.reserve(values_.size());
  values_.for_each([&](const Value& value) { values.push_back(value.value); });
  const RobustSpread spread = robust_spread(values);
  const double farthest = std::max(least, kOutlierDeviations * spread.deviation);
  const auto is_low = [&](const Value& value) { return value.value < spread.median - farthest; };
  const auto is_high = [&](const Value& value) { return value.value > spread.median + farthest; };
  std::size_t low = 0, high = 0;
  values_.for_each([&](const Value& value) { low += is_low(value), high += is_high(value); });
  const std::size_t few = std::max(kFew, values_.size() / kFewShare);
  values_.for_each([&](const Value& value) {
    if ((is_low(value) && low <= few) || (is_high(value) && high <= few))
      visit(value.position, value.value, spread);
  });
}

}  // namespace maskmill
