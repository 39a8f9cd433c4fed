// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "base/finding.h"
#include "fetch/open_images/class_choice.h"
#include "fetch/open_images/open_images.h"
#include "fetch/open_images/selection.h"
#include "formats/openimages/oid_rows.h"

namespace maskmill::fetch {

/// Values of a flag that are wanted.
struct FlagChoice {
  bool yes = false, no = false, unknown = false;
  explicit FlagChoice(const std::vector<std::string>& names);
  bool is_all() const { return yes && no && unknown; }
  bool holds(const Flag& flag) const { return flag ? (*flag ? yes : no) : unknown; }
};

/// Which objects are wanted by the flags of their boxes.
class ObjectFlags {
 public:
  explicit ObjectFlags(const OpenImagesRequest& request);
  bool is_restricted() const;
  bool hold(const OpenImagesRow& box) const;
  /// Of a mask without a box.
  bool hold_unknown() const;

 private:
  FlagChoice occluded_, truncated_, group_of_, depiction_, inside_;
};

/// For each table and row whether its object is wanted; without a restriction, nothing for each table. Boxes
/// and masks of an image are joined as formats/openimages does it. Findings: "unreadable-row". Throws as
/// CsvScanner.
std::vector<std::vector<bool>> remaining_objects(const std::vector<ObjectTable>& tables,
                                                 std::span<const ChosenClass> classes,
                                                 const ObjectFlags& flags, Findings& findings);

}  // namespace maskmill::fetch
