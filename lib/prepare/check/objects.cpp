// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/objects.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "dataset/masks.h"
#include "dataset/rle.h"

namespace maskmill {
namespace {

bool is_finite(const Box& box) {
  return std::isfinite(box.x) && std::isfinite(box.y) && std::isfinite(box.width) &&
         std::isfinite(box.height);
}

bool has_several_rings(const Polygon& polygon) {
  return polygon.parts.size() > 1 || (polygon.parts.size() == 1 && !polygon.parts.front().holes.empty());
}

}  // namespace

const Rle* mask_pixels(const Annotation& annotation, const ObjectFacts& facts) {
  if (facts.pixels) return &*facts.pixels;
  return std::get_if<Rle>(&annotation.shape);
}

void set_pixels(ObjectFacts& facts, Rle pixels) {
  if (area(pixels) > 0) facts.box = bounding_box(pixels);
  facts.regions = regions_of(pixels);
  facts.pixels = std::move(pixels);
}

ObjectFacts object_facts(const Annotation& annotation, std::optional<Size> size) {
  ObjectFacts facts;
  facts.box = bounding_box(annotation.shape);
  if (facts.box && !is_finite(*facts.box)) facts.box.reset();
  if (!facts.box) return facts;
  if (const auto* rle = std::get_if<Rle>(&annotation.shape)) {
    if (area(*rle) == 0) facts.box.reset();
    facts.regions = regions_of(*rle);
  }
  const auto* polygon = std::get_if<Polygon>(&annotation.shape);
  if (!polygon || !has_several_rings(*polygon) || !size) return facts;
  try {
    facts.regions = regions_of(rasterise(*polygon, *size));
  } catch (const Error& error) {  // a coordinate that nothing draws: outside-image says so
    if (error.code() != Code::bad_value) throw;
  }
  return facts;
}

bool is_one_object(const Annotation& annotation) {
  return annotation.flags.crowd != true && !is_label_mask(annotation);
}

const Place& place_of(const Annotation& annotation, const Item& item) {
  return annotation.origin.empty() ? item.origin : annotation.origin;
}

std::string in_words(const Box& box) {
  return fmt::format("from {:.6g}, {:.6g} to {:.6g}, {:.6g}", box.x, box.y, box.x + box.width,
                     box.y + box.height);
}

}  // namespace maskmill
