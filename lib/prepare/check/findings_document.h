// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/path.h"
#include "dataset/item.h"

namespace maskmill {

/// Visits the findings of a document that `check --json` printed, in their order and one at a time; `root` is
/// the folder of the data set as it was then. Throws Error(not_found | unreadable | bad_format | bad_value).
void read_findings(const Path& document,
                   const std::function<void(const Finding& finding, const std::string& root)>& visit);

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
  std::map<std::string, std::vector<std::string>> by_place_;
};

}  // namespace maskmill
