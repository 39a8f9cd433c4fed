// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/finding.h"
#include "base/path.h"
#include "dataset/item.h"

namespace maskmill {

/// Visits the findings of a document that `check --json` printed, in their order and one at a time; `root` is
/// the folder of the data set as it was then. Throws Error(not_found | unreadable | bad_format | bad_value).
void read_findings(const Path& document,
                   const std::function<void(const Finding& finding, const std::string& root)>& visit);

/// Finds what was said of places in an item: of its files, of itself or of its annotations.
class PlacesInItems {
 public:
  /// Something, by its number, is at that place; files are compared below `root`.
  void add(std::size_t number, const Place& place, const Path& root);
  /// The numbers of all that is in the item, ascending; its files lie below `root`.
  std::vector<std::size_t> in(const Item& item, const Path& root) const;

 private:
  std::unordered_map<std::string, std::vector<std::size_t>> numbers_;
};

/// What was found in each item of a data set.
class FindingsOfItems {
 public:
  /// Of a document as read_findings takes it, all or those of one rule; `root` is the folder that holds the
  /// data set now. Keeps the words of each. Throws also Error(usage) for a rule of which there is none.
  FindingsOfItems(const Path& document, const std::optional<std::string>& rule, const Path& root);

  /// "rule: message" of each finding in one of the item's files, in the item or in an annotation.
  std::vector<std::string> of(const Item& item) const;

 private:
  Path root_;
  std::vector<std::string> words_;
  PlacesInItems places_;
};

}  // namespace maskmill
