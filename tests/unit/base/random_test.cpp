// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "catch.h"

using namespace maskmill;

TEST_CASE("SplitMix64 gives the numbers that its authors' code gives for seed 1234567") {
  // From the reference implementation by Sebastiano Vigna (splitmix64.c), as published with its test values.
  Random random(1234567);
  for (const std::uint64_t expected : {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
                                       4593380528125082431ULL, 16408922859458223821ULL})
    CHECK(random.next() == expected);
}

TEST_CASE("draws below a bound are uniform and stay below it") {
  Random random(7);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(random.below(7));
  for (const int count : counts) CHECK(std::abs(count - 10'000) < 500);  // five standard deviations
}

TEST_CASE("a shuffle is a permutation, and each place gets each value equally often") {
  std::array<std::array<int, 5>, 5> seen{};
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    Random random({seed});
    std::array<int, 5> values{0, 1, 2, 3, 4};
    random.shuffle(std::span<int>(values));
    for (std::size_t i = 0; i < 5; ++i) ++seen[i].at(static_cast<std::size_t>(values[i]));
  }
  for (const auto& place : seen)
    for (const int count : place) CHECK(std::abs(count - 4000) < 300);
}

TEST_CASE("normal draws have mean 0 and variance 1") {
  Random random(3);
  double sum = 0, square = 0;
  constexpr int n = 200'000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    REQUIRE(std::isfinite(x));
    sum += x, square += x * x;
  }
  CHECK(std::abs(sum / n) < 0.012);
  CHECK(std::abs(square / n - 1) < 0.02);
}

TEST_CASE("streams of different words differ, in whatever order the words stand") {
  CHECK(Random({1, 2}).next() != Random({2, 1}).next());
  CHECK(Random({1, 2}).next() != Random({1, 2, 0}).next());
  CHECK(Random({1, 2}).next() == Random({1, 2}).next());
}
