// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

void find_conflicts(const Item& item, const ItemFacts& facts, const Metadata& metadata,
                    const Report& report) {
  if (item.annotations.size() > 1) report.looks_for(-1);
  for (const Coinciding& pair : facts.coinciding) {
    const Annotation &first = item.annotations[pair.first], &second = item.annotations[pair.second];
    if (!first.label || !second.label || first.label == second.label) continue;
    report.unusual(
        -1, place_of(second, item),
        fmt::format("the {} of {} lies where that of {} does, at {} (IoU {:.3f})", shape_name(second.shape),
                    in_quotes(metadata.labels[*second.label].name),
                    in_quotes(metadata.labels[*first.label].name), place_of(first, item).text(), pair.iou));
  }
}

}  // namespace

extern const Rule label_conflict;
const Rule label_conflict{
    .id = "label-conflict",
    .severity = Severity::warning,
    .title = "one shape under two labels",
    .harm =
        "The same pixels are learnt as both, or as the one that is painted last. A note where many items have "
        "it: then labels are meant to overlap.",
    .fix = "Look which label is right, and take the other annotation out.",
    .run = find_conflicts};

}  // namespace maskmill
