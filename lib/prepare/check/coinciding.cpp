// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/coinciding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "dataset/rle.h"

namespace maskmill {
namespace {

constexpr double kLeastBoxIou = 0.8;  // of shapes in the same place, whose outlines may have spikes
constexpr double kCanvasPx = 400;     // the longer side at which two outlines are compared
constexpr double kCellShare = 0.25;   // a cell's side over the size class's

double iou_of_boxes(const Box& a, const Box& b) {
  const double shared = clipped(a, b).area();
  const double both = a.area() + b.area() - shared;
  return both > 0 ? shared / both : 0;
}

/// What a shape with an outline covers, in the frame of `window`, scaled to the canvas.
std::optional<Rle> on_canvas(const Shape& shape, const Box& window, Size canvas) {
  const double x = canvas.width / window.width, y = canvas.height / window.height;
  const auto ring_on_canvas = [&](Ring ring) {
    for (Point& point : ring) point = {(point.x - window.x) * x, (point.y - window.y) * y};
    return ring;
  };
  if (const auto* box = std::get_if<RotatedBox>(&shape))
    return rasterise(ring_on_canvas(outline(*box)), canvas);
  if (const auto* ellipse = std::get_if<Ellipse>(&shape))
    return rasterise(ring_on_canvas(outline(*ellipse)), canvas);
  const auto* polygon = std::get_if<Polygon>(&shape);
  if (!polygon) return std::nullopt;
  Polygon scaled;
  for (const PolygonPart& part : polygon->parts) {
    scaled.parts.push_back({ring_on_canvas(part.exterior), {}});
    for (const Ring& hole : part.holes) scaled.parts.back().holes.push_back(ring_on_canvas(hole));
  }
  return rasterise(scaled, canvas);
}

/// Pixels of a shape of any kind with an area in a mask of `size`.
std::optional<Rle> in_mask(const Annotation& annotation, const ObjectFacts& facts, Size size) {
  if (const Rle* pixels = mask_pixels(annotation, facts))
    return pixels->size == size ? std::optional(*pixels) : std::nullopt;
  return rasterise(annotation.shape, size);
}

/// Of two whose boxes nearly agree.
double iou_of(const Annotation& a, const ObjectFacts& of_a, const Annotation& b, const ObjectFacts& of_b) {
  if (std::holds_alternative<Box>(a.shape)) return iou_of_boxes(*of_a.box, *of_b.box);
  if (a.shape == b.shape) return 1;
  const Rle *in_a = mask_pixels(a, of_a), *in_b = mask_pixels(b, of_b);
  if (in_a || in_b) {
    const Size size = in_a ? in_a->size : in_b->size;
    const auto pixels_a = in_mask(a, of_a, size), pixels_b = in_mask(b, of_b, size);
    return pixels_a && pixels_b ? iou(*pixels_a, *pixels_b) : 0;
  }
  const double left = std::min(of_a.box->x, of_b.box->x), top = std::min(of_a.box->y, of_b.box->y);
  const Box window{left, top, std::max(of_a.box->x + of_a.box->width, of_b.box->x + of_b.box->width) - left,
                   std::max(of_a.box->y + of_a.box->height, of_b.box->y + of_b.box->height) - top};
  const double scale = kCanvasPx / std::max(window.width, window.height);
  const auto side = [&](double length) { return std::max(static_cast<int>(std::lround(length * scale)), 8); };
  const Size canvas{side(window.width), side(window.height)};
  const auto pixels_a = on_canvas(a.shape, window, canvas), pixels_b = on_canvas(b.shape, window, canvas);
  return pixels_a && pixels_b ? iou(*pixels_a, *pixels_b) : 0;
}

/// Boxes by their size, in powers of two, and the cell in which their centre lies: those of boxes that nearly
/// agree are the same or the next.
class BoxGrid {
 public:
  template <class Visit>
  void for_each_near(const Box& box, Visit&& visit) const {
    const int level = level_of(box);
    for (int l = level - 1; l <= level + 1; ++l) {
      const auto [x, y] = cell_of(box, l);
      for (std::int64_t dy = -1; dy <= 1; ++dy)
        for (std::int64_t dx = -1; dx <= 1; ++dx)
          if (const auto found = cells_.find({l, x + dx, y + dy}); found != cells_.end())
            for (const std::size_t index : found->second) visit(index);
    }
  }
  void add(const Box& box, std::size_t index) {
    const int level = level_of(box);
    const auto [x, y] = cell_of(box, level);
    cells_[{level, x, y}].push_back(index);
  }

 private:
  using Key = std::array<std::int64_t, 3>;
  struct HashKey {
    std::size_t operator()(const Key& key) const {
      std::uint64_t hash = 0;
      for (const std::int64_t number : key)
        hash = (hash ^ static_cast<std::uint64_t>(number)) * 0x9E3779B97F4A7C15u, hash ^= hash >> 29;
      return hash;
    }
  };

  static int level_of(const Box& box) { return std::ilogb(std::max(box.width, box.height)); }
  static std::array<std::int64_t, 2> cell_of(const Box& box, int level) {
    const double side = std::ldexp(kCellShare, level + 1);
    const auto cell = [&](double centre) {
      return static_cast<std::int64_t>(std::floor(std::clamp(centre / side, -1e18, 1e18)));
    };
    return {cell(box.x + box.width / 2), cell(box.y + box.height / 2)};
  }

  std::unordered_map<Key, std::vector<std::size_t>, HashKey> cells_;
};

bool can_be_compared(const Annotation& annotation, const ObjectFacts& facts) {
  return facts.box && facts.box->width > 0 && facts.box->height > 0 &&
         (std::holds_alternative<Box>(annotation.shape) || has_area(annotation.shape));
}

bool are_of_a_kind(const Annotation& a, const Annotation& b) {
  return std::holds_alternative<Box>(a.shape) == std::holds_alternative<Box>(b.shape) &&
         (a.flags.crowd == true) == (b.flags.crowd == true);
}

}  // namespace

std::vector<Coinciding> find_coinciding(const std::vector<Annotation>& annotations,
                                        const std::vector<ObjectFacts>& facts) {
  std::vector<Coinciding> found;
  BoxGrid grid;
  for (std::size_t i = 0; i < annotations.size(); ++i) {
    if (!can_be_compared(annotations[i], facts[i])) continue;
    std::optional<Coinciding> best;
    const auto has_label_of = [&](std::size_t other) {
      return annotations[other].label == annotations[i].label;
    };
    grid.for_each_near(*facts[i].box, [&](std::size_t other) {
      if (!are_of_a_kind(annotations[i], annotations[other])) return;
      const bool is_better = !best || has_label_of(other) > has_label_of(best->first) ||
                             (has_label_of(other) == has_label_of(best->first) && other < best->first);
      if (!is_better || iou_of_boxes(*facts[i].box, *facts[other].box) < kLeastBoxIou) return;
      try {
        const double iou = iou_of(annotations[i], facts[i], annotations[other], facts[other]);
        if (iou >= kSamePlace) best = Coinciding{other, i, iou};
      } catch (const Error& error) {  // coordinates that nothing draws
        if (error.code() != Code::bad_value) throw;
      }
    });
    if (best) found.push_back(*best);
    if (!best || !has_label_of(best->first)) grid.add(*facts[i].box, i);
  }
  return found;
}

}  // namespace maskmill
