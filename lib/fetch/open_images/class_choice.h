// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/path.h"

namespace maskmill::fetch {

struct ChosenClass {
  std::string name, mid;
  friend bool operator==(const ChosenClass&, const ChosenClass&) = default;
};

/// Kinds of the classes that are named, and their parts, that are chosen too.
struct ClassRelatives {
  bool subclasses = false, parts = false;
};

/// The classes of `class_table` that `wanted` names: by display name, in any case, or by MID; in the table's
/// order. `hierarchy` is read where relatives are wanted. Throws Error(usage) where nothing is named, and for
/// a class that is not known, with the nearest; Error as CsvReader and for a hierarchy that is none.
std::vector<ChosenClass> choose_classes(std::span<const std::string> wanted, ClassRelatives relatives,
                                        const Path& class_table, const Path& hierarchy);

/// A table of these alone, with a header.
std::string class_table_of(std::span<const ChosenClass> classes);

}  // namespace maskmill::fetch
