// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace maskmill::learn {

/// Which samples a process trains on, in which order. Depends on (count, seed, epoch) alone; the ranks' parts
/// together are the whole epoch, each sample once but for those repeated to make the parts equally long.
class Sampler {
 public:
  /// `ranks` processes, of which this is number `rank` (from 0). Throws Error(bug) for a rank out of range or
  /// no samples.
  Sampler(std::size_t count, std::uint64_t seed, int rank = 0, int ranks = 1);
  /// Sample indices of this rank, shuffled. Epochs count from 1.
  std::vector<std::size_t> order(int epoch) const;
  /// The same without shuffling and without repeats: for validation.
  std::vector<std::size_t> in_order() const;

 private:
  std::size_t count_;
  std::uint64_t seed_;
  int rank_, ranks_;
};

}  // namespace maskmill::learn
