// SPDX-License-Identifier: Apache-2.0
#include "prepare/hamming_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <tuple>

namespace maskmill {
namespace {

struct PartPlan {
  int bits, shells;
};
/// Who is in none of the shells of a part differs there by as many bits as it has shells. So with kRadius + 1
/// shells in all, a hash within kRadius bits is in one of them. Fewer bits suffice where there are fewer
/// shells.
using Plan = std::span<const PartPlan>;
constexpr std::array kFourParts{PartPlan{16, 2}, PartPlan{16, 2}, PartPlan{16, 2}, PartPlan{16, 2}};
constexpr std::array kThreeParts{PartPlan{22, 3}, PartPlan{22, 3}, PartPlan{20, 2}};

constexpr bool is_exact(Plan plan) {
  int bits = 0, shells = 0;
  for (const PartPlan& shape : plan) bits += shape.bits, shells += shape.shells;
  return bits == 64 && shells == HammingIndex::kRadius + 1;
}
static_assert(is_exact(kFourParts) && is_exact(kThreeParts));

constexpr double kLookUp = 6;        // costs as many comparisons
constexpr std::size_t kAtOnce = 16;  // of 8 GCC makes no vector instructions
constexpr std::uint32_t kFew = 4;    // not worth kAtOnce
constexpr std::size_t kMostKept = 512;

std::uint32_t value_of(std::uint64_t hash, int first, int bits) {
  return static_cast<std::uint32_t>(std::rotr(hash, first) & ((std::uint64_t{1} << bits) - 1));
}

std::uint32_t others_of(std::uint64_t hash, int first, int bits) {
  return static_cast<std::uint32_t>(std::rotr(hash, first + bits));
}

/// By adding up neighbouring bits: without an instruction for it, which not every CPU has, this is what
/// becomes instructions for several at once.
std::uint32_t ones(std::uint32_t bits) {
  bits -= bits >> 1 & 0x55555555U;
  bits = (bits & 0x33333333U) + (bits >> 2 & 0x33333333U);
  bits = (bits + (bits >> 4)) & 0x0F0F0F0FU;
  bits += bits >> 8;
  return (bits + (bits >> 16)) & 0x3FU;
}

/// All values of `bits` bits of which `set` are ones, in order.
void add_shell(int bits, int set, std::vector<std::uint32_t>& masks) {
  if (set == 0) {
    masks.push_back(0);
    return;
  }
  for (std::uint64_t mask = (std::uint64_t{1} << set) - 1; mask >> bits == 0;) {
    masks.push_back(static_cast<std::uint32_t>(mask));
    const std::uint64_t lowest = mask & (~mask + 1), ripple = mask + lowest;
    mask = ripple | ((mask ^ ripple) >> 2) / lowest;
  }
}

/// How many hashes lie in the bucket of one, on average.
std::vector<double> usual_buckets(const std::vector<std::uint64_t>& hashes, Plan plan) {
  std::vector<double> usual;
  int first = 0;
  for (const PartPlan& shape : plan) {
    std::vector<std::uint32_t> counts(std::size_t{1} << shape.bits, 0);
    for (const std::uint64_t hash : hashes) ++counts[value_of(hash, first, shape.bits)];
    double squares = 0;
    for (const std::uint32_t count : counts) squares += static_cast<double>(count) * count;
    usual.push_back(squares / static_cast<double>(hashes.size()));
    first += shape.bits;
  }
  return usual;
}

double binomial(int n, int k) {
  double product = 1;
  for (int i = 0; i < k; ++i) product = product * (n - i) / (i + 1);
  return product;
}

double cost_of(const std::vector<std::uint64_t>& hashes, Plan plan) {
  const std::vector<double> usual = usual_buckets(hashes, plan);
  double cost = 0;
  for (std::size_t i = 0; i < plan.size(); ++i)
    for (int shell = 0; shell < plan[i].shells; ++shell)
      cost += binomial(plan[i].bits, shell) * (kLookUp + usual[i]);
  return cost;
}

}  // namespace

HammingIndex::HammingIndex(std::vector<std::uint64_t> hashes, Parts parts) : hashes_(std::move(hashes)) {
  // The lookups alone of the longer parts cost more than these can.
  constexpr std::size_t kShort = 50'000;
  if (parts == Parts::automatic)
    parts = hashes_.size() > kShort && cost_of(hashes_, kThreeParts) < cost_of(hashes_, kFourParts)
                ? Parts::three
                : Parts::four;
  int first = 0;
  for (const PartPlan& shape : parts == Parts::three ? Plan(kThreeParts) : Plan(kFourParts)) {
    Part& part = parts_.emplace_back();
    part.first = first, part.bits = shape.bits, part.shells = shape.shells;
    first += shape.bits;
    for (int shell = 0; shell < shape.shells; ++shell) {
      part.shell_starts.push_back(part.masks.size());
      add_shell(shape.bits, shell, part.masks);
    }
    part.shell_starts.push_back(part.masks.size());
    file(part);
  }
  for (int shell = 0; shell <= kRadius; ++shell)
    for (std::size_t part = 0; part < parts_.size(); ++part)
      if (shell < parts_[part].shells) steps_.push_back({part, shell});
}

void HammingIndex::file(Part& part) const {
  part.begin.assign((std::size_t{1} << part.bits) + 1, 0);
  for (const std::uint64_t hash : hashes_) ++part.begin[value_of(hash, part.first, part.bits) + 1];
  std::partial_sum(part.begin.begin(), part.begin.end(), part.begin.begin());
  // Filling a bucket from its end makes its end its begin, so that all of `begin` moves on by one.
  part.others.resize(hashes_.size() + kAtOnce - 1);
  part.places.resize(hashes_.size());
  for (std::uint32_t place = static_cast<std::uint32_t>(hashes_.size()); place-- > 0;) {
    const std::uint64_t hash = hashes_[place];
    const std::uint32_t at = --part.begin[value_of(hash, part.first, part.bits) + 1];
    part.others[at] = others_of(hash, part.first, part.bits);
    part.places[at] = place;
  }
  part.begin.erase(part.begin.begin());
  part.begin.push_back(static_cast<std::uint32_t>(hashes_.size()));
}

/// One search, with the best hits so far.
class HammingIndex::Search {
 public:
  Search(const HammingIndex& index, std::span<const std::uint64_t> queries, std::size_t most,
         std::uint64_t budget)
      : index_(index), queries_(queries), most_(most), budget_(budget) {}

  Nearest run() {
    int within = 0;
    for (const Step& step : index_.steps_) {
      if (!look(step)) {
        keep_best();
        found_.is_cut_short = true;
        return std::move(found_);
      }
      keep_best();
      // All within so many bits are known, and they suffice.
      if (found_.hits.size() == most_ && found_.hits.back().distance <= within) break;
      ++within;
    }
    return std::move(found_);
  }

 private:
  struct Bucket {
    std::uint32_t first, last;
    std::uint8_t query;
  };

  bool look(const Step& step) {
    const Part& part = index_.parts_[step.part];
    if (step.shell > limit_) return true;
    const auto shell = static_cast<std::size_t>(step.shell);
    const std::span masks =
        std::span(part.masks)
            .subspan(part.shell_starts[shell], part.shell_starts[shell + 1] - part.shell_starts[shell]);
    for (std::size_t query = 0; query < queries_.size(); ++query) {
      const std::uint32_t value = value_of(queries_[query], part.first, part.bits);
      for (const std::uint32_t mask : masks) {
        const std::uint32_t first = part.begin[value ^ mask], last = part.begin[(value ^ mask) + 1];
        if (first != last) buckets_.push_back({first, last, static_cast<std::uint8_t>(query)});
      }
    }
    const bool is_affordable = scan_buckets(part, step.shell);
    buckets_.clear();
    return is_affordable;
  }

  /// They lie far apart in memory: each is asked for while others before it are scanned.
  bool scan_buckets(const Part& part, int differing) {
    constexpr std::size_t kAhead = 12;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      if (i + kAhead < buckets_.size()) {
        const Bucket& later = buckets_[i + kAhead];
        __builtin_prefetch(part.others.data() + later.first);
        __builtin_prefetch(part.others.data() + later.last - 1);
      }
      const auto [first, last, query] = buckets_[i];
      if (found_.compared + (last - first) > budget_) return false;
      found_.compared += last - first;
      scan(part, first, last, differing, query);
    }
    return true;
  }

  void scan(const Part& part, std::uint32_t first, std::uint32_t last, int differing, std::size_t query) {
    const std::uint32_t others = others_of(queries_[query], part.first, part.bits);
    const auto too_many = static_cast<std::uint32_t>(limit_ - differing + 1);
    for (std::uint32_t at = first; at < last; at += kAtOnce) {
      if (last - at > kFew && !has_near(part.others.data() + at, others, too_many)) continue;
      for (std::uint32_t i = at; i < std::min<std::uint32_t>(last, at + kAtOnce); ++i)
        if (ones(part.others[i] ^ others) < too_many) take(part.places[i], query);
    }
  }

  /// Of the next kAtOnce.
  static bool has_near(const std::uint32_t* stored, std::uint32_t others, std::uint32_t too_many) {
    std::uint32_t left = 0;  // its highest bit is set by a number below `too_many`
    for (std::size_t i = 0; i < kAtOnce; ++i) left |= ones(stored[i] ^ others) - too_many;
    return left >> 31 != 0;
  }

  void take(std::uint32_t place, std::size_t query) {
    const int distance = std::popcount(queries_[query] ^ index_.hashes_[place]);
    if (distance > limit_) return;
    found_.hits.push_back({place, static_cast<std::uint8_t>(distance), static_cast<std::uint8_t>(query)});
    if (found_.hits.size() >= kMostKept + most_) keep_best();
  }

  void keep_best() {
    auto& hits = found_.hits;
    std::ranges::sort(hits);  // by place, then by distance and query
    hits.erase(
        std::unique(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.place == b.place; }),
        hits.end());
    std::ranges::sort(hits, {}, [](const Hit& hit) { return std::tuple(hit.distance, hit.place); });
    if (hits.size() > most_) hits.resize(most_);
    if (most_ > 0 && hits.size() == most_) limit_ = hits.back().distance;
  }

  const HammingIndex& index_;
  const std::span<const std::uint64_t> queries_;
  const std::size_t most_;
  const std::uint64_t budget_;
  int limit_ = kRadius;  // farther ones are not wanted any more
  std::vector<Bucket> buckets_;
  Nearest found_;
};

HammingIndex::Nearest HammingIndex::nearest(std::span<const std::uint64_t> queries, std::size_t most,
                                            std::uint64_t budget) const {
  return Search(*this, queries, most, budget).run();
}

}  // namespace maskmill
