// SPDX-License-Identifier: Apache-2.0
#include "learn/sampler.h"

#include <fmt/format.h>

#include <numeric>
#include <span>

#include "base/error.h"
#include "base/random.h"

namespace maskmill::learn {

Sampler::Sampler(std::size_t count, std::uint64_t seed, int rank, int ranks)
    : count_(count), seed_(seed), rank_(rank), ranks_(ranks) {
  if (count == 0) throw Error(Code::bug, "a sampler of no samples");
  if (ranks < 1 || rank < 0 || rank >= ranks)
    throw Error(Code::bug, fmt::format("rank {} of {} is not there", rank, ranks));
}

std::vector<std::size_t> Sampler::order(int epoch) const {
  if (epoch < 1) throw Error(Code::bug, fmt::format("epoch {}; they count from 1", epoch));
  std::vector<std::size_t> all(count_);
  std::iota(all.begin(), all.end(), std::size_t{0});
  Random random{stable_hash("sample order"), seed_, static_cast<std::uint64_t>(epoch)};
  random.shuffle(std::span(all));

  const auto ranks = static_cast<std::size_t>(ranks_);
  std::vector<std::size_t> mine((count_ + ranks - 1) / ranks);
  for (std::size_t i = 0; i < mine.size(); ++i)
    mine[i] = all[(i * ranks + static_cast<std::size_t>(rank_)) % count_];
  return mine;
}

std::vector<std::size_t> Sampler::in_order() const {
  std::vector<std::size_t> mine;
  for (auto i = static_cast<std::size_t>(rank_); i < count_; i += static_cast<std::size_t>(ranks_))
    mine.push_back(i);
  return mine;
}

}  // namespace maskmill::learn
