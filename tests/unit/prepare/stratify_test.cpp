// SPDX-License-Identifier: Apache-2.0
#include "prepare/stratify.h"

#include <rapidcheck.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.h"
#include "catch.h"

using namespace maskmill;
using Catch::Matchers::WithinRel;

namespace {

using Holdings = std::vector<Units::Holding>;

std::vector<std::size_t> sizes_of(const std::vector<int>& subset_of, std::size_t subsets) {
  std::vector<std::size_t> counts(subsets, 0);
  for (const int subset : subset_of) ++counts.at(static_cast<std::size_t>(subset));
  return counts;
}

/// Units of one item that have these labels.
Units items_of(const std::vector<std::vector<std::uint32_t>>& labels) {
  Units units;
  for (const auto& own : labels) {
    Holdings holdings;
    for (const std::uint32_t label : own) holdings.push_back({label, 1});
    units.add(1, holdings);
  }
  return units;
}

Units groups_of(const std::vector<std::uint32_t>& items) {
  Units units;
  for (const std::uint32_t size : items) units.add(size, {});
  return units;
}

std::vector<std::size_t> items_in(const Units& units, const std::vector<int>& subset_of,
                                  std::size_t subsets) {
  std::vector<std::size_t> items(subsets, 0);
  for (std::size_t unit = 0; unit < units.size(); ++unit)
    items.at(static_cast<std::size_t>(subset_of[unit])) += units.items(unit);
  return items;
}

/// The least imbalance of all divisions that leave no subset empty.
double least_imbalance(const Units& units, const std::vector<std::size_t>& sizes) {
  double least = std::numeric_limits<double>::infinity();
  std::vector<int> subset_of(units.size(), 0);
  for (;;) {
    const std::vector<std::size_t> members = sizes_of(subset_of, sizes.size());
    if (std::ranges::find(members, 0U) == members.end())
      least = std::min(least, imbalance(units, sizes, subset_of));
    std::size_t at = 0;
    while (at < subset_of.size() && ++subset_of[at] == static_cast<int>(sizes.size())) subset_of[at++] = 0;
    if (at == subset_of.size()) return least;
  }
}

}  // namespace

TEST_CASE("shares are exact by largest remainders") {
  CHECK(apportioned(10, {0.8, 0.1, 0.1}) == std::vector<std::size_t>{8, 1, 1});
  CHECK(apportioned(598, {0.8, 0.1, 0.1}) == std::vector<std::size_t>{478, 60, 60});
  CHECK(apportioned(3, {1, 1}) == std::vector<std::size_t>{2, 1});
  CHECK(apportioned(100, {7, 2, 1}) == std::vector<std::size_t>{70, 20, 10});
  CHECK(apportioned(0, {1, 1}) == std::vector<std::size_t>{0, 0});
  CHECK(apportioned(5, {1, 0}) == std::vector<std::size_t>{5, 0});
}

TEST_CASE("whatever the ratios, shares sum up and none is off by one") {
  Random random(5);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t count = random.below(5000);
    std::vector<double> ratios(1 + random.below(6));
    for (double& ratio : ratios) ratio = random.uniform(0.01, 5);
    const double sum = std::accumulate(ratios.begin(), ratios.end(), 0.0);
    const auto shares = apportioned(count, ratios);
    REQUIRE(std::accumulate(shares.begin(), shares.end(), std::size_t{0}) == count);
    for (std::size_t i = 0; i < ratios.size(); ++i)
      REQUIRE(std::abs(static_cast<double>(shares[i]) - static_cast<double>(count) * ratios[i] / sum) < 1);
  }
}

TEST_CASE("a random split is exact, depends on the seed alone, and is not the order of the list") {
  const auto first = split_at_random({800, 100, 100}, 1);
  CHECK(sizes_of(first, 3) == std::vector<std::size_t>{800, 100, 100});
  CHECK(first == split_at_random({800, 100, 100}, 1));
  CHECK(first != split_at_random({800, 100, 100}, 2));
  const auto tail = std::count(first.end() - 200, first.end(), 0);
  CHECK(std::abs(static_cast<double>(tail) - 160) < 30);
}

TEST_CASE("each item comes into each subset by its ratio, over the seeds") {
  std::vector<int> hits(20, 0);
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const auto subset_of = split_at_random({15, 5}, seed);
    for (std::size_t i = 0; i < 20; ++i) hits[i] += subset_of[i] == 1;
  }
  for (const int hit : hits) CHECK(std::abs(hit - 1000) < 140);  // five standard deviations
}

TEST_CASE("the imbalance of a division is Pearson's chi square of its items") {
  // 6 of 10 items have the label; the halves get 4 and 2 of them where 3 and 3 are expected: (1 + 1) / 3.
  std::vector<std::vector<std::uint32_t>> labels(10);
  for (std::size_t i = 0; i < 6; ++i) labels[i] = {0};
  const std::vector<int> halves{0, 0, 0, 0, 1, 1, 0, 1, 1, 1};
  CHECK_THAT(imbalance(items_of(labels), {5, 5}, halves), WithinRel(2.0 / 3, 1e-9));
  // Groups of 4, 2 and 2 items in halves that should be 4 and 4 and are 6 and 2: (2^2 + 2^2) / .5 / (16 + 4 +
  // 4).
  CHECK_THAT(imbalance(groups_of({4, 2, 2}), {4, 4}, {0, 0, 1}), WithinRel(16.0 / 24, 1e-9));
  CHECK(imbalance(groups_of({4, 2, 2}), {4, 4}, {0, 1, 1}) == 0);
  CHECK(std::isinf(imbalance(groups_of({1, 1}), {2, 0}, {0, 1})));
}

TEST_CASE("a stratified split is exact in size and spreads rare labels by the ratios") {
  Random random(9);
  std::vector<std::vector<std::uint32_t>> labels(1000);
  for (auto& own : labels) {
    own.push_back(0);
    if (random.chance(0.3)) own.push_back(1);
    if (random.chance(0.02)) own.push_back(2);
  }
  std::vector<std::size_t> total(3, 0);
  for (const auto& own : labels)
    for (const std::uint32_t label : own) ++total[label];
  const std::vector<std::size_t> sizes{700, 200, 100};
  const auto subset_of = split_stratified(items_of(labels), sizes, 4);
  CHECK(sizes_of(subset_of, 3) == sizes);
  for (std::uint32_t label = 0; label < 3; ++label)
    for (std::size_t subset = 0; subset < 3; ++subset) {
      std::ptrdiff_t found = 0;
      for (std::size_t i = 0; i < labels.size(); ++i)
        if (subset_of[i] == static_cast<int>(subset)) found += std::ranges::count(labels[i], label);
      INFO("label " << label << " subset " << subset);
      CHECK(std::abs(static_cast<double>(found) - static_cast<double>(total[label] * sizes[subset]) / 1000) <
            1);
    }
  CHECK(subset_of == split_stratified(items_of(labels), sizes, 4));
  CHECK(subset_of != split_stratified(items_of(labels), sizes, 5));
}

TEST_CASE("two items of one rare label do not both go into the small subset") {
  std::vector<std::vector<std::uint32_t>> labels(100, {0});
  labels[3] = {0, 1};
  labels[70] = {0, 1};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto subset_of = split_stratified(items_of(labels), {50, 50}, seed);
    CHECK(subset_of[3] != subset_of[70]);
  }
}

TEST_CASE("items without labels are spread too") {
  const auto subset_of = split_stratified(items_of(std::vector<std::vector<std::uint32_t>>(10)), {8, 2}, 0);
  CHECK(sizes_of(subset_of, 2) == std::vector<std::size_t>{8, 2});
}

TEST_CASE("pixels are spread, not the items that have some") {
  // Two items have most of the label: one each, whatever their number of others.
  Units units;
  for (const float pixels : {1000.F, 1000.F, 10.F, 10.F, 10.F, 10.F}) units.add(1, Holdings{{0, pixels}});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto subset_of = split_stratified(units, {3, 3}, seed);
    CHECK(sizes_of(subset_of, 2) == std::vector<std::size_t>{3, 3});
    CHECK(subset_of[0] != subset_of[1]);
  }
}

TEST_CASE("groups fill subsets as nearly as they can") {
  // Greedy alone, largest first, puts 8 and 5 into the halves and ends with 8 + 3 + 1 and 5 + 4 + 3.
  const Units units = groups_of({8, 5, 4, 3, 3, 1});
  CHECK(items_in(units, split_stratified(units, {12, 12}, 0), 2) == std::vector<std::size_t>{12, 12});
  const Units pairs = groups_of({7, 7, 6, 6, 5, 5, 4, 4});
  CHECK(items_in(pairs, split_stratified(pairs, {22, 11, 11}, 0), 3) == std::vector<std::size_t>{22, 11, 11});
}

TEST_CASE("no subset stays empty while there are groups enough") {
  const Units units = groups_of({80, 10, 1});
  const auto subset_of = split_stratified(units, {73, 9, 9}, 0);
  CHECK(subset_of[0] == 0);
  CHECK(sizes_of(subset_of, 3) == std::vector<std::size_t>{1, 1, 1});
  CHECK(sizes_of(split_stratified(groups_of({5, 5}), {5, 0, 5}, 0), 3) == std::vector<std::size_t>{1, 0, 1});
}

TEST_CASE("of few groups, the division is the best of all") {
  Random random(11);
  for (std::uint64_t round = 0; round < 60; ++round) {
    Units units;
    std::size_t items = 0;
    const std::size_t labels = random.below(4), subsets = 2 + random.below(2);
    for (std::size_t unit = 4 + random.below(5); unit > 0; --unit) {
      const auto size = static_cast<std::uint32_t>(1 + random.below(12));
      Holdings holdings;
      for (std::uint32_t label = 0; label < labels; ++label)
        if (random.chance(0.6)) holdings.push_back({label, static_cast<float>(1 + random.below(size))});
      units.add(size, holdings);
      items += size;
    }
    std::vector<double> ratios;
    for (std::size_t i = 0; i < subsets; ++i) ratios.push_back(random.uniform(0.2, 1.2));
    const std::vector<std::size_t> sizes = apportioned(items, ratios);
    if (std::ranges::find(sizes, 0U) != sizes.end()) continue;
    INFO("round " << round);
    CHECK(imbalance(units, sizes, split_stratified(units, sizes, round)) <=
          least_imbalance(units, sizes) + 1e-6);
  }
}

TEST_CASE("sizes are exact whatever the labels and their pixels") {
  CHECK(rc::check([] {
    Units units;
    const std::size_t count = *rc::gen::inRange<std::size_t>(1, 1300);
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    for (std::size_t i = 0; i < count; ++i) {
      Holdings holdings;
      for (std::uint32_t label = 0; label < 5; ++label)
        if (random.chance(0.3)) holdings.push_back({label, static_cast<float>(1 + random.below(1000))});
      units.add(1, holdings);
    }
    const auto sizes = apportioned(count, {random.uniform(), random.uniform(), random.uniform()});
    RC_ASSERT(sizes_of(split_stratified(units, sizes, 1), 3) == sizes);
  }));
}

TEST_CASE("a split is the same on every machine") {
  Units units;
  Random random(3);
  std::size_t items = 0;
  for (int i = 0; i < 24; ++i) {
    const auto size = static_cast<std::uint32_t>(1 + random.below(9));
    items += size;
    units.add(size, Holdings{{static_cast<std::uint32_t>(random.below(4)), static_cast<float>(size)}});
  }
  std::string digits;
  for (const int subset : split_stratified(units, apportioned(items, {5, 3, 2}), 7))
    digits += std::to_string(subset);
  CHECK(digits == "202011010222000020011001");
  digits.clear();
  for (const int subset : split_at_random({12, 6, 6}, 7)) digits += std::to_string(subset);
  CHECK(digits == "011102020200210001000122");
}
