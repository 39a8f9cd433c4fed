// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

/// But for their numbers.
bool are_equal(Annotation a, Annotation b) {
  a.id = b.id = std::nullopt;
  return a == b;
}

void find_duplicates(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  for (const Coinciding& pair : facts.coinciding) {
    const Annotation &first = item.annotations[pair.first], &second = item.annotations[pair.second];
    const Place& place = place_of(second, item);
    if (first.label != second.label || report.has_said("same-box", place)) continue;
    const bool is_copy = are_equal(first, second);
    report(
        place,
        fmt::format("the {} is {} that at {}", shape_name(second.shape),
                    is_copy ? "the same as" : fmt::format("(IoU {:.3f}) where the same label has", pair.iou),
                    place_of(first, item).text()),
        "");
    if (is_copy) report.repairable();
  }
}

std::optional<Item> take_out_copies(Item item, const Metadata&) {
  std::vector<ObjectFacts> facts;
  for (const Annotation& annotation : item.annotations) facts.push_back(object_facts(annotation, item.size));
  std::vector<bool> is_copy(item.annotations.size());
  for (const Coinciding& pair : find_coinciding(item.annotations, facts))
    is_copy[pair.second] = are_equal(item.annotations[pair.first], item.annotations[pair.second]);
  std::size_t number = 0;
  std::erase_if(item.annotations, [&](const Annotation&) { return is_copy[number++]; });
  return item;
}

}  // namespace

extern const Rule duplicate_annotation;
const Rule duplicate_annotation{
    .id = "duplicate-annotation",
    .severity = Severity::warning,
    .title = "one object annotated twice",
    .harm =
        "It counts twice in the loss, and whatever a detector finds there, one of the two is scored as missed.",
    .fix = "Take one of the two out.",
    .run = find_duplicates,
    .repair_text = "annotations that say the same as an earlier one taken out",
    .repair = take_out_copies};

}  // namespace maskmill
