// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/join_parts.h"

#include <algorithm>

#include "prepare/transform/reshape.h"

namespace maskmill {
namespace {

constexpr double kLeastShare = 0.5;  // of the smaller part

Kind kind_of(const Shape& shape) {
  if (has_area(shape)) return Kind::area;
  if (std::holds_alternative<Box>(shape)) return Kind::box;
  if (std::holds_alternative<Polyline>(shape)) return Kind::line;
  return std::holds_alternative<Points>(shape) ? Kind::points : Kind::none;
}

std::optional<std::int64_t> object_number(const Annotation& annotation) {
  const AttributeValue* value = find_attribute(annotation.attributes, kTileObject);
  const auto* number = value ? std::get_if<std::int64_t>(value) : nullptr;
  return number ? std::optional(*number) : std::nullopt;
}

/// What two parts share over what they have together; 0 where it is too little of the smaller one.
double share_of(double shared, double a, double b) {
  return a > 0 && b > 0 && shared >= kLeastShare * std::min(a, b) ? shared / (a + b - shared) : 0;
}

/// Two tiles that meet: the pixels of `first` along the border and those of `second` beyond it. Both reach
/// one pixel past their common stretch, so that corners are seen.
struct Border {
  Window first, second;
  bool is_upright = false;
};

std::optional<Border> border_after(const Window& first, const Window& second) {
  const auto stretch = [](int a, int a_end, int b, int b_end) {
    return std::pair(std::max(a, b) - 1, std::min(a_end, b_end) + 1);
  };
  if (first.right() == second.x) {
    const auto [from, to] = stretch(first.y, first.bottom(), second.y, second.bottom());
    if (from < to)
      return Border{{second.x - 1, from, {1, to - from}}, {second.x, from, {1, to - from}}, true};
  }
  if (first.bottom() == second.y) {
    const auto [from, to] = stretch(first.x, first.right(), second.x, second.right());
    if (from < to)
      return Border{{from, second.y - 1, {to - from, 1}}, {from, second.y, {to - from, 1}}, false};
  }
  return std::nullopt;
}

/// Pixels of the first that have one of the second beside them or at a corner, beyond the border.
double contact_of_pixels(const Part& first, const Part& second, const Border& border) {
  const Rle a = on_canvas(first, border.first);
  if (area(a) == 0) return 0;
  const Rle b = on_canvas(second, border.second);
  std::int64_t contact = 0;
  for (const int step : {-1, 0, 1})
    contact +=
        intersection_area(a, border.is_upright ? shifted(b, 0, step, b.size) : shifted(b, step, 0, b.size));
  return static_cast<double>(contact);
}

/// Boxes that both stand on the border, by the stretches of it that they take.
double contact_of_boxes(const Box& first, const Box& second, const Border& border) {
  const Box at{static_cast<double>(border.second.x), static_cast<double>(border.second.y), 0, 0};
  const auto length_of = [](double a, double a_length, double b, double b_length) {
    return std::min(a + a_length, b + b_length) - std::max(a, b);
  };
  if (border.is_upright) {
    if (first.x + first.width < at.x || second.x > at.x) return 0;
    return share_of(length_of(first.y, first.height, second.y, second.height), first.height, second.height);
  }
  if (first.y + first.height < at.y || second.y > at.y) return 0;
  return share_of(length_of(first.x, first.width, second.x, second.width), first.width, second.width);
}

double likeness_in(const Window& shared, const Part& a, const Part& b) {
  if (a.kind == Kind::box) {
    const Box first = clipped(a.around, shared.box()), second = clipped(b.around, shared.box());
    return share_of(clipped(first, second).area(), first.area(), second.area());
  }
  if (clipped(a.around, b.around).area() <= 0) return 0;
  const Rle first = on_canvas(a, shared), second = on_canvas(b, shared);
  return share_of(static_cast<double>(intersection_area(first, second)), static_cast<double>(area(first)),
                  static_cast<double>(area(second)));
}

}  // namespace

Box on_image(Box box, const Window& window) {
  box.x += window.x, box.y += window.y;
  return box;
}

Box hull_of(const std::vector<Box>& boxes) {
  double left = boxes.front().x, top = boxes.front().y, right = left, bottom = top;
  for (const Box& box : boxes) {
    left = std::min(left, box.x), right = std::max(right, box.x + box.width);
    top = std::min(top, box.y), bottom = std::max(bottom, box.y + box.height);
  }
  return {left, top, right - left, bottom - top};
}

Part part_of(const TileAnnotations& tile, const Annotation& annotation) {
  Part part{&tile, &annotation, kind_of(annotation.shape), object_number(annotation), {}, {}};
  if (part.kind == Kind::area) part.pixels = rasterise(annotation.shape, tile.size);
  const auto around = part.kind == Kind::area ? bounding_box(part.pixels) : bounding_box(annotation.shape);
  if (around) part.around = on_image(*around, tile.window);
  return part;
}

Rle on_canvas(const Part& part, const Window& canvas) {
  const Window& tile = part.tile->window;
  return shifted(part.pixels, tile.x - canvas.x, tile.y - canvas.y, canvas.size);
}

double likeness(const Part& a, const Part& b) {
  if (a.kind != b.kind || a.annotation->label != b.annotation->label || (a.number && b.number) ||
      a.annotation->flags.crowd != b.annotation->flags.crowd)
    return 0;
  if (a.kind != Kind::area && a.kind != Kind::box) return 0;
  const Window shared = common(a.tile->window, b.tile->window);
  if (shared.size.area() > 0) return likeness_in(shared, a, b);
  const bool in_order = border_after(a.tile->window, b.tile->window).has_value();
  const Part &first = in_order ? a : b, &second = in_order ? b : a;
  const auto border = border_after(first.tile->window, second.tile->window);
  if (!border) return 0;
  return a.kind == Kind::box ? contact_of_boxes(first.around, second.around, *border)
                             : contact_of_pixels(first, second, *border);
}

}  // namespace maskmill
