// SPDX-License-Identifier: Apache-2.0
#include "prepare/hamming_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "catch.h"

using namespace maskmill;

namespace {

using Hashes = std::vector<std::uint64_t>;
constexpr std::uint64_t kUnbounded = ~std::uint64_t{0};

std::uint64_t flipped(std::uint64_t hash, std::uint64_t bits, Random& random) {
  for (std::uint64_t i = 0; i < bits; ++i) hash ^= 1ULL << random.below(64);
  return hash;
}

Hashes distinct(Hashes hashes) {
  std::ranges::sort(hashes);
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

/// Every hash is compared with every query.
std::vector<HammingIndex::Hit> nearest_of_all(const Hashes& hashes, std::span<const std::uint64_t> queries,
                                              std::size_t most) {
  std::vector<HammingIndex::Hit> hits;
  for (std::uint32_t place = 0; place < hashes.size(); ++place) {
    HammingIndex::Hit best{place, 255, 0};
    for (std::size_t query = 0; query < queries.size(); ++query) {
      const auto distance = static_cast<std::uint8_t>(std::popcount(queries[query] ^ hashes[place]));
      if (distance < best.distance) best = {place, distance, static_cast<std::uint8_t>(query)};
    }
    if (best.distance <= HammingIndex::kRadius) hits.push_back(best);
  }
  std::ranges::sort(hits, {}, [](const auto& hit) { return std::tuple(hit.distance, hit.place); });
  if (hits.size() > most) hits.resize(most);
  return hits;
}

/// 34 queries near one of the hashes, as the windows of a picture are.
Hashes queries_near(std::uint64_t hash, Random& random) {
  Hashes queries;
  for (int i = 0; i < 34; ++i) queries.push_back(flipped(hash, random.below(9), random));
  return queries;
}

void check_against_all(const Hashes& hashes, Random& random, int times) {
  using Parts = HammingIndex::Parts;
  for (const Parts parts : {Parts::automatic, Parts::four, Parts::three}) {
    const HammingIndex index(hashes, parts);
    for (int i = 0; i < times; ++i) {
      const Hashes queries = queries_near(hashes[random.below(hashes.size())], random);
      for (const std::size_t most : {std::size_t{1}, std::size_t{17}, hashes.size()}) {
        const auto found = index.nearest(queries, most, kUnbounded);
        CHECK(found.hits == nearest_of_all(hashes, queries, most));
        CHECK_FALSE(found.is_cut_short);
      }
    }
  }
}

}  // namespace

TEST_CASE("the nearest hashes are those that comparing all of them gives: uniform ones") {
  Random random(1);
  Hashes hashes;
  for (int i = 0; i < 20'000; ++i) hashes.push_back(random.next());
  check_against_all(distinct(std::move(hashes)), random, 5);
}

TEST_CASE("the nearest hashes are those that comparing all of them gives: clusters of all widths") {
  Random random(2);
  Hashes hashes;
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t centre = random.next();
    for (int j = 0; j < 60; ++j) hashes.push_back(flipped(centre, random.below(1 + i % 16), random));
  }
  check_against_all(distinct(std::move(hashes)), random, 10);
}

TEST_CASE("the nearest hashes are those that comparing all of them gives: bits that follow each other") {
  Random random(3);
  Hashes hashes;
  for (int i = 0; i < 20'000; ++i) {
    std::uint64_t hash = random.below(2);
    for (int bit = 1; bit < 64; ++bit) hash = hash << 1 | ((hash & 1) ^ std::uint64_t{random.below(5) == 0});
    hashes.push_back(hash);
  }
  check_against_all(distinct(std::move(hashes)), random, 5);
}

TEST_CASE("hashes at the edge of the radius are found wherever their bits lie, and none beyond") {
  Random random(4);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t hash = random.next();
    std::array<int, 64> bits;
    for (int bit = 0; bit < 64; ++bit) bits[static_cast<std::size_t>(bit)] = bit;
    random.shuffle(std::span<int>(bits));
    std::uint64_t at_edge = hash;
    for (std::size_t bit = 0; bit < HammingIndex::kRadius; ++bit) at_edge ^= 1ULL << bits[bit];
    const HammingIndex index({at_edge, at_edge ^ 1ULL << bits[63]});
    const auto found = index.nearest(std::array{hash}, 2, kUnbounded);
    REQUIRE(found.hits.size() == 1);
    CHECK(found.hits[0] == HammingIndex::Hit{0, HammingIndex::kRadius, 0});
  }
}

TEST_CASE(
    "the nearest hashes are those that comparing all of them gives: a hundred thousand of one cluster") {
  Random random(5);
  Hashes hashes;
  const std::uint64_t centre = random.next();
  for (int i = 0; i < 100'000; ++i) hashes.push_back(flipped(centre, random.below(5), random));
  hashes = distinct(std::move(hashes));
  const HammingIndex index(hashes);
  for (int i = 0; i < 5; ++i) {
    const std::array query{hashes[random.below(hashes.size())]};
    CHECK(index.nearest(query, 17, kUnbounded).hits == nearest_of_all(hashes, query, 17));
  }
}

TEST_CASE("a search that its budget cuts short says so, and what it found is right") {
  Random random(6);
  Hashes hashes;
  const std::uint64_t centre = random.next();
  for (int i = 0; i < 5000; ++i) hashes.push_back(flipped(centre, 4, random));
  hashes = distinct(std::move(hashes));
  const HammingIndex index(hashes);
  const Hashes queries = queries_near(centre, random);
  const auto found = index.nearest(queries, 17, 1000);
  CHECK(found.is_cut_short);
  CHECK(found.compared <= 1000);
  for (const HammingIndex::Hit& hit : found.hits)
    CHECK(std::popcount(queries[hit.query] ^ hashes[hit.place]) == hit.distance);
}

TEST_CASE("an index of nothing finds nothing") {
  const HammingIndex index({});
  CHECK(index.nearest(std::array{std::uint64_t{5}}, 17, kUnbounded).hits.empty());
  const HammingIndex one({5});
  CHECK(one.nearest({}, 17, kUnbounded).hits.empty());
}
