// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/finding.h"
#include "dataset/dataset.h"
#include "prepare/check/facts.h"
#include "prepare/check/habits.h"
#include "prepare/check/item_places.h"

namespace maskmill {

struct Rule;

/// What has been found in one item, with a look-up that takes constant time: one image may have 100,000
/// annotations.
class ItemFindings {
 public:
  /// To add to; what is there stays.
  std::vector<Finding>& all() { return findings_; }
  bool have(std::string_view rule, const Place& place) const;

 private:
  std::vector<Finding> findings_;
  mutable std::unordered_multimap<std::size_t, std::size_t>
      index_;  // of the first `indexed_` ones, by a hash
  mutable std::size_t indexed_ = 0;
};

/// What shows a person what was found, besides the place.
struct Evidence {
  std::optional<Box> region = {};   ///< in pixels of the image
  std::vector<Place> related = {};  ///< what it was compared with, such as the other picture of a pair
};

/// `fix` and `severity` are the rule's own where they are not set.
Finding finding_of(const Rule& rule, Place place, std::string message, std::string fix = {},
                   std::optional<Severity> severity = std::nullopt, Evidence evidence = {});

/// Takes a rule's findings.
class Report {
 public:
  /// `said` holds what has been found in the same item already; null where there is no item. `position` is
  /// that of the item at hand, counted over all that the source has. `places` has the items up to it.
  /// `sightings` takes what is told only where it is unusual; null where there is no item.
  Report(const Rule& rule, const ItemFindings* said, std::function<void(Finding)> add,
         std::function<void(std::size_t position)> repair, std::size_t position = 0,
         const ItemPlaces* places = nullptr, Sightings* sightings = nullptr)
      : rule_(rule),
        said_(said),
        add_(std::move(add)),
        repair_(std::move(repair)),
        position_(position),
        places_(places),
        sightings_(sightings) {}

  /// Where, what was found, and, where it helps, what to do; of another severity where the rule's own does
  /// not fit. What was found at this place by this rule already, such as by the reader, is not said twice.
  void operator()(Place place, std::string message, std::string fix,
                  std::optional<Severity> severity = std::nullopt, Evidence evidence = {}) const;
  bool has_said(std::string_view rule, const Place& place) const;

  /// Something that is a slip where few items have it, and else how the data was made
  /// (prepare/check/habits.h). Only in Rule::run. `sort`: a label's index, where labels are counted each by
  /// itself, or -1.
  void unusual(int sort, Place place, std::string message, Evidence evidence = {}) const;
  /// The item is one of those that could show something of the sort, whether it does or not.
  void looks_for(int sort) const;

  /// The rule's repair is safe for the item at hand, or for that of a position.
  void repairable() const { repair_(position_); }
  void repairable(std::size_t position) const { repair_(position); }
  /// Only where items come in their order: in AcrossItems.
  std::size_t position() const { return position_; }
  /// Of an item seen before or at hand. Only in AcrossItems.
  ItemPlaces::Entry item_at(std::size_t position) const { return places_->at(position); }

 private:
  const Rule& rule_;
  const ItemFindings* said_;
  std::function<void(Finding)> add_;
  std::function<void(std::size_t)> repair_;
  std::size_t position_;
  const ItemPlaces* places_;
  Sightings* sightings_;
};

/// What a rule that compares items with each other remembers of them. Made anew for each check.
class AcrossItems {
 public:
  virtual ~AcrossItems() = default;
  /// Every item, in order, on one thread at a time.
  virtual void observe(const Item& item, const ItemFacts& facts, const Report& report) = 0;
  /// After the last item. May report as many findings as there are items: none is kept in memory.
  virtual void finish(const Report& report) = 0;
};

struct Contrast;
struct ModelHabits;

/// Takes what a model contradicts in one item, where, in which words, and how strongly: findings of a rule
/// are ranked by that.
using Contradict = std::function<void(double weight, Place place, std::string message, Evidence evidence)>;

/// One rule: a file in this folder and a line in rules.cpp. One of `run`, `across` and `against` is set.
struct Rule {
  std::string_view id;
  Severity severity = Severity::error;  ///< but where a finding says another
  std::string_view title;               ///< what is wrong, in a few words
  std::string_view harm;                ///< what it does to training
  std::string_view fix;                 ///< what to do
  /// One item by itself; no state between items; on any thread.
  void (*run)(const Item& item, const ItemFacts& facts, const Metadata& metadata,
              const Report& report) = nullptr;
  std::unique_ptr<AcrossItems> (*across)(const Metadata& metadata) = nullptr;
  /// One item beside what a trained model predicts for it (prepare/check/against.h); on any thread.
  void (*against)(const Contrast& contrast, const ModelHabits& model, const Contradict& say) = nullptr;

  /// What `check --fix` does to an item that the rule reports as repairable, in words and in deed: only what
  /// guesses nothing and loses nothing that may be right. Nothing: the item is left out of the copy.
  std::string_view repair_text = {};
  std::optional<Item> (*repair)(Item item, const Metadata& metadata) = nullptr;

  /// Of what Report::unusual() is told: the share of the items up to which it is a slip each time, and no
  /// habit.
  double slip_share = 0.02;
};

/// The repair of what cannot be used.
inline std::optional<Item> leave_out(Item, const Metadata&) {
  return std::nullopt;
}

/// Every rule, in the order in which they are listed.
std::span<const Rule* const> rules();

}  // namespace maskmill
