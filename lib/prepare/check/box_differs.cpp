// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

/// Whole pixels or parts of them, the last one included or not, outlines or their pixels: a pixel each way.
constexpr double kTolerancePx = 2;
constexpr double kSideTolerance = 0.02;  ///< of the box's side

/// By how much the sides differ beyond what is tolerated; 0 where all are near.
double most_off(const Box& stated, const Box& around, double pixel_px) {
  const auto off = [&](double a, double b, double side) {
    const double difference = std::abs(a - b);
    return difference > std::max(kTolerancePx * pixel_px, kSideTolerance * side) ? difference : 0;
  };
  const double width = std::max(stated.width, around.width), height = std::max(stated.height, around.height);
  return std::max(
      {off(stated.x, around.x, width), off(stated.x + stated.width, around.x + around.width, width),
       off(stated.y, around.y, height), off(stated.y + stated.height, around.y + around.height, height)});
}

void find_wrong_boxes(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  for (std::size_t i = 0; i < item.annotations.size(); ++i) {
    const Annotation& annotation = item.annotations[i];
    const ObjectFacts& object = facts.objects[i];
    if (!annotation.box || !object.box) continue;
    report.looks_for(-1);
    if (const double off = most_off(*annotation.box, *object.box, object.pixel_px); !(off <= 0))
      report.unusual(
          -1, place_of(annotation, item),
          fmt::format("the box goes {}, and around the {} it goes {}: a side is {:.6g} px off",
                      in_words(*annotation.box), shape_name(annotation.shape), in_words(*object.box), off));
  }
}

}  // namespace

extern const Rule box_differs;
const Rule box_differs{
    .id = "box-differs",
    .severity = Severity::warning,
    .title = "an annotation whose box is not around its mask or outline",
    .harm =
        "One of the two was changed without the other, or is another object's: a detector learns both. A note "
        "where many items have it: then boxes were drawn by themselves.",
    .fix = "Look which is right, and make the box anew from the mask or draw the mask again.",
    .run = find_wrong_boxes,
    .slip_share = 0.1};

}  // namespace maskmill
