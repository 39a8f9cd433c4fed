// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "dataset/ring_crossing.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

/// What rounding coordinates twists is smaller, and changes hardly a pixel.
constexpr double kLeastLobePx = 1;

std::optional<RingCrossing> crossing_of(const Ring& ring) {
  std::optional<RingCrossing> found;
  for_each_crossing(ring, [&](const RingCrossing& crossing) {
    if (std::min(crossing.first_lobe_area, crossing.second_lobe_area) >= kLeastLobePx) found = crossing;
    return !found;
  });
  return found;
}

std::optional<RingCrossing> crossing_of(const Polygon& polygon) {
  for (const PolygonPart& part : polygon.parts) {
    if (const auto crossing = crossing_of(part.exterior)) return crossing;
    for (const Ring& hole : part.holes)
      if (const auto crossing = crossing_of(hole)) return crossing;
  }
  return std::nullopt;
}

void find_crossings(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  for (std::size_t i = 0; i < item.annotations.size(); ++i) {
    const auto* polygon = std::get_if<Polygon>(&item.annotations[i].shape);
    if (!polygon || !facts.objects[i].box) continue;
    if (const auto crossing = crossing_of(*polygon))
      report(place_of(item.annotations[i], item),
             fmt::format("the outline crosses itself at {:.6g}, {:.6g}, behind its points {} and {}, and so "
                         "ties off {:.6g} square pixels",
                         crossing->at.x, crossing->at.y, crossing->first + 1, crossing->second + 1,
                         std::min(crossing->first_lobe_area, crossing->second_lobe_area)),
             "", {}, {.region = Box{crossing->at.x, crossing->at.y, 0, 0}});
  }
}

}  // namespace

extern const Rule self_crossing;
const Rule self_crossing{
    .id = "self-crossing",
    .severity = Severity::warning,
    .title = "an outline that crosses itself",
    .harm =
        "Two points were exchanged, or the outline was drawn over itself: it is not the object's, areas cancel "
        "out, and programs fill it differently.",
    .fix = "Draw that part again.",
    .run = find_crossings};

}  // namespace maskmill
