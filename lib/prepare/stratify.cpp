// SPDX-License-Identifier: Apache-2.0
#include "prepare/stratify.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "base/random.h"

namespace maskmill {
namespace {

constexpr int kNowhere = -1;
// Of the search: amounts looked at; some tenths of a second.
constexpr std::int64_t kMostSteps = 20'000'000;
// Up to here each unit is tried with each other one, and the search restarted; above, with some at random: as
// many as make this number of rounds.
constexpr std::size_t kFewUnits = 1000;
constexpr std::size_t kRounds = 8, kLeastPartners = 16;
constexpr std::size_t kMostKicked = 3;
constexpr int kMostFruitless = 500;  // restarts one after another
// In the unit of imbalance(): below it, a gain may be one of rounding.
constexpr double kLeastGain = 1e-9;

std::vector<std::size_t> shuffled_order(std::size_t count, Random& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  random.shuffle(std::span(order));
  return order;
}

// The strata, and the items as one more.
class Balance {
 public:
  Balance(const Units& units, const std::vector<std::size_t>& sizes, bool counts_items)
      : units_(&units), subsets_(sizes.size()), counts_items_(counts_items) {
    const double items = static_cast<double>(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}));
    for (const std::size_t size : sizes) share_.push_back(static_cast<double>(size) / items);
    std::vector<double> sums(units.strata() + 1, 0), squares(units.strata() + 1, 0);
    for (std::size_t unit = 0; unit < units.size(); ++unit)
      for_each(unit, [&](std::size_t stratum, double amount) {
        sums[stratum] += amount;
        squares[stratum] += amount * amount;
      });
    const auto present =
        std::count_if(squares.begin(), squares.end() - 1, [](double sum) { return sum > 0; });
    weight_.assign(squares.size(), 0);
    for (std::size_t stratum = 0; stratum < squares.size(); ++stratum)
      if (squares[stratum] > 0) weight_[stratum] = 1 / squares[stratum];
    weight_.back() *= static_cast<double>(std::max<std::ptrdiff_t>(present, 1));
    excess_.resize(squares.size() * subsets_);
    for (std::size_t stratum = 0; stratum < squares.size(); ++stratum)
      for (std::size_t subset = 0; subset < subsets_; ++subset)
        excess_[stratum * subsets_ + subset] = -share_[subset] * sums[stratum];
  }

  void add(std::size_t unit, std::size_t subset) {
    for_each(unit, [&](std::size_t stratum, double amount) { excess(stratum, subset) += amount; });
  }
  void take(std::size_t unit, std::size_t subset) {
    for_each(unit, [&](std::size_t stratum, double amount) { excess(stratum, subset) -= amount; });
  }

  double cost() const {
    double sum = 0;
    for (std::size_t stratum = 0; stratum < weight_.size(); ++stratum)
      for (std::size_t subset = 0; subset < subsets_; ++subset)
        if (share_[subset] > 0)
          sum += weight_[stratum] * excess(stratum, subset) * excess(stratum, subset) / share_[subset];
    return sum;
  }
  /// What the unit is of all that it holds.
  double part(std::size_t unit) const {
    double sum = 0;
    for_each(unit, [&](std::size_t stratum, double amount) { sum += weight_[stratum] * amount * amount; });
    return sum;
  }
  double cost_of_adding(std::size_t unit, std::size_t subset) const {
    double sum = 0;
    for_each(unit, [&](std::size_t stratum, double amount) {
      sum += weight_[stratum] * amount * (amount + 2 * excess(stratum, subset));
    });
    return sum / share_[subset];
  }
  double cost_of_moving(std::size_t unit, std::size_t from, std::size_t to) const {
    double sum = 0;
    for_each(unit, [&](std::size_t stratum, double amount) { sum += change(stratum, amount, from, to); });
    return sum;
  }
  /// Of moving `unit` from `from` to `to` and `other` the other way.
  double cost_of_exchange(std::size_t unit, std::size_t from, std::size_t other, std::size_t to) const {
    double sum = 0;
    const auto mine = units_->holdings(unit), theirs = units_->holdings(other);
    std::size_t i = 0, j = 0;
    while (i < mine.size() || j < theirs.size()) {
      const bool is_mine = j == theirs.size() || (i < mine.size() && mine[i].stratum <= theirs[j].stratum);
      const bool is_theirs = i == mine.size() || (j < theirs.size() && theirs[j].stratum <= mine[i].stratum);
      const std::size_t stratum = is_mine ? mine[i].stratum : theirs[j].stratum;
      const double amount = (is_mine ? mine[i++].amount : 0) - (is_theirs ? theirs[j++].amount : 0);
      if (amount != 0) sum += change(stratum, amount, from, to);
    }
    if (counts_items_ && units_->items(unit) != units_->items(other))
      sum +=
          change(units_->strata(), static_cast<double>(units_->items(unit)) - units_->items(other), from, to);
    return sum;
  }
  std::size_t holdings(std::size_t unit) const { return units_->holdings(unit).size() + 1; }

 private:
  template <class Visit>
  void for_each(std::size_t unit, Visit&& visit) const {
    for (const Units::Holding& holding : units_->holdings(unit)) visit(holding.stratum, holding.amount);
    if (counts_items_) visit(units_->strata(), static_cast<double>(units_->items(unit)));
  }
  double& excess(std::size_t stratum, std::size_t subset) { return excess_[stratum * subsets_ + subset]; }
  double excess(std::size_t stratum, std::size_t subset) const {
    return excess_[stratum * subsets_ + subset];
  }
  double change(std::size_t stratum, double amount, std::size_t from, std::size_t to) const {
    return weight_[stratum] * amount *
           ((amount - 2 * excess(stratum, from)) / share_[from] +
            (amount + 2 * excess(stratum, to)) / share_[to]);
  }

  const Units* units_;
  std::size_t subsets_;
  bool counts_items_;
  std::vector<double> share_;   // by subset
  std::vector<double> weight_;  // by stratum
  std::vector<double> excess_;  // by stratum and subset: what it has more than its share
};

bool are_single(const Units& units) {
  for (std::size_t unit = 0; unit < units.size(); ++unit)
    if (units.items(unit) != 1) return false;
  return true;
}

class Divider {
 public:
  Divider(const Units& units, const std::vector<std::size_t>& sizes, std::uint64_t seed)
      : units_(units),
        is_exact_(are_single(units)),
        random_({seed, 2}),
        room_(sizes),
        wanted_(sizes),
        members_(sizes.size(), 0),
        subset_of_(units.size(), kNowhere),
        balance_(units, sizes, !is_exact_) {
    for (std::size_t subset = 0; subset < sizes.size(); ++subset)
      if (sizes[subset] > 0) subsets_.push_back(subset);
    std::size_t holdings = 0;
    for (std::size_t unit = 0; unit < units.size(); ++unit) holdings += balance_.holdings(unit);
    partners_ = std::max<std::size_t>(kMostSteps / (2 * kRounds * std::max<std::size_t>(holdings, 1)),
                                      kLeastPartners);
  }

  std::vector<int> run() {
    place_all();
    if (!is_exact_) fill_empty_subsets();
    if (subsets_.size() > 1) {
      improve();
      if (units_.size() <= kFewUnits) restart();
    }
    return std::move(subset_of_);
  }

 private:
  std::size_t subset_of(std::size_t unit) const { return static_cast<std::size_t>(subset_of_[unit]); }

  void place_all() {
    std::vector<std::size_t> order = shuffled_order(units_.size(), random_);
    std::vector<double> part(units_.size());
    for (std::size_t unit = 0; unit < part.size(); ++unit) part[unit] = balance_.part(unit);
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t unit) { return part[unit]; });
    for (const std::size_t unit : order) place(unit, cheapest_subset(unit));
  }

  // Of those that cost the same, the one that lacks the most of its items.
  std::size_t cheapest_subset(std::size_t unit) {
    std::optional<std::size_t> best;
    double best_cost = 0;
    for (const std::size_t subset : subsets_) {
      if (is_exact_ && room_[subset] == 0) continue;
      const double cost = balance_.cost_of_adding(unit, subset);
      if (best && cost > best_cost - kLeastGain &&
          (cost > best_cost + kLeastGain || !lacks_more(subset, *best)))
        continue;
      best = subset;
      best_cost = cost;
    }
    return *best;
  }
  bool lacks_more(std::size_t subset, std::size_t other) {
    const double lack = static_cast<double>(room_[subset]) * static_cast<double>(wanted_[other]);
    const double others = static_cast<double>(room_[other]) * static_cast<double>(wanted_[subset]);
    return lack > others || (lack == others && random_.chance(0.5));
  }

  void place(std::size_t unit, std::size_t subset) {
    subset_of_[unit] = static_cast<int>(subset);
    ++members_[subset];
    room_[subset] -= std::min<std::size_t>(room_[subset], units_.items(unit));
    balance_.add(unit, subset);
  }
  void move(std::size_t unit, std::size_t to) {
    const std::size_t from = subset_of(unit);
    balance_.take(unit, from);
    balance_.add(unit, to);
    --members_[from];
    ++members_[to];
    subset_of_[unit] = static_cast<int>(to);
  }
  void exchange(std::size_t unit, std::size_t other) {
    const std::size_t from = subset_of(unit);
    move(unit, subset_of(other));
    move(other, from);
  }

  void fill_empty_subsets() {
    for (const std::size_t empty : subsets_) {
      if (members_[empty] > 0) continue;
      std::optional<std::size_t> best;
      double best_cost = 0;
      for (std::size_t unit = 0; unit < units_.size(); ++unit) {
        if (members_[subset_of(unit)] < 2) continue;
        const double cost = balance_.cost_of_moving(unit, subset_of(unit), empty);
        if (best && cost >= best_cost) continue;
        best = unit;
        best_cost = cost;
      }
      if (best) move(*best, empty);
    }
  }

  // The best that can be done with one unit.
  struct Step {
    double gain = kLeastGain;
    std::optional<std::size_t> to, other;
  };
  void try_moving(std::size_t unit, Step& best) {
    if (is_exact_ || members_[subset_of(unit)] < 2) return;
    for (const std::size_t to : subsets_) {
      if (to == subset_of(unit)) continue;
      const double gain = -balance_.cost_of_moving(unit, subset_of(unit), to);
      if (gain > best.gain) best = {gain, to, std::nullopt};
    }
    steps_ += static_cast<std::int64_t>(balance_.holdings(unit) * subsets_.size());
  }
  void try_exchanging(std::size_t unit, std::size_t other, Step& best) {
    if (subset_of(unit) == subset_of(other)) return;
    const double gain = -balance_.cost_of_exchange(unit, subset_of(unit), other, subset_of(other));
    if (gain > best.gain) best = {gain, std::nullopt, other};
    steps_ += static_cast<std::int64_t>(balance_.holdings(unit) + balance_.holdings(other));
  }

  bool improve(std::size_t unit) {
    Step best;
    try_moving(unit, best);
    if (units_.size() <= kFewUnits)
      for (std::size_t other = 0; other < units_.size(); ++other) try_exchanging(unit, other, best);
    else
      for (std::size_t i = 0; i < partners_; ++i) try_exchanging(unit, random_.below(units_.size()), best);
    if (best.to) move(unit, *best.to);
    if (best.other) exchange(unit, *best.other);
    return best.to || best.other;
  }

  void improve() {
    for (bool gained = true; gained && steps_ < kMostSteps;) {
      gained = false;
      for (const std::size_t unit : shuffled_order(units_.size(), random_)) {
        if (improve(unit)) gained = true;
        if (steps_ >= kMostSteps) break;
      }
    }
  }

  void restart() {
    double best_cost = balance_.cost();
    for (int fruitless = 0; fruitless < kMostFruitless && best_cost > kLeastGain && steps_ < kMostSteps;
         ++fruitless) {
      const std::vector<int> best = subset_of_;
      const std::vector<std::size_t> best_members = members_;
      const Balance best_balance = balance_;
      for (std::size_t kicked = 1 + random_.below(kMostKicked); kicked > 0; --kicked) kick();
      improve();
      steps_ += static_cast<std::int64_t>(units_.size());
      const double cost = balance_.cost();
      if (cost < best_cost - kLeastGain) {
        best_cost = cost;
        fruitless = 0;
      } else if (cost > best_cost + kLeastGain) {
        subset_of_ = best;
        members_ = best_members;
        balance_ = best_balance;
      }
    }
  }
  void kick() {
    const std::size_t unit = random_.below(units_.size()), other = random_.below(units_.size());
    if (subset_of(unit) != subset_of(other) && (is_exact_ || random_.chance(0.5)))
      exchange(unit, other);
    else if (!is_exact_ && members_[subset_of(unit)] > 1)
      move(unit, subsets_[random_.below(subsets_.size())]);
  }

  const Units& units_;
  bool is_exact_;
  Random random_;
  std::vector<std::size_t> room_, wanted_, members_;  // by subset
  std::vector<std::size_t> subsets_;                  // that get something
  std::vector<int> subset_of_;
  Balance balance_;
  std::size_t partners_ = 0;  // with which a unit is tried, where there are many
  std::int64_t steps_ = 0;
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

std::vector<int> split_at_random(const std::vector<std::size_t>& sizes, std::uint64_t seed) {
  Random random({seed, 1});
  std::vector<int> subset_of(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}));
  const std::vector<std::size_t> order = shuffled_order(subset_of.size(), random);
  std::size_t next = 0;
  for (std::size_t subset = 0; subset < sizes.size(); ++subset)
    for (std::size_t i = 0; i < sizes[subset]; ++i) subset_of[order[next++]] = static_cast<int>(subset);
  return subset_of;
}

void Units::add(std::uint32_t items, std::span<const Holding> holdings) {
  items_.push_back(items);
  holdings_.insert(holdings_.end(), holdings.begin(), holdings.end());
  const auto own = std::span(holdings_).subspan(begin_.back());
  std::ranges::sort(own, {}, &Holding::stratum);
  if (!own.empty()) strata_ = std::max<std::size_t>(strata_, own.back().stratum + 1);
  begin_.push_back(holdings_.size());
}

double imbalance(const Units& units, const std::vector<std::size_t>& sizes,
                 const std::vector<int>& subset_of) {
  Balance balance(units, sizes, true);
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    const auto subset = static_cast<std::size_t>(subset_of[unit]);
    if (sizes[subset] == 0) return std::numeric_limits<double>::infinity();
    balance.add(unit, subset);
  }
  return balance.cost();
}

std::vector<int> split_stratified(const Units& units, const std::vector<std::size_t>& sizes,
                                  std::uint64_t seed) {
  return Divider(units, sizes, seed).run();
}

}  // namespace maskmill
