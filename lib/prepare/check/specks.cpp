// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "dataset/shape_geometry.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

std::string specks_in_words(const Specks& specks, const std::string& of) {
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

/// Parts of an outline that are too small to have a pixel: a click beside the object. They are no regions of
/// its pixels.
std::vector<Box> lost_clicks(const Annotation& annotation) {
  std::vector<Box> clicks;
  const auto* polygon = std::get_if<Polygon>(&annotation.shape);
  if (!polygon || polygon->parts.size() < 2) return clicks;
  double largest = 0;
  for (const PolygonPart& part : polygon->parts) largest = std::max(largest, area(Polygon{{part}}));
  for (const PolygonPart& part : polygon->parts) {
    const Polygon alone{{part}};
    const double own = area(alone);
    if (own > 0 && own < 1 && largest >= kSpeckShare)
      if (const auto box = bounding_box(alone)) clicks.push_back(*box);
  }
  return clicks;
}

std::string clicks_in_words(const std::vector<Box>& clicks) {
  return fmt::format("{} of the outline of less than a pixel, {}at {:.6g}, {:.6g}",
                     counted(clicks.size(), "part"), clicks.size() == 1 ? "" : "the first ", clicks.front().x,
                     clicks.front().y);
}

void find_specks(const Item& item, const ItemFacts& facts, const Metadata& metadata, const Report& report) {
  for (const int label : facts.labels_in(item)) report.looks_for(label);
  for (const auto& [label, specks] : facts.specks)
    report.unusual(label, {facts.semantic->path.string(), {}, {}},
                   specks_in_words(specks, in_quotes(metadata.labels[label].name)) + ", amid another label",
                   {.region = specks.first.box()});
  const std::optional<Size> size = facts.size_of(item);
  for (std::size_t i = 0; i < item.annotations.size(); ++i) {
    const Annotation& annotation = item.annotations[i];
    if (annotation.flags.crowd == true) continue;
    if (annotation.label && metadata.labels.is_ignored(*annotation.label)) continue;
    if (const std::vector<Box> clicks = lost_clicks(annotation); !clicks.empty())
      report.unusual(annotation.label.value_or(-1), place_of(annotation, item), clicks_in_words(clicks),
                     {.region = clicks.front()});
    if (facts.objects[i].regions.parts.size() < 2 || !size) continue;
    const Specks specks = specks_of(facts.objects[i].regions.parts, largest_speck(*size));
    if (specks.count > 0)
      report.unusual(annotation.label.value_or(-1), place_of(annotation, item),
                     specks_in_words(specks, "an object") + ", apart from the rest of it",
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
    .run = find_specks};

}  // namespace maskmill
