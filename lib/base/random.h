// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace maskmill {

/// Random numbers that are the same on every machine and standard library: SplitMix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014). std's distributions differ between
/// libraries.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// A stream that depends on all the words, such as (seed, epoch, index).
  Random(std::initializer_list<std::uint64_t> words);

  std::uint64_t next();
  /// [0, 1)
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  bool chance(double probability) { return uniform() < probability; }
  /// [0, bound), without bias (Lemire, "Fast random integer generation in an interval", 2019). `bound` is at
  /// least 1.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal.
  double normal();

  template <class T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::uint64_t state_;
};

/// A stable 64-bit number for a text, the same on every machine.
std::uint64_t stable_hash(std::string_view text);

}  // namespace maskmill
