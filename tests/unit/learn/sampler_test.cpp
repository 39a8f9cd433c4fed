// SPDX-License-Identifier: Apache-2.0
#include "learn/sampler.h"

#include <algorithm>
#include <map>
#include <set>

#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::thrown_by;

TEST_CASE("the ranks' parts are equally long and together the whole epoch") {
  for (const std::size_t count : {1, 2, 5, 12, 101})
    for (const int ranks : {1, 2, 3, 4, 7}) {
      INFO(count << " samples, " << ranks << " ranks");
      std::map<std::size_t, int> seen;
      std::size_t longest = 0, total = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const auto part = Sampler(count, 3, rank, ranks).order(1);
        if (rank == 0) longest = part.size();
        CHECK(part.size() == longest);
        total += part.size();
        for (const std::size_t sample : part) ++seen[sample];
      }
      CHECK(seen.size() == count);
      CHECK(seen.rbegin()->first == count - 1);
      // No more repeats than making the parts equally long takes.
      CHECK(total - count < static_cast<std::size_t>(ranks));
      const auto [least, most] = std::minmax_element(
          seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
      CHECK(most->second - least->second <= 1);
    }
}

TEST_CASE("an epoch's order depends on seed and epoch alone") {
  const Sampler sampler(1000, 42);
  CHECK(sampler.order(3) == Sampler(1000, 42).order(3));
  CHECK(sampler.order(3) != sampler.order(4));
  CHECK(sampler.order(3) != Sampler(1000, 43).order(3));
}

TEST_CASE("a shuffled epoch has no trace of the data set's order") {
  // Of 1000 shuffled samples about one stays where it was, and half of the neighbours are in ascending order.
  const auto order = Sampler(1000, 7).order(1);
  int at_home = 0, ascending = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    at_home += order[i] == i;
    ascending += i > 0 && order[i - 1] < order[i];
  }
  CHECK(at_home < 10);
  CHECK(std::abs(ascending - 500) < 60);
}

TEST_CASE("validation sees every sample once, in order, whatever the number of ranks") {
  for (const int ranks : {1, 3, 8}) {
    std::vector<std::size_t> all;
    for (int rank = 0; rank < ranks; ++rank) {
      const auto part = Sampler(5, 1, rank, ranks).in_order();
      CHECK(std::is_sorted(part.begin(), part.end()));
      all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end());
    CHECK(all == std::vector<std::size_t>{0, 1, 2, 3, 4});
  }
}

TEST_CASE("a sampler without samples or of a rank that is not there is a bug") {
  CHECK(thrown_by([] { Sampler(0, 1); }).code() == Code::bug);
  CHECK(thrown_by([] { Sampler(5, 1, 2, 2); }).code() == Code::bug);
  CHECK(thrown_by([] { Sampler(5, 1, -1, 2); }).code() == Code::bug);
  CHECK(thrown_by([] { Sampler(5, 1).order(0); }).code() == Code::bug);
}
