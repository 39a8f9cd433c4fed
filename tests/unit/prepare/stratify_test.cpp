// SPDX-License-Identifier: Apache-2.0
#include "prepare/stratify.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "catch.h"

using namespace maskmill;

namespace {

std::vector<std::size_t> sizes(const std::vector<int>& subset_of, std::size_t subsets) {
  std::vector<std::size_t> counts(subsets, 0);
  for (const int subset : subset_of) ++counts.at(static_cast<std::size_t>(subset));
  return counts;
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
  const auto first = split_at_random(1000, {8, 1, 1}, 1);
  CHECK(sizes(first, 3) == std::vector<std::size_t>{800, 100, 100});
  CHECK(first == split_at_random(1000, {8, 1, 1}, 1));
  CHECK(first != split_at_random(1000, {8, 1, 1}, 2));
  const auto tail = std::count(first.end() - 200, first.end(), 0);
  CHECK(std::abs(static_cast<double>(tail) - 160) < 30);
}

TEST_CASE("each item comes into each subset by its ratio, over the seeds") {
  std::vector<int> hits(20, 0);
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const auto subset_of = split_at_random(20, {3, 1}, seed);
    for (std::size_t i = 0; i < 20; ++i) hits[i] += subset_of[i] == 1;
  }
  for (const int hit : hits) CHECK(std::abs(hit - 1000) < 140);  // five standard deviations
}

TEST_CASE("a stratified split is exact in size and spreads rare labels by the ratios") {
  Random random(9);
  std::vector<std::vector<int>> labels(1000);
  for (auto& own : labels) {
    own.push_back(0);
    if (random.chance(0.3)) own.push_back(1);
    if (random.chance(0.02)) own.push_back(2);
  }
  std::vector<std::size_t> total(3, 0);
  for (const auto& own : labels)
    for (const int label : own) ++total[static_cast<std::size_t>(label)];
  const std::vector<double> ratios{0.7, 0.2, 0.1};
  const auto subset_of = split_stratified(labels, ratios, 4);
  CHECK(sizes(subset_of, 3) == std::vector<std::size_t>{700, 200, 100});
  for (std::size_t label = 0; label < 3; ++label)
    for (std::size_t subset = 0; subset < 3; ++subset) {
      std::size_t found = 0;
      for (std::size_t i = 0; i < labels.size(); ++i)
        if (subset_of[i] == static_cast<int>(subset))
          found += static_cast<std::size_t>(
              std::count(labels[i].begin(), labels[i].end(), static_cast<int>(label)));
      INFO("label " << label << " subset " << subset);
      CHECK(std::abs(static_cast<double>(found) - static_cast<double>(total[label]) * ratios[subset]) <= 1.5);
    }
  CHECK(subset_of == split_stratified(labels, ratios, 4));
}

TEST_CASE("two items of one rare label do not both go into the small subset") {
  std::vector<std::vector<int>> labels(100, {0});
  labels[3] = {0, 1};
  labels[70] = {0, 1};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto subset_of = split_stratified(labels, {0.5, 0.5}, seed);
    CHECK(subset_of[3] != subset_of[70]);
  }
}

TEST_CASE("items without labels are spread too") {
  const auto subset_of = split_stratified(std::vector<std::vector<int>>(10), {0.8, 0.2}, 0);
  CHECK(sizes(subset_of, 2) == std::vector<std::size_t>{8, 2});
}
