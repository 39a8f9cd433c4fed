// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/disjoint_sets.h"
#include "base/finding.h"
#include "base/hash_index.h"
#include "base/name_arena.h"
#include "dataset/item.h"
#include "prepare/split/item_names.h"

namespace maskmill {

/// Which items stay together. Of several criteria each joins: items that a chain of them connects are one
/// group.
struct GroupSettings {
  /// A regular expression (ECMAScript), sought in ids: those of one first capture, or without one of one
  /// match.
  std::optional<std::string> pattern;
  std::vector<std::string> attributes;  ///< of items: those of one value of one of them
  std::optional<std::string> table;     ///< a CSV file of items and their groups
  std::optional<std::string> column;    ///< of the table; none: "group", or else the second
  /// Images that one camera took at most so far apart, and those in between: by EXIF, as capture_of reads it.
  std::optional<double> seconds;
  bool near_duplicates = false;  ///< pictures that show the same, as NearDuplicates finds them

  /// Of the criteria that name a group.
  std::size_t names() const { return pattern.has_value() + attributes.size() + table.has_value(); }
  /// Of all of them.
  std::size_t count() const { return names() + seconds.has_value() + near_duplicates; }
};

/// What an item's groups are called, by each criterion that looks at the item alone.
class GroupKeys {
 public:
  /// Throws Error(usage) for a pattern that is none.
  explicit GroupKeys(const GroupSettings& settings);
  ~GroupKeys();

  /// In the order of criteria(); nothing where the item does not say. On any thread.
  std::vector<std::optional<std::string>> of(const Item& item) const;
  /// For messages: "the attribute patient".
  const std::vector<std::string>& criteria() const { return criteria_; }

 private:
  struct Pattern;
  std::unique_ptr<Pattern> pattern_;
  std::vector<std::string> attributes_;
  std::vector<std::string> criteria_;
};

/// For ids beyond, which no file system has, the pattern is not sought.
inline constexpr std::size_t kLongestMatchedId = 1024;

/// An attribute's value as a group or stratum is called.
std::string text_of(const AttributeValue& value);

/// Numbers for texts, from 0 on.
class KeyNumbers {
 public:
  std::uint32_t number_of(std::string_view key);  ///< a new one where it is new
  std::uint32_t size() const { return static_cast<std::uint32_t>(names_.size()); }
  std::string_view operator[](std::uint32_t number) const { return arena_[names_[number]]; }

 private:
  NameArena arena_;
  std::vector<NameArena::Number> names_;
  HashIndex index_;
};

/// Items and their keys, as the rows of a table have them: an item may have several.
struct GroupTable {
  KeyNumbers keys;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> rows;  ///< item and key
};

/// A CSV file whose first row is a heading, unless it names an item. Items stand in the first column that is
/// called id, image, image_id, file_name, filename, file or path, else in the first one; they are found as
/// ItemNames does. Findings with their lines: "listed-absent", "listed-ambiguous". Throws Error as CsvReader;
/// Error(usage) for a column that is not there; Error(bad_value) where no row names an item.
GroupTable read_group_table(const std::string& file, const std::optional<std::string>& column,
                            ItemNames& names, Findings& findings);

/// The number of each item's set, from 0 on in the order of their first items.
std::vector<std::uint32_t> numbered(DisjointSets& sets);

}  // namespace maskmill
