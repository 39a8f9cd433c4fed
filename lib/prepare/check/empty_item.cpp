// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "prepare/check/place_list.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::size_t kFew = 2;         // that are told one by one in any data set
constexpr std::size_t kFewShare = 50;   // one in so many is few, too
constexpr std::size_t kOthers = 10;     // items with objects: with fewer nothing is unusual
constexpr std::size_t kKept = 1000;     // places that are kept whatever their share
constexpr std::size_t kKeptShare = 10;  // beyond that one in so many

Place place_of(const Item& item, const ItemFacts& facts) {
  return facts.semantic ? Place{facts.semantic->path.string(), {}, {}} : item.origin;
}

/// Items of one sort of emptiness.
struct Empty {
  std::size_t count = 0;
  Place first;
  PlaceList places;  ///< all of them, unless they are too many to be told one by one
  bool is_whole = true;
  std::map<std::string, std::size_t> by_subset;

  void add(const std::string& subset, Place place, std::size_t seen) {
    if (count++ == 0) first = place;
    ++by_subset[subset];
    if (is_whole) places.add(place);
    if (count > kKept && count * kKeptShare > seen) is_whole = false, places.clear();
  }
};

/// A few empty ones among many that are not were probably forgotten; many are meant.
class EmptyItems : public AcrossItems {
 public:
  explicit EmptyItems(const Metadata& metadata) : labels_(metadata.labels) {}

  void observe(const Item& item, const ItemFacts& facts, const Report&) override {
    if (!item.annotated || (item.semantic && (!facts.semantic || facts.semantic->unreadable))) return;
    ++annotated_;
    ++annotated_in_[item.subset];
    for (const auto& [label, pixels] : facts.known_labels) pixels_of_[label] += pixels;
    if (!item.annotations.empty() || facts.blends || !facts.unknown_values.empty()) return;
    if (is_empty(item, facts)) {
      empty_.add(item.subset, place_of(item, facts), annotated_);
    } else if (!labels_.background() && facts.known_labels.size() == 1) {
      uniform_[facts.known_labels.begin()->first].add(item.subset, place_of(item, facts), annotated_);
    }
  }

  void finish(const Report& report) override {
    tell(empty_, "no object: nothing, or background and void alone", "", report);
    // Which label means background nobody has said; the most common one may.
    const auto most =
        std::ranges::max_element(pixels_of_, {}, [](const auto& entry) { return entry.second; });
    if (most == pixels_of_.end()) return;
    if (const auto found = uniform_.find(most->first); found != uniform_.end() && pixels_of_.size() > 1) {
      const std::string name = labels_[static_cast<int>(most->first)].name;
      tell(found->second, "nothing but the label " + in_quotes(name),
           fmt::format(
               "if that label means background, say so, such as by --read background={}; then annotate "
               "the item, or leave it as it is if there is nothing in it",
               printable(name)),
           report);
    }
  }

 private:
  bool is_empty(const Item& item, const ItemFacts& facts) const {
    if (!item.semantic) return !item.instances;
    return std::ranges::none_of(facts.known_labels, [&](const auto& known) {
      return labels_[static_cast<int>(known.first)].role == Role::object;
    });
  }

  void tell(const Empty& empty, const std::string& holds, const std::string& fix,
            const Report& report) const {
    if (empty.count == 0) return;
    const std::size_t others = annotated_ - empty.count;
    const bool are_few = empty.count <= std::max(kFew, annotated_ / kFewShare) && others >= kOthers;
    if (are_few && empty.is_whole) {
      empty.places.for_each([&](Place place) {
        report(std::move(place),
               fmt::format("annotated, and holds {}; {} of {} are so", holds, with_thousands(empty.count),
                           counted(annotated_, "annotated item")),
               fix);
      });
      return;
    }
    std::string subsets;
    for (const auto& [subset, count] : empty.by_subset)
      if (!subset.empty())
        subsets += fmt::format("{}{} of {} in {}", subsets.empty() ? ": " : ", ", with_thousands(count),
                               with_thousands(annotated_in_.at(subset)), in_quotes(subset));
    report(empty.first,
           fmt::format("{} of {} hold {} (this is the first){}", with_thousands(empty.count),
                       counted(annotated_, "annotated item"), holds, subsets),
           fix, are_few || others == 0 ? Severity::warning : Severity::note);
  }

  const LabelMap& labels_;
  std::size_t annotated_ = 0;
  std::map<std::string, std::size_t> annotated_in_;
  std::map<std::int64_t, std::int64_t> pixels_of_;  ///< by label
  Empty empty_;
  std::map<std::int64_t, Empty> uniform_;  ///< by the one label that they hold
};

}  // namespace

extern const Rule empty_item;
const Rule empty_item{
    .id = "empty-item",
    .severity = Severity::warning,
    .title = "an item that is annotated, with nothing in it",
    .harm =
        "If its objects were forgotten, they are learnt as background. A note where many are so: a loss of "
        "regions, such as Dice, then needs batches that hold some object.",
    .fix = "Look whether there really is nothing; else annotate it, or leave it out.",
    .across = [](const Metadata& metadata) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<EmptyItems>(metadata);
    }};

}  // namespace maskmill
