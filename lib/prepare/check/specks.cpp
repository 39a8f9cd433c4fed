// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

std::string in_words(const Specks& specks, const std::string& of) {
  if (specks.count == 1)
    return fmt::format("a speck of {} of {} at ({}, {})",
                       counted(static_cast<std::size_t>(specks.pixels), "pixel"), of, specks.first.x,
                       specks.first.y);
  return fmt::format("{} of {} of {} in all, the first at ({}, {})", counted(specks.count, "speck"), of,
                     counted(static_cast<std::size_t>(specks.pixels), "pixel"), specks.first.x,
                     specks.first.y);
}

Specks specks_of(const std::vector<Region>& parts, std::int64_t limit) {
  Specks specks;
  const auto largest = std::ranges::max_element(parts, {}, &Region::area);
  if (largest == parts.end()) return specks;
  for (const Region& part : parts)
    if (part.area <= limit && largest->area >= kSpeckShare * part.area) specks.add(part);
  return specks;
}

void run(const Item& item, const ItemFacts& facts, const Metadata& metadata, const Report& report) {
  for (const int label : facts.labels_in(item)) report.looks_for(label);
  for (const auto& [label, specks] : facts.specks)
    report.unusual(label, {facts.semantic->path.string(), {}, {}},
                   in_words(specks, in_quotes(metadata.labels[label].name)) + ", amid another label",
                   {.region = specks.first.box()});
  const std::optional<Size> size = facts.size_of(item);
  for (std::size_t i = 0; i < item.annotations.size(); ++i) {
    const Annotation& annotation = item.annotations[i];
    if (annotation.flags.crowd == true || facts.objects[i].regions.parts.size() < 2 || !size) continue;
    if (annotation.label && metadata.labels.is_ignored(*annotation.label)) continue;
    const Specks specks = specks_of(facts.objects[i].regions.parts, largest_speck(*size));
    if (specks.count > 0)
      report.unusual(annotation.label.value_or(-1), place_of(annotation, item),
                     in_words(specks, "an object") + ", apart from the rest of it",
                     {.region = specks.first.box()});
  }
}

}  // namespace

extern const Rule specks;
const Rule specks{
    .id = "specks",
    .severity = Severity::warning,
    .title = "tiny stray regions of a label or an object",
    .harm =
        "A few pixels that a slip left are learnt as an object of their own, and each counts as one wherever "
        "regions are told apart. A note where many items have them: then it is how they were made.",
    .fix = "Look at the place, and erase them.",
    .run = run};

}  // namespace maskmill
