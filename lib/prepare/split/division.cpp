// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/division.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "base/random.h"
#include "base/text.h"
#include "prepare/split/given_lists.h"
#include "prepare/split/subset_sizes.h"
#include "prepare/stratify.h"

namespace maskmill {
namespace {

using Stratify = SplitSettings::Stratify;

/// Units of the strata that are asked for: one an item, or one a group.
class UnitMaker {
 public:
  UnitMaker(const ItemSurvey& known, Stratify stratify) : known_(known), stratify_(stratify) {}

  Units of_items() const {
    Units units;
    std::vector<Units::Holding> own;
    for (std::size_t item = 0; item < known_.size(); ++item) {
      own.clear();
      hold(item, own);
      units.add(1, own);
    }
    return units;
  }

  Units of_groups(const std::vector<std::uint32_t>& group_of) const {
    std::vector<std::uint32_t> order(known_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, {}, [&](std::uint32_t item) { return group_of[item]; });
    Units units;
    std::vector<Units::Holding> own;
    for (std::size_t begin = 0; begin < order.size();) {
      own.clear();
      std::size_t end = begin;
      for (; end < order.size() && group_of[order[end]] == group_of[order[begin]]; ++end)
        hold(order[end], own);
      units.add(static_cast<std::uint32_t>(end - begin), merged(own));
      begin = end;
    }
    return units;
  }

 private:
  void hold(std::size_t item, std::vector<Units::Holding>& own) const {
    if (stratify_ == Stratify::attribute) {
      if (known_.value_of[item] != kNoValue) own.push_back({known_.value_of[item], 1});
    } else if (stratify_ != Stratify::no) {
      for (const HeldLabel& held : known_.labels_of(item))
        if (stratify_ == Stratify::labels)
          own.push_back({held.label, 1});
        else if (held.pixels > 0)
          own.push_back({held.label, static_cast<float>(held.pixels)});
    }
  }

  /// Of each stratum once.
  static std::span<const Units::Holding> merged(std::vector<Units::Holding>& own) {
    std::ranges::stable_sort(own, {}, &Units::Holding::stratum);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < own.size(); ++i)
      if (kept > 0 && own[kept - 1].stratum == own[i].stratum)
        own[kept - 1].amount += own[i].amount;
      else
        own[kept++] = own[i];
    return std::span(own).first(kept);
  }

  const ItemSurvey& known_;
  Stratify stratify_;
};

/// By thresholds on a number that depends on the key and the seed alone.
std::vector<int> split_by_hash(const std::vector<std::uint64_t>& hashes, const SubsetRatios& ratios,
                               std::uint64_t seed) {
  double sum = 0;
  std::vector<double> ends;
  for (const auto& [name, ratio] : ratios) ends.push_back(sum += ratio);
  std::vector<int> subset_of;
  for (const std::uint64_t hash : hashes) {
    const double at = Random({seed, 3, hash}).uniform() * sum;
    const auto end = std::ranges::upper_bound(ends, at);
    subset_of.push_back(static_cast<int>(std::min(end, ends.end() - 1) - ends.begin()));
  }
  return subset_of;
}

/// `group_of`: empty without groups.
std::vector<int> drawn(const ItemSurvey& known, const std::vector<std::uint32_t>& group_of,
                       const std::vector<std::size_t>& sizes, const SplitSettings& settings) {
  const UnitMaker maker(known, settings.stratify);
  if (group_of.empty())
    return settings.stratify == Stratify::no ? split_at_random(sizes, settings.seed)
                                             : split_stratified(maker.of_items(), sizes, settings.seed);
  const std::vector<int> of_group = split_stratified(maker.of_groups(group_of), sizes, settings.seed);
  std::vector<int> subset_of;
  for (const std::uint32_t group : group_of) subset_of.push_back(of_group[group]);
  return subset_of;
}

}  // namespace

SubsetRatios ratios_of(const SplitSettings& settings) {
  SubsetRatios ratios = settings.ratios;
  for (int fold = 1; fold <= settings.folds; ++fold) ratios.emplace_back(fmt::format("fold-{}", fold), 1);
  return ratios;
}

Division divide(ItemSurvey& known, const std::vector<std::uint32_t>& group_of, const SplitSettings& settings,
                Findings& findings) {
  Division division;
  if (!settings.lists.empty()) {
    Findings of_lists;
    GivenSubsets given = read_lists(settings.lists, known.names, of_lists);
    division.unused_lines = of_lists.count(Severity::error);
    of_lists.for_each([&](const Finding& finding) { findings.add(finding); });
    division.names = std::move(given.names);
    division.subset_of = std::move(given.subset_of);
    division.wanted.resize(division.names.size());
    for (std::uint32_t item = 0; item < known.size(); ++item)
      if (division.subset_of[item] == kNowhere)
        findings.add({"unlisted",
                      Severity::warning,
                      {"", std::nullopt, std::string(known.names[item])},
                      "no list names it: it is left out",
                      ""});
    return division;
  }
  std::vector<std::size_t> sizes;
  if (!settings.counts.empty()) {
    for (const auto& [name, count] : settings.counts) division.names.push_back(name);
    sizes = sizes_of(settings.counts, known.size());
  } else {
    std::vector<double> shares;
    for (const auto& [name, ratio] : ratios_of(settings)) {
      division.names.push_back(name);
      shares.push_back(ratio);
    }
    sizes = apportioned(known.size(), shares);
  }
  division.wanted.assign(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(division.names.size()));
  division.subset_of = settings.by_hash ? split_by_hash(known.hashes, ratios_of(settings), settings.seed)
                                        : drawn(known, group_of, sizes, settings);
  for (int& subset : division.subset_of)
    if (subset == static_cast<int>(division.names.size())) subset = kNowhere;
  return division;
}

}  // namespace maskmill
