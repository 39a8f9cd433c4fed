// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "catch.h"

using namespace maskmill;

namespace {

auto counting_to(int end) {
  return [next = 0, end]() mutable -> std::optional<int> {
    return next < end ? std::optional(next++) : std::nullopt;
  };
}

/// Counts itself.
struct Heavy {
  std::atomic<int>* alive;
  explicit Heavy(std::atomic<int>* counter) : alive(counter) { ++*alive; }
  Heavy(Heavy&& other) noexcept : alive(std::exchange(other.alive, nullptr)) {}
  ~Heavy() {
    if (alive) --*alive;
  }
};

}  // namespace

TEST_CASE("results come in the order of reading, whatever each one takes") {
  std::vector<int> seen;
  ordered_pipeline(
      counting_to(500),
      [](int&& i) {
        std::this_thread::sleep_for(
            std::chrono::microseconds(Random({static_cast<std::uint64_t>(i)}).below(200)));
        return i * 2;
      },
      [&](int&& value) { seen.push_back(value); });
  REQUIRE(seen.size() == 500);
  for (int i = 0; i < 500; ++i) REQUIRE(seen[static_cast<std::size_t>(i)] == 2 * i);
}

TEST_CASE("an error of any stage ends the pipeline and is thrown") {
  const auto run = [](int bad_stage) {
    int written = 0;
    const auto fail_at = [&](int stage, int i) {
      if (stage == bad_stage && i == 20) throw Error(Code::bad_value, "stage " + std::to_string(stage));
    };
    auto read = counting_to(1000);
    ordered_pipeline(
        [&]() {
          auto value = read();
          if (value) fail_at(0, *value);
          return value;
        },
        [&](int&& i) {
          fail_at(1, i);
          return i;
        },
        [&](int&& i) {
          fail_at(2, i);
          ++written;
        });
    return written;
  };
  for (int stage = 0; stage < 3; ++stage) CHECK_THROWS_WITH(run(stage), "stage " + std::to_string(stage));
}

TEST_CASE("only a few items are in flight, so memory does not grow with the input") {
  std::atomic<int> alive = 0, most = 0;
  ordered_pipeline(
      counting_to(2000), [&](int&&) { return Heavy(&alive); },
      [&](Heavy&&) { most = std::max(most.load(), alive.load()); });
  CHECK(alive == 0);
  CHECK(most <= 2 * 64 + 2);
}

TEST_CASE("parallel_for does each index once") {
  std::vector<std::atomic<int>> hits(1000);
  parallel_for(hits.size(), [&](std::size_t i) { ++hits[i]; });
  for (const auto& hit : hits) REQUIRE(hit == 1);
}

TEST_CASE("nothing that was in flight stays behind an error") {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> alive = 0;
    CHECK_THROWS_AS(ordered_pipeline(
                        counting_to(1000),
                        [&](int&& i) {
                          // The first comes last: the others wait for it between the stages.
                          if (i == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                          return Heavy(&alive);
                        },
                        [](Heavy&&) { throw Error(Code::bad_value, "the first"); }),
                    Error);
    CHECK(alive == 0);
  }
}
