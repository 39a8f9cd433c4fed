// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataset/item.h"

namespace maskmill {

/// One line of list.txt or of a subset's list: "Image CLASS-ID SPECIES BREED-ID". Numbers count from 1; 0 is
/// unknown.
struct TrimapEntry {
  std::string name;  ///< the image's, without folder and extension
  int class_id = 0;
  int species = 0;  ///< 1 cat, 2 dog
  int breed_id = 0;
  friend bool operator==(const TrimapEntry&, const TrimapEntry&) = default;
};

/// Nothing for an empty line and a comment, which begins with "#". The name may hold spaces; a name alone is
/// an entry without numbers. Throws Error(bad_value).
std::optional<TrimapEntry> parse_list_line(std::string_view line);

/// The line that parses to this entry, without a line break. Throws Error(bad_value) for a name that no line
/// can hold: one with a line break, a "#" or blank before it, a blank behind it.
std::string to_list_line(const TrimapEntry& entry);

/// class_id, species ("cat", "dog", or the number), breed_id and, from names such as "Maine_Coon_12", breed;
/// unknown ones are left out.
Attributes attributes_of(const TrimapEntry& entry);

/// The other way round; attributes that a line has no place for are passed over.
TrimapEntry entry_of(std::string name, const Attributes& attributes);

}  // namespace maskmill
