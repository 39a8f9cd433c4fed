// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "dataset/dataset.h"
#include "prepare/check/facts.h"

namespace maskmill {

/// Takes a rule's findings: where, what was found, and, where it helps, what to do.
using Report = std::function<void(Place place, std::string message, std::string fix)>;

/// What a rule that compares items with each other remembers of them. Made anew for each check.
class AcrossItems {
 public:
  virtual ~AcrossItems() = default;
  /// Every item, in order, on one thread at a time.
  virtual void observe(const Item& item, const ItemFacts& facts, const Report& report) = 0;
  virtual void finish(const Report& report) = 0;
};

/// One rule: a file in this folder and a line in rules.cpp. Either `run` or `across` is set.
struct Rule {
  std::string_view id;
  Severity severity = Severity::error;
  std::string_view title;  ///< what is wrong, in a few words
  std::string_view harm;   ///< what it does to training
  std::string_view fix;    ///< what to do
  /// One item by itself; no state between items; on any thread.
  void (*run)(const Item& item, const ItemFacts& facts, const Metadata& metadata,
              const Report& report) = nullptr;
  std::unique_ptr<AcrossItems> (*across)(const Metadata& metadata) = nullptr;
};

/// Every rule, in the order in which they are listed.
std::span<const Rule* const> rules();

}  // namespace maskmill
