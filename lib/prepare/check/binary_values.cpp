// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

// A mask of 0 and 255 alone, where the other labels are small numbers, was saved as a black-and-white
// picture.
void run(const Item& item, const ItemFacts& facts, const Metadata& metadata, const Report& report) {
  if (!item.semantic || !item.semantic->coding || item.semantic->coding->kind != MaskCoding::Kind::index)
    return;
  bool has_255 = facts.unknown_values.contains(255);
  for (const auto& [value, pixels] : facts.unknown_values)
    if (value != 255) return;
  for (const auto& [label, pixels] : facts.known_labels) {
    const Label& known = metadata.labels[static_cast<int>(label)];
    if (known.id == 255)
      has_255 = known.role != Role::ignore;
    else if (known.id != 0)
      return;
  }
  const bool indices_meant =
      std::any_of(metadata.labels.begin(), metadata.labels.end(),
                  [](const Label& label) { return label.id && *label.id > 0 && *label.id < 255; });
  if (has_255 && indices_meant)
    report({item.semantic->file.string(), {}, {}}, "holds only 0 and 255 where label numbers are meant",
           "replace 255 by the label's number, or read the data set with --read coding=binary");
}

}  // namespace

extern const Rule binary_values;
const Rule binary_values{
    .id = "binary-values",
    .severity = Severity::error,
    .title = "0 and 255 where label numbers are meant",
    .harm = "255 is taken for a class that does not exist, or for void: the object is never learnt.",
    .fix = "Replace 255 by the label's number, or say that the masks are binary.",
    .run = run};

}  // namespace maskmill
