// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "prepare/check/rule.h"
#include "prepare/check/stored_value.h"

namespace maskmill {
namespace {

void find_unknown_values(const Item& item, const ItemFacts& facts, const Metadata& metadata,
                         const Report& report) {
  if (facts.unknown_values.empty() || !item.semantic) return;
  constexpr std::size_t shown = 8;
  std::string values;
  std::int64_t pixels = 0;
  std::size_t number = 0;
  for (const auto& [value, count] : facts.unknown_values) {
    pixels += count;
    if (number++ < shown)
      values += (values.empty() ? "" : ", ") + value_in_words(value, *item.semantic->coding);
  }
  if (number > shown) values += fmt::format(" and {} more", number - shown);
  report({file_of(*item.semantic).string(), {}, {}},
         fmt::format("{} of no label on {} pixels: {}; the map has {} labels",
                     number == 1 ? "a value" : "values", pixels, values, metadata.labels.size()),
         "name the values in the label file, or save the mask without smoothing or JPEG compression");
}

}  // namespace

extern const Rule unknown_value;
const Rule unknown_value{
    .id = "unknown-value",
    .severity = Severity::error,
    .title = "a mask value that no label has",
    .harm = "A loss stops on a class number out of range, or the pixels silently count as something else.",
    .fix = "Name the values in the label file, or export the masks again without smoothing.",
    .run = find_unknown_values};

}  // namespace maskmill
