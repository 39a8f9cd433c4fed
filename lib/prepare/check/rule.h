// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "dataset/dataset.h"
#include "prepare/check/facts.h"
#include "prepare/check/item_places.h"

namespace maskmill {

struct Rule;

/// Takes a rule's findings.
class Report {
 public:
  /// `said` holds what has been found in the same item already; null where there is no item. `position` is
  /// that of the item at hand, counted over all that the source has. `places` has the items up to it.
  Report(const Rule& rule, const std::vector<Finding>* said, std::function<void(Finding)> add,
         std::function<void(std::size_t position)> repair, std::size_t position = 0,
         const ItemPlaces* places = nullptr)
      : rule_(rule),
        said_(said),
        add_(std::move(add)),
        repair_(std::move(repair)),
        position_(position),
        places_(places) {}

  /// Where, what was found, and, where it helps, what to do; of another severity where the rule's own does
  /// not fit. What was found at this place by this rule already, such as by the reader, is not said twice.
  void operator()(Place place, std::string message, std::string fix,
                  std::optional<Severity> severity = std::nullopt) const;
  bool has_said(std::string_view rule, const Place& place) const;

  /// The rule's repair is safe for the item at hand, or for that of a position.
  void repairable() const { repair_(position_); }
  void repairable(std::size_t position) const { repair_(position); }
  /// Only where items come in their order: in AcrossItems.
  std::size_t position() const { return position_; }
  /// Of an item seen before or at hand. Only in AcrossItems.
  ItemPlaces::Entry item_at(std::size_t position) const { return places_->at(position); }

 private:
  const Rule& rule_;
  const std::vector<Finding>* said_;
  std::function<void(Finding)> add_;
  std::function<void(std::size_t)> repair_;
  std::size_t position_;
  const ItemPlaces* places_;
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

/// One rule: a file in this folder and a line in rules.cpp. Either `run` or `across` is set.
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

  /// What `check --fix` does to an item that the rule reports as repairable, in words and in deed: only what
  /// guesses nothing and loses nothing that may be right. Nothing: the item is left out of the copy.
  std::string_view repair_text = {};
  std::optional<Item> (*repair)(Item item, const Metadata& metadata) = nullptr;
};

/// The repair of what cannot be used.
inline std::optional<Item> leave_out(Item, const Metadata&) {
  return std::nullopt;
}

/// Every rule, in the order in which they are listed.
std::span<const Rule* const> rules();

}  // namespace maskmill
