// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

std::string holes_in_words(const Specks& holes, const std::string& in) {
  if (holes.count == 1)
    return fmt::format("a hole of {} in {} at ({}, {})",
                       counted(static_cast<std::size_t>(holes.pixels), "pixel"), in, holes.first.x,
                       holes.first.y);
  return fmt::format("{} of {} in all in {}, the first at ({}, {})", counted(holes.count, "hole"),
                     counted(static_cast<std::size_t>(holes.pixels), "pixel"), in, holes.first.x,
                     holes.first.y);
}

Specks holes_of(const ObjectFacts& object, std::int64_t limit) {
  Specks holes;
  for (const Region& hole : object.regions.holes)
    if (hole.area <= limit) holes.add(hole);
  return holes;
}

void find_pin_holes(const Item& item, const ItemFacts& facts, const Metadata& metadata,
                    const Report& report) {
  for (const int label : facts.labels_in(item)) report.looks_for(label);
  for (const auto& [label, holes] : facts.pin_holes)
    report.unusual(label, {facts.semantic->path.string(), {}, {}},
                   holes_in_words(holes, in_quotes(metadata.labels[label].name)),
                   {.region = holes.first.box()});
  const std::optional<Size> size = facts.size_of(item);
  for (std::size_t i = 0; i < item.annotations.size(); ++i) {
    const Annotation& annotation = item.annotations[i];
    if (annotation.flags.crowd == true || !size) continue;
    if (annotation.label && metadata.labels.is_ignored(*annotation.label)) continue;
    const Specks holes = holes_of(facts.objects[i], largest_pin_hole(*size));
    if (holes.count > 0)
      report.unusual(annotation.label.value_or(-1), place_of(annotation, item),
                     holes_in_words(holes, "an object"), {.region = holes.first.box()});
  }
}

}  // namespace

extern const Rule pin_holes;
const Rule pin_holes{
    .id = "pin-holes",
    .severity = Severity::warning,
    .title = "holes of a few pixels in a region",
    .harm =
        "Pixels that belong to the object are learnt as background, or not at all, and outlines drawn around "
        "the object have a hole each. A note where many items have them: then it is how they were made.",
    .fix = "Look at the place, and fill them.",
    .run = find_pin_holes};

}  // namespace maskmill
