// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "dataset/rle.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr double kAreaTolerance = 0.02;

/// Whether outlines go through the middles of border pixels or around them makes half the border's length.
bool is_near(double stated, double area, const Box& around, double pixel_px) {
  return std::abs(stated - area) <= (around.width + around.height) * pixel_px + kAreaTolerance * area;
}

std::optional<double> area_of(const Annotation& annotation, const ObjectFacts& object) {
  if (const Rle* pixels = mask_pixels(annotation, object)) return static_cast<double>(area(*pixels));
  if (const auto* polygon = std::get_if<Polygon>(&annotation.shape)) return area(*polygon);
  if (const auto* box = std::get_if<Box>(&annotation.shape)) return box->area();
  return std::nullopt;
}

/// Parts that overlap, or cross themselves, or leave the image, count once, or not.
std::optional<double> drawn_area(const Annotation& annotation, std::optional<Size> size) {
  const auto* polygon = std::get_if<Polygon>(&annotation.shape);
  if (!polygon || !size) return std::nullopt;
  try {
    return static_cast<double>(area(rasterise(*polygon, *size)));
  } catch (const Error& error) {
    if (error.code() != Code::bad_value) throw;
    return std::nullopt;
  }
}

void find_wrong_areas(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  for (std::size_t i = 0; i < item.annotations.size(); ++i) {
    const Annotation& annotation = item.annotations[i];
    const ObjectFacts& object = facts.objects[i];
    if (!annotation.area || !object.box) continue;
    const auto area = area_of(annotation, object);
    if (!area) continue;
    report.looks_for(-1);
    const auto agrees = [&](double with) {
      return is_near(*annotation.area, with, *object.box, object.pixel_px);
    };
    if (agrees(*area)) continue;
    const auto drawn = drawn_area(annotation, facts.size_of(item));
    if (drawn && agrees(*drawn)) continue;
    report.unusual(-1, place_of(annotation, item),
                   fmt::format("the area is said to be {:.6g}, and the {} has {:.6g} square pixels{}",
                               *annotation.area, shape_name(annotation.shape), drawn.value_or(*area),
                               agrees(object.box->area()) ? ", and its box as many as are said" : ""));
  }
}

}  // namespace

extern const Rule area_differs;
const Rule area_differs{
    .id = "area-differs",
    .severity = Severity::warning,
    .title = "an annotation that states another area than its shape has",
    .harm =
        "COCO's scores by size, and filters by area, take the stated one. A note where many items have it: "
        "then it was computed in another way, such as from the box, or before a resizing.",
    .fix = "Leave the area out, or compute it from the shape.",
    .run = find_wrong_areas,
    .slip_share = 0.1};

}  // namespace maskmill
