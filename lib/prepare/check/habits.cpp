// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/habits.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::size_t kFew = 2;
constexpr std::size_t kKept = 1000;  // findings of a sort that are kept whatever the number of items
constexpr double kKeptShare = 5;     // times the rule's share
constexpr std::size_t kNamed = 5;

}  // namespace

bool Habits::Sort::has_few(const Rule& rule) const {
  return static_cast<double>(items) <=
         std::max(static_cast<double>(kFew), rule.slip_share * static_cast<double>(possible));
}

void Habits::add(Sightings&& sightings) {
  for (const Key& key : sightings.looked_for) ++sorts_[key].possible;
  std::set<Key> keys;
  for (Sightings::Seen& seen : sightings.seen) {
    const Key key{seen.rule, seen.sort};
    Sort& sort = sorts_[key];
    if (sort.findings++ == 0) sort.first = seen.finding;
    if (keys.insert(key).second) ++sort.items;
    if (std::ranges::find(order_, seen.rule) == order_.end()) order_.push_back(seen.rule);
    if (sort.items > kKept && static_cast<double>(sort.items) >
                                  kKeptShare * seen.rule->slip_share * static_cast<double>(sort.possible))
      sort.is_habit = true;
    if (sort.is_habit) continue;
    kept_.add(std::move(seen.finding));
    key_of_kept_.push_back(key);
  }
}

void Habits::finish(const LabelMap& labels, const std::function<void(Finding)>& tell) const {
  // Sorts of one rule at one place, such as the labels of a mask, are one finding.
  std::optional<Finding> joined;
  const auto tell_joined = [&] {
    if (joined) tell(std::move(*joined));
    joined.reset();
  };
  std::size_t number = 0;
  kept_.for_each([&](const Finding& finding) {
    const Key& key = key_of_kept_[number++];
    const Sort& sort = sorts_.at(key);
    if (sort.is_habit || !sort.has_few(*key.first)) return;
    if (joined && joined->rule == finding.rule && joined->place == finding.place) {
      joined->message += "; " + finding.message;
      return;
    }
    tell_joined();
    joined = finding;
  });
  tell_joined();
  for (const Rule* rule : order_) {
    std::vector<std::pair<int, const Sort*>> common;
    for (const auto& [key, sort] : sorts_)
      if (key.first == rule && sort.items > 0 && (sort.is_habit || !sort.has_few(*rule)))
        common.emplace_back(key.second, &sort);
    if (common.empty()) continue;
    std::ranges::stable_sort(common, std::ranges::greater(),
                             [](const auto& sort) { return sort.second->items; });
    std::string which;
    for (std::size_t i = 0; i < std::min(kNamed, common.size()); ++i) {
      const auto& [label, sort] = common[i];
      const std::string of =
          label >= 0 && label < labels.size() ? in_quotes(labels[label].name) + " in " : "";
      which += fmt::format("{}{}{} of {}", i == 0 ? "" : ", ", of, with_thousands(sort->items),
                           counted(sort->possible, "item"));
    }
    if (common.size() > kNamed)
      which += fmt::format(" and {}", counted(common.size() - kNamed, "more label"));
    Finding note = common.front().second->first;
    note.severity = Severity::note;
    note.message = fmt::format(
        "so common that it is how they were made rather than a slip: {}; the first: {}", which, note.message);
    tell(std::move(note));
  }
}

}  // namespace maskmill
