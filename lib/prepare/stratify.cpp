// SPDX-License-Identifier: Apache-2.0
#include "prepare/stratify.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <span>

#include "base/random.h"

namespace maskmill {
namespace {

constexpr int kNowhere = -1;

std::vector<std::size_t> shuffled_order(std::size_t count, Random& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  random.shuffle(std::span(order));
  return order;
}

// The label with the fewest items left comes first: while there is still room everywhere, it can be spread
// well.
class Stratifier {
 public:
  Stratifier(const std::vector<std::vector<int>>& labels, const std::vector<double>& ratios,
             std::uint64_t seed)
      : labels_(labels),
        random_({seed, 2}),
        room_(apportioned(labels.size(), ratios)),
        subset_of_(labels.size(), kNowhere) {
    std::size_t label_count = 0;
    for (const auto& item : labels)
      for (const int label : item) label_count = std::max(label_count, static_cast<std::size_t>(label) + 1);
    items_of_.resize(label_count);
    for (const std::size_t item : shuffled_order(labels.size(), random_))
      for (const int label : labels[item]) items_of_[static_cast<std::size_t>(label)].push_back(item);
    const double sum = std::accumulate(ratios.begin(), ratios.end(), 0.0);
    wanted_.resize(label_count);
    for (std::size_t label = 0; label < label_count; ++label) {
      left_.push_back(items_of_[label].size());
      for (const double ratio : ratios)
        wanted_[label].push_back(static_cast<double>(left_[label]) * ratio / sum);
      if (left_[label] > 0) by_left_.insert({left_[label], label});
    }
  }

  std::vector<int> run() {
    while (!by_left_.empty()) spread(by_left_.begin()->second);
    for (const std::size_t item : shuffled_order(labels_.size(), random_))
      if (subset_of_[item] == kNowhere) place(item, roomiest());
    return std::move(subset_of_);
  }

 private:
  void spread(std::size_t label) {
    for (const std::size_t item : items_of_[label])
      if (subset_of_[item] == kNowhere) place(item, neediest(label));
  }

  // The subset that lacks this label most; of those, the one with most room; of those, one at random.
  int neediest(std::size_t label) {
    int best = kNowhere;
    for (std::size_t subset = 0; subset < room_.size(); ++subset) {
      if (room_[subset] == 0) continue;
      if (best == kNowhere) {
        best = static_cast<int>(subset);
        continue;
      }
      const auto current = static_cast<std::size_t>(best);
      const double difference = wanted_[label][subset] - wanted_[label][current];
      const bool ties = std::abs(difference) < 1e-9;
      if ((!ties && difference > 0) || (ties && room_[subset] > room_[current]) ||
          (ties && room_[subset] == room_[current] && random_.chance(0.5)))
        best = static_cast<int>(subset);
    }
    return best;
  }

  int roomiest() const {
    return static_cast<int>(std::max_element(room_.begin(), room_.end()) - room_.begin());
  }

  void place(std::size_t item, int subset) {
    subset_of_[item] = subset;
    --room_[static_cast<std::size_t>(subset)];
    for (const int label : labels_[item]) {
      const auto index = static_cast<std::size_t>(label);
      wanted_[index][static_cast<std::size_t>(subset)] -= 1;
      by_left_.erase({left_[index], index});
      if (--left_[index] > 0) by_left_.insert({left_[index], index});
    }
  }

  const std::vector<std::vector<int>>& labels_;
  Random random_;
  std::vector<std::size_t> room_;
  std::vector<int> subset_of_;
  std::vector<std::vector<std::size_t>> items_of_;  // by label
  std::vector<std::size_t> left_;                   // items not placed yet, by label
  std::vector<std::vector<double>> wanted_;         // by label and subset
  std::set<std::pair<std::size_t, std::size_t>> by_left_;
};

}  // namespace

std::vector<std::size_t> apportioned(std::size_t count, const std::vector<double>& ratios) {
  const double sum = std::accumulate(ratios.begin(), ratios.end(), 0.0);
  std::vector<std::size_t> shares;
  std::vector<std::pair<double, std::size_t>> remainders;  // largest first, then the earlier subset
  std::size_t given = 0;
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    const double exact = static_cast<double>(count) * ratios[i] / sum;
    const double whole = std::floor(exact + 1e-9);  // .1 * 10 items is 1 item, whatever binary fractions say
    shares.push_back(static_cast<std::size_t>(whole));
    remainders.emplace_back(whole - exact, i);
    given += shares.back();
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::size_t i = 0; given < count; ++i, ++given) ++shares[remainders[i % remainders.size()].second];
  return shares;
}

std::vector<int> split_at_random(std::size_t count, const std::vector<double>& ratios, std::uint64_t seed) {
  Random random({seed, 1});
  const std::vector<std::size_t> order = shuffled_order(count, random);
  std::vector<int> subset_of(count);
  std::size_t next = 0;
  const std::vector<std::size_t> shares = apportioned(count, ratios);
  for (std::size_t subset = 0; subset < shares.size(); ++subset)
    for (std::size_t i = 0; i < shares[subset]; ++i) subset_of[order[next++]] = static_cast<int>(subset);
  return subset_of;
}

std::vector<int> split_stratified(const std::vector<std::vector<int>>& labels,
                                  const std::vector<double>& ratios, std::uint64_t seed) {
  return Stratifier(labels, ratios, seed).run();
}

}  // namespace maskmill
