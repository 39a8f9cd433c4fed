// SPDX-License-Identifier: Apache-2.0
#include "learn/forecast_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "dataset/rle.h"
#include "dataset/shape_faults.h"
#include "dataset/shape_geometry.h"
#include "learn/detector.h"

namespace maskmill::learn {
namespace {

/// The pixels that a shape has; of a box, a rotated one or an ellipse those of its box.
double area_of(const Shape& shape, const Box& box) {
  if (const auto* polygon = std::get_if<Polygon>(&shape)) return area(*polygon);
  if (const auto* pixels = std::get_if<Rle>(&shape)) return static_cast<double>(area(*pixels));
  return box.area();
}

class ObjectCounter {
 public:
  ObjectCounter(const ClassMap& classes, const InputSettings& input) : classes_(classes), input_(input) {}

  void add(const Item& item) {
    if (item.semantic) {
      ++forecast_.items_of_masks;
      return;
    }
    const std::size_t before = forecast_.objects;
    for (const Annotation& annotation : item.annotations) add(annotation, item.size);
    const std::size_t own = forecast_.objects - before;
    forecast_.most_objects = std::max(forecast_.most_objects, own);
    if (own == 0) ++forecast_.items_without;
  }

  const ObjectForecast& forecast() const { return forecast_; }

 private:
  void add(const Annotation& annotation, const std::optional<Size>& picture) {
    const Shape& shape = annotation.shape;
    const bool has_mask = has_area(shape);
    if (!has_mask && !std::holds_alternative<Box>(shape)) return;
    if (annotation.flags.crowd == true) {
      ++forecast_.crowds;
      return;
    }
    const int number = annotation.label ? classes_.class_of(*annotation.label) : -1;
    if (number < 0 || classes_.is_background(number)) return;
    const std::optional<Box> box = bounding_box(shape);
    const bool is_measured = box && picture && picture->area() > 0;
    if (!fault_of(shape).empty() || (is_measured && !measure(shape, *box, *picture))) {
      ++forecast_.lost;
      return;
    }
    ++forecast_.objects;
    if (!has_mask) ++forecast_.boxes_alone;
  }

  /// False where nothing is left of it for the network.
  bool measure(const Shape& shape, const Box& whole, Size picture) {
    const Size seen = detector_size(picture, bounds_of(input_));
    const double x = static_cast<double>(seen.width) / picture.width,
                 y = static_cast<double>(seen.height) / picture.height;
    const Box cut =
        clipped(whole, {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)});
    const Box box{cut.x * x, cut.y * y, cut.width * x, cut.height * y};
    if (!(box.width > 0 && box.height > 0) || (has_area(shape) && area_of(shape, whole) * x * y < 1))
      return false;
    if (std::min(box.width, box.height) < ObjectForecast::kLeastSide) ++forecast_.vanishing;
    if (detector::best_anchor_iou(box, seen) < ObjectForecast::kLeastAnchorIou) {
      ++forecast_.unmatched;
      const double smallest = detector::kAnchorSides.front();
      if (box.area() < smallest * smallest) ++forecast_.too_small;
    }
    return true;
  }

  const ClassMap& classes_;
  const InputSettings& input_;
  ObjectForecast forecast_;
};

}  // namespace

ObjectForecast forecast_objects(const std::vector<Item>& items, const ClassMap& classes,
                                const InputSettings& input) {
  ObjectCounter counter(classes, input);
  for (const Item& item : items) counter.add(item);
  return counter.forecast();
}

std::vector<std::string> remarks_on(const ObjectForecast& forecast, bool masks) {
  constexpr std::size_t kOneIn = 10;  // objects too small, from which on it is said
  std::vector<std::string> remarks;
  const auto some = [&](std::size_t count) {
    return fmt::format("{} of {}", with_thousands(count), counted(forecast.objects, "object"));
  };
  if (forecast.objects == 0 && forecast.items_of_masks == 0)
    remarks.emplace_back("there is no object to learn from");
  if (forecast.lost > 0)
    remarks.push_back(fmt::format("{} of no extent, or of less than a pixel for the network, {} left out",
                                  counted(forecast.lost, "object"), forecast.lost == 1 ? "is" : "are"));
  if (masks && forecast.objects > 0 && forecast.boxes_alone == forecast.objects &&
      forecast.items_of_masks == 0)
    remarks.emplace_back("no object has a mask: a Faster R-CNN finds boxes alone");
  else if (masks && forecast.boxes_alone > 0)
    remarks.push_back(some(forecast.boxes_alone) + " have a box alone, which teaches boxes and no masks");
  if (forecast.vanishing > 0)
    remarks.push_back(fmt::format(
        "{} have a side below {} pixels for the network, less than a cell of its finest level; larger "
        "input.min-size and input.max-size, or tiles, keep them",
        some(forecast.vanishing), ObjectForecast::kLeastSide));
  if (forecast.too_small * kOneIn > forecast.objects)
    remarks.push_back(fmt::format(
        "{} are smaller than the smallest anchor's {} pixels, and no anchor overlaps them by an IoU of {}: such "
        "objects are found rarely; larger input.min-size and input.max-size, or tiles, make them larger",
        some(forecast.too_small), detector::kAnchorSides.front(), ObjectForecast::kLeastAnchorIou));
  return remarks;
}

}  // namespace maskmill::learn
