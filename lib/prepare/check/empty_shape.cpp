// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "dataset/shape_faults.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

std::string_view fault_of(const Annotation& annotation, const ObjectFacts& object) {
  const bool is_empty_mask = object.pixels && area(*object.pixels) == 0 && !is_label_mask(annotation);
  return is_empty_mask ? "a mask without pixels" : fault_of(annotation.shape);
}

/// Where nothing else of the annotation says where something is.
bool is_only_a_polygon(const Annotation& annotation) {
  return std::holds_alternative<Polygon>(annotation.shape) && annotation.keypoints.empty() &&
         (!annotation.box || !fault_of(*annotation.box).empty());
}

std::size_t empty_parts(const Annotation& annotation) {
  const auto* polygon = std::get_if<Polygon>(&annotation.shape);
  if (!polygon) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(polygon->parts, is_empty, &PolygonPart::exterior));
}

void find_empty_shapes(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  for (std::size_t i = 0; i < item.annotations.size(); ++i) {
    const Annotation& annotation = item.annotations[i];
    const Place& place = place_of(annotation, item);
    if (const std::string_view fault = fault_of(annotation, facts.objects[i]); !fault.empty()) {
      if (report.has_said("box-empty", place) || report.has_said("box-inverted", place)) continue;
      report(place, std::string(fault), "");
      if (is_only_a_polygon(annotation) && facts.objects[i].box) report.repairable();
    } else if (const std::size_t empty = empty_parts(annotation); empty > 0) {
      const std::size_t parts = std::get<Polygon>(annotation.shape).parts.size();
      report(place, fmt::format("{} of {} of the outline have no area", empty, counted(parts, "part")), "",
             Severity::warning);
      report.repairable();
    }
  }
}

/// Coordinates that are no numbers stay: they may have been some.
std::optional<Item> take_out_empty(Item item, const Metadata&) {
  std::erase_if(item.annotations, [](Annotation& annotation) {
    auto* polygon = std::get_if<Polygon>(&annotation.shape);
    if (!polygon || polygon->parts.empty()) return false;
    if (!object_facts(annotation, std::nullopt).box) return false;
    Polygon full = without_empty_rings(*polygon);
    if (full.parts.empty()) return is_only_a_polygon(annotation);
    *polygon = std::move(full);
    return false;
  });
  return item;
}

}  // namespace

extern const Rule empty_shape;
const Rule empty_shape{
    .id = "empty-shape",
    .severity = Severity::error,
    .title = "a shape that holds nothing: without an area, or with a coordinate that is no number",
    .harm = "Trainers divide by its size, or fail on it: a loss becomes NaN, or the run ends.",
    .fix = "Draw it again, or take the annotation out.",
    .run = find_empty_shapes,
    .repair_text = "outlines without an area taken out",
    .repair = take_out_empty};

}  // namespace maskmill
