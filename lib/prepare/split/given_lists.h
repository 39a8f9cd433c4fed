// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/finding.h"
#include "base/path.h"
#include "prepare/split/item_names.h"

namespace maskmill {

/// Subsets that lists say.
struct GivenSubsets {
  std::vector<std::string> names;
  std::vector<int> subset_of;  ///< by item; -1: no list names it
};

/// The lists that `paths` name, files or folders of .txt files: each is called as its subset is and names an
/// item a line, as ItemNames finds it. Blank lines are passed over, and so are those that begin with "#" and
/// name nothing. Findings with their lines: "listed-absent" for one that names nothing, "listed-ambiguous"
/// for one that names several items, both left out; "listed-twice". Throws Error(not_found | unreadable)
/// where there is no list; Error(bad_value) with both lines where two lists name one item.
GivenSubsets read_lists(const std::vector<std::string>& paths, ItemNames& names, Findings& findings);

}  // namespace maskmill
