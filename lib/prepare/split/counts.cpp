// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/counts.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace maskmill {
namespace {

double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::int64_t pixels_of(const std::vector<SplitReport::Stratum>& strata) {
  return std::transform_reduce(strata.begin(), strata.end(), std::int64_t{0}, std::plus(),
                               [](const auto& stratum) { return stratum.pixels; });
}

}  // namespace

std::optional<SplitReport::Deviation> largest_deviation(const SplitReport& report, bool by_pixels) {
  std::optional<SplitReport::Deviation> largest;
  for (std::size_t s = 0; s < report.subsets.size(); ++s) {
    const SplitReport::Subset& subset = report.subsets[s];
    const std::int64_t part = by_pixels ? pixels_of(subset.strata) : static_cast<std::int64_t>(subset.items);
    const std::int64_t whole = by_pixels ? pixels_of(report.strata) : static_cast<std::int64_t>(report.items);
    if (part == 0) continue;
    for (std::size_t i = 0; i < report.strata.size(); ++i) {
      const auto amount = [&](const SplitReport::Stratum& stratum) {
        return by_pixels ? stratum.pixels : static_cast<std::int64_t>(stratum.items);
      };
      const SplitReport::Deviation deviation{i, s, by_pixels, share(amount(subset.strata[i]), part),
                                             share(amount(report.strata[i]), whole)};
      if (!largest || deviation.size() > largest->size()) largest = deviation;
    }
  }
  return largest;
}

void count_strata(const ItemSurvey& known, const Division& division, const LabelMap& labels,
                  SplitReport& report) {
  std::vector<SplitReport::Stratum> all;
  for (const Label& label : labels) all.push_back({label.name, true, 0, 0});
  for (std::uint32_t value = 0; value < known.values.size(); ++value)
    all.push_back({std::string(known.values[value]), false, 0, 0});
  report.strata = all;
  for (SplitReport::Subset& subset : report.subsets) subset.strata = all;
  for (std::size_t item = 0; item < known.size(); ++item) {
    if (division.subset_of[item] == kNowhere) continue;
    SplitReport::Subset& subset = report.subsets[static_cast<std::size_t>(division.subset_of[item])];
    const auto count = [&](std::size_t stratum, std::uint32_t pixels) {
      for (std::vector<SplitReport::Stratum>* strata : {&report.strata, &subset.strata}) {
        ++(*strata)[stratum].items;
        (*strata)[stratum].pixels += pixels;
      }
    };
    for (const HeldLabel& held : known.labels_of(item)) count(held.label, held.pixels);
    if (!known.value_of.empty() && known.value_of[item] != kNoValue)
      count(static_cast<std::size_t>(labels.size()) + known.value_of[item], 0);
  }
  const std::vector<SplitReport::Stratum> whole = report.strata;
  const auto leave_out_absent = [&](std::vector<SplitReport::Stratum>& strata) {
    std::vector<SplitReport::Stratum> present;
    for (std::size_t i = 0; i < strata.size(); ++i)
      if (whole[i].items > 0) present.push_back(strata[i]);
    strata = std::move(present);
  };
  leave_out_absent(report.strata);
  for (SplitReport::Subset& subset : report.subsets) leave_out_absent(subset.strata);
}

void count_groups(const std::vector<std::uint32_t>& group_of, const Division& division, std::size_t without,
                  SplitReport& report) {
  std::vector<std::uint32_t> sizes;
  std::vector<std::pair<std::uint32_t, int>> homes;  // a group and a subset that has some of it
  for (std::size_t item = 0; item < group_of.size(); ++item) {
    if (group_of[item] == sizes.size()) sizes.push_back(0);
    ++sizes[group_of[item]];
    if (division.subset_of[item] != kNowhere) homes.emplace_back(group_of[item], division.subset_of[item]);
  }
  std::ranges::sort(homes);
  homes.erase(std::unique(homes.begin(), homes.end()), homes.end());
  for (const auto& [group, subset] : homes) ++report.subsets[static_cast<std::size_t>(subset)].groups;
  SplitReport::Groups groups;
  groups.count = sizes.size();
  groups.alone = static_cast<std::size_t>(std::ranges::count(sizes, 1U));
  std::ranges::sort(sizes);
  if (!sizes.empty()) {
    groups.median = sizes[sizes.size() / 2];
    groups.largest = sizes.back();
  }
  groups.without = without;
  report.groups = groups;
}

}  // namespace maskmill
