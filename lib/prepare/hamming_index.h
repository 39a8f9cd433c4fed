// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace maskmill {

/// Finds which of many 64-bit hashes differ from another in a few bits only, without comparing all of them.
///
/// Hashes are filed by parts of their bits. Two that differ in at most kRadius bits differ in few of them in
/// at least one part, and what differs in few bits there can be looked up (multi-index hashing: Norouzi,
/// Punjani and Fleet, "Fast exact search in Hamming space with multi-index hashing", PAMI 2014). Few hashes
/// are filed by four parts; many by three longer ones, which hold fewer hashes each and are searched farther
/// around; which is less work is estimated from the hashes themselves.
class HammingIndex {
 public:
  static constexpr int kRadius = 7;

  /// How many parts; `automatic` takes what is less work for these hashes.
  enum class Parts { automatic, four, three };

  /// `hashes` must differ; a hash's place is its position among them. Keeps 40 bytes each besides 1 MB where
  /// there are four parts, and 32 bytes each besides 36 MB where there are three.
  explicit HammingIndex(std::vector<std::uint64_t> hashes, Parts parts = Parts::automatic);

  struct Hit {
    std::uint32_t place = 0;
    std::uint8_t distance = 0;
    std::uint8_t query = 0;  ///< which of the queries it is as near as that to, the first of them
    friend auto operator<=>(const Hit&, const Hit&) = default;
  };
  struct Nearest {
    std::vector<Hit> hits;       ///< by distance, then by place
    std::uint64_t compared = 0;  ///< hashes that were compared with a query
    bool is_cut_short = false;   ///< the budget did not suffice: nearer ones may be missing
  };

  /// Of the hashes within kRadius of one of at most 256 queries the `most` nearest; at one distance those of
  /// the lowest places. Searches from the nearest outwards, and no farther than it takes. `budget` bounds the
  /// hashes compared, whatever the hashes are. Any number of threads at once.
  Nearest nearest(std::span<const std::uint64_t> queries, std::size_t most, std::uint64_t budget) const;

  std::size_t size() const { return hashes_.size(); }
  std::uint64_t at(std::uint32_t place) const { return hashes_[place]; }

 private:
  struct Part {
    int first = 0, bits = 0, shells = 0;  // of 0, 1, ... bits that differ in the part
    std::vector<std::uint32_t> begin;     // by the part's value, and the end
    std::vector<std::uint32_t> others;    // 32 of the other bits
    std::vector<std::uint32_t> places;
    std::vector<std::uint32_t> masks;       // all shells' bits that differ, shell by shell
    std::vector<std::size_t> shell_starts;  // in `masks`, and the end
  };
  struct Step {
    std::size_t part = 0;
    int shell = 0;
  };
  class Search;

  void file(Part& part) const;

  std::vector<std::uint64_t> hashes_;
  std::vector<Part> parts_;
  std::vector<Step> steps_;  // after e + 1 of them all hashes within e bits have been met
};

}  // namespace maskmill
