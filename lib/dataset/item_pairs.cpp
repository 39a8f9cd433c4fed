// SPDX-License-Identifier: Apache-2.0
#include "dataset/item_pairs.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "base/parallel.h"

namespace maskmill {
namespace {

using Work = std::function<std::function<void()>(ItemPair&&)>;

struct Unmet {
  std::size_t number;
  Digest id;
};

/// What reading one place of both lists gave.
struct InStep {
  std::function<void()> pair;  // where both hold one id
  std::optional<Digest> a, b;  // else, of those that could be read
  bool is_lost_a = false, is_lost_b = false;
  std::vector<Finding> lost;
};

/// An item of either list that is to be read, the second time for some.
struct Reads {
  std::size_t number = 0, number_b = 0;
  ReadItem a, b;
};

class Pairing {
 public:
  Pairing(Source& a, Source& b, Findings& findings, const Work& work, Look look)
      : a_(a), b_(b), findings_(findings), work_(work), look_(look) {}

  UnpairedItems run() {
    for (const Source* source : {&a_, &b_})
      source->findings().for_each([&](const Finding& finding) { findings_.add(finding); });
    read_in_step();
    if (!unmet_a_.empty() || !unmet_b_.empty()) read_the_rest();
    return unpaired_;
  }

 private:
  void read_in_step() {
    a_.rewind();
    b_.rewind();
    std::size_t next = 0, number = 0;
    ordered_pipeline(
        [&]() -> std::optional<Reads> {
          Reads reads{next, next, a_.next(), b_.next()};
          ++next;
          if (!reads.a && !reads.b) return std::nullopt;
          return reads;
        },
        [&](const Reads& reads) { return in_step(reads); },
        [&](InStep&& step) {
          if (step.pair) step.pair();
          if (step.a) unmet_a_.push_back({number, *step.a});
          if (step.b) unmet_b_.push_back({number, *step.b});
          unpaired_.unreadable_a += step.is_lost_a;
          unpaired_.unreadable_b += step.is_lost_b;
          findings_.add(std::move(step.lost));
          ++number;
        });
  }

  InStep in_step(const Reads& reads) const {
    InStep step;
    ItemPair pair{reads.number, reads.number_b, {}, {}, {}};
    std::vector<Finding> of_b;
    if (reads.a) pair.a = reads.a(pair.findings, look_);
    if (reads.b) pair.b = reads.b(of_b, look_);
    if (pair.a && pair.b && pair.a->id == pair.b->id) {
      std::ranges::move(of_b, std::back_inserter(pair.findings));
      step.pair = work_(std::move(pair));
      return step;
    }
    // What one reads again is found again.
    if (pair.a) {
      step.a = digest_of(pair.a->id);
    } else if (reads.a) {
      step.is_lost_a = true;
      std::ranges::move(pair.findings, std::back_inserter(step.lost));
    }
    if (pair.b) {
      step.b = digest_of(pair.b->id);
    } else if (reads.b) {
      step.is_lost_b = true;
      std::ranges::move(of_b, std::back_inserter(step.lost));
    }
    return step;
  }

  void read_the_rest() {
    std::unordered_map<Digest, std::pair<std::size_t, ReadItem>, HashDigest> of_b;
    for_each_unmet(b_, unmet_b_, [&](const Unmet& one, ReadItem&& read) {
      of_b.emplace(one.id, std::pair(one.number, std::move(read)));
    });
    a_.rewind();
    std::size_t next_a = 0, position = 0, next_b = 0;
    const auto next = [&]() -> std::optional<Reads> {
      while (next_a < unmet_a_.size()) {
        ReadItem read = a_.next();
        if (!read) break;
        if (position++ != unmet_a_[next_a].number) continue;
        Reads reads{unmet_a_[next_a].number, 0, std::move(read), {}};
        if (auto found = of_b.extract(unmet_a_[next_a].id))
          std::tie(reads.number_b, reads.b) = std::move(found.mapped());
        ++next_a;
        return reads;
      }
      next_a = unmet_a_.size();
      while (next_b < unmet_b_.size()) {
        const Unmet& one = unmet_b_[next_b++];
        if (auto found = of_b.extract(one.id))
          return Reads{one.number, one.number, {}, std::move(found.mapped().second)};
      }
      return std::nullopt;
    };
    ordered_pipeline(
        next, [&](const Reads& reads) { return together(reads); },
        [](const std::function<void()>& pair) {
          if (pair) pair();
        });
  }

  std::function<void()> together(const Reads& reads) const {
    ItemPair pair{reads.number, reads.number_b, {}, {}, {}};
    if (reads.a) pair.a = reads.a(pair.findings, look_);
    if (reads.b) pair.b = reads.b(pair.findings, look_);
    if (!pair.a && !pair.b) return {};
    return work_(std::move(pair));
  }

  template <class Visit>
  static void for_each_unmet(Source& source, const std::vector<Unmet>& unmet, Visit&& visit) {
    source.rewind();
    std::size_t position = 0;
    for (const Unmet& one : unmet) {
      ReadItem read = source.next();
      for (; read && position < one.number; ++position) read = source.next();
      if (!read) return;
      visit(one, std::move(read));
      ++position;
    }
  }

  Source& a_;
  Source& b_;
  Findings& findings_;
  const Work& work_;
  const Look look_;
  std::vector<Unmet> unmet_a_, unmet_b_;
  UnpairedItems unpaired_;
};

}  // namespace

UnpairedItems for_each_pair(Source& a, Source& b, Findings& findings, const Work& work, Look look) {
  return Pairing(a, b, findings, work, look).run();
}

}  // namespace maskmill
