// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/join.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <tuple>

#include "base/disjoint_sets.h"
#include "dataset/rle.h"
#include "prepare/transform/join_parts.h"
#include "prepare/transform/reshape.h"

namespace maskmill {
namespace {

/// Tiles that overlap or meet.
bool are_neighbours(const Window& a, const Window& b) {
  return a.x <= b.right() && b.x <= a.right() && a.y <= b.bottom() && b.y <= a.bottom();
}

using Parts = std::vector<const Part*>;

double weight(const Part& part) {
  return part.kind == Kind::area ? static_cast<double>(area(part.pixels)) : part.around.area();
}

/// False where it may go on beyond an edge of its tile.
bool is_whole(const Part& part, Size image) {
  const Window& tile = part.tile->window;
  const Box& box = part.around;
  return (tile.x == 0 || box.x > tile.x) && (tile.y == 0 || box.y > tile.y) &&
         (tile.right() == image.width || box.x + box.width < tile.right()) &&
         (tile.bottom() == image.height || box.y + box.height < tile.bottom());
}

bool centre_is_its_own(const Part& part) {
  const double x = part.around.x + part.around.width / 2, y = part.around.y + part.around.height / 2;
  const Window& cell = part.tile->cell;
  return x >= cell.x && x < cell.right() && y >= cell.y && y < cell.bottom();
}

class Composer {
 public:
  explicit Composer(Size image) : image_(image) {}

  /// Nothing where no tile says it in its own cell.
  std::optional<Annotation> compose(const Parts& parts) const {
    const Part& largest =
        **std::ranges::max_element(parts, {}, [](const Part* part) { return weight(*part); });
    Annotation whole = *largest.annotation;
    const auto shape = shape_of(parts, whole);
    if (!shape) return std::nullopt;
    whole.shape = *shape;
    whole.score = mean_score(parts);
    whole.keypoints = keypoints_of(parts, largest);
    std::erase_if(whole.attributes, [](const auto& attribute) { return attribute.first == kTileObject; });
    return whole;
  }

 private:
  /// Sets the box and the area that the annotation states besides, too.
  std::optional<Shape> shape_of(const Parts& parts, Annotation& whole) const {
    const Part* complete = nullptr;
    for (const Part* part : parts)
      if (is_whole(*part, image_) &&
          (!complete || (!centre_is_its_own(*complete) && centre_is_its_own(*part))))
        complete = part;
    const Kind kind = parts.front()->kind;
    const bool doubled = parts.size() == 1 && !parts.front()->number;
    if (complete && (kind == Kind::area || kind == Kind::box)) {
      if (doubled && !centre_is_its_own(*complete)) return std::nullopt;
      state(*complete, whole);
      return placed(complete->annotation->shape, *complete);
    }
    whole.area.reset();
    whole.box = stated_box(parts);
    if (kind == Kind::area) return pixels_of(parts);
    if (kind == Kind::box) {
      if (doubled && !centre_is_its_own(*parts.front())) return std::nullopt;
      std::vector<Box> boxes;
      for (const Part* part : parts) boxes.push_back(part->around);
      return hull_of(boxes);
    }
    if (kind == Kind::points) return points_of(parts);
    return Shape();
  }

  void state(const Part& part, Annotation& whole) const {
    whole.area = part.annotation->area;
    whole.box = part.annotation->box;
    if (whole.box) whole.box = on_image(*whole.box, part.tile->window);
  }

  /// Around those that the parts state; none where one states none.
  static std::optional<Box> stated_box(const Parts& parts) {
    std::vector<Box> boxes;
    for (const Part* part : parts) {
      if (!part->annotation->box) return std::nullopt;
      boxes.push_back(on_image(*part->annotation->box, part->tile->window));
    }
    return hull_of(boxes);
  }

  Shape placed(const Shape& shape, const Part& part) const {
    return moved(shape, -part.tile->window.x, -part.tile->window.y, image_);
  }

  static Window own(const Part& part) {
    const Window &cell = part.tile->cell, &tile = part.tile->window;
    return {cell.x - tile.x, cell.y - tile.y, cell.size};
  }

  /// In the coordinates of the image.
  std::vector<Shape> own_parts(const Part& part) const {
    const Window window = own(part);
    std::vector<Shape> shapes = cut(part.annotation->shape, window);
    for (Shape& shape : shapes) shape = moved(shape, -part.tile->cell.x, -part.tile->cell.y, image_);
    return shapes;
  }

  std::optional<Shape> pixels_of(const Parts& parts) const {
    Parts speaking;
    std::vector<Rle> pixels;
    for (const Part* part : parts) {
      const Window& cell = part->tile->cell;
      const Rle in_cell = on_canvas(*part, cell);
      if (area(in_cell) == 0) continue;
      speaking.push_back(part);
      pixels.push_back(shifted(in_cell, cell.x, cell.y, image_));
    }
    if (speaking.empty()) return std::nullopt;
    if (speaking.size() == 1) {
      const std::vector<Shape> shapes = own_parts(*speaking.front());
      if (shapes.size() == 1) return shapes.front();
    }
    return merged(pixels);
  }

  std::optional<Shape> points_of(const Parts& parts) const {
    Points all;
    for (const Part* part : parts)
      for (const Shape& shape : own_parts(*part))
        for (const Point& point : std::get<Points>(shape).points)
          if (std::ranges::find(all.points, point) == all.points.end()) all.points.push_back(point);
    return all.points.empty() ? std::nullopt : std::optional<Shape>(std::move(all));
  }

  static std::optional<double> mean_score(const Parts& parts) {
    double sum = 0, weights = 0;
    for (const Part* part : parts) {
      if (!part->annotation->score) continue;
      const double share = std::max(weight(*part), 1e-9);
      sum += share * *part->annotation->score;
      weights += share;
    }
    return weights > 0 ? std::optional(sum / weights) : std::nullopt;
  }

  /// Each from the first part that has it, the largest before the others.
  static std::vector<Keypoint> keypoints_of(const Parts& parts, const Part& largest) {
    std::vector<Keypoint> all;
    const auto add = [&](const Part& part) {
      const std::vector<Keypoint>& given = part.annotation->keypoints;
      if (all.size() < given.size()) all.resize(given.size());
      for (std::size_t i = 0; i < given.size(); ++i)
        if (all[i].visibility == 0 && given[i].visibility != 0)
          all[i] = {{given[i].at.x + part.tile->window.x, given[i].at.y + part.tile->window.y},
                    given[i].visibility};
    };
    add(largest);
    for (const Part* part : parts) add(*part);
    return all;
  }

  Size image_;
};

std::vector<Part> parts_of(const std::vector<TileAnnotations>& tiles) {
  std::vector<Part> parts;
  for (const TileAnnotations& tile : tiles)
    for (const Annotation& annotation : tile.annotations) parts.push_back(part_of(tile, annotation));
  return parts;
}

/// Lines are cut at the cells: each piece is an annotation.
void add_lines(const Part& part, Size image, std::vector<Annotation>& all) {
  const Window &cell = part.tile->cell, &tile = part.tile->window;
  for (Shape& piece : cut(part.annotation->shape, {cell.x - tile.x, cell.y - tile.y, cell.size})) {
    Annotation line = *part.annotation;
    line.shape = moved(piece, -cell.x, -cell.y, image);
    line.area.reset(), line.box.reset();
    std::erase_if(line.attributes, [](const auto& attribute) { return attribute.first == kTileObject; });
    all.push_back(std::move(line));
  }
}

/// Parts of two tiles that fit: each is joined with the one that fits it best, so that objects of one label
/// which touch or overlap stay apart.
void unite_parts(std::span<const Part> left, std::span<const Part> right, const Part* first,
                 DisjointSets& groups) {
  struct Fit {
    std::size_t left, right;
    double likeness;
  };
  std::vector<Fit> fits;
  std::vector<double> best_left(left.size(), 0), best_right(right.size(), 0);
  for (std::size_t i = 0; i < left.size(); ++i)
    for (std::size_t k = 0; k < right.size(); ++k)
      if (const double alike = likeness(left[i], right[k]); alike > 0) {
        fits.push_back({i, k, alike});
        best_left[i] = std::max(best_left[i], alike);
        best_right[k] = std::max(best_right[k], alike);
      }
  for (const Fit& fit : fits)
    if (fit.likeness == best_left[fit.left] || fit.likeness == best_right[fit.right])
      groups.join(static_cast<std::uint32_t>(&left[fit.left] - first),
                  static_cast<std::uint32_t>(&right[fit.right] - first));
}

DisjointSets groups_of(const std::vector<Part>& parts) {
  DisjointSets groups(parts.size());
  std::map<std::tuple<std::int64_t, std::optional<int>, Kind>, std::uint32_t> by_number;
  std::vector<std::span<const Part>> of_tile;
  for (std::size_t i = 0, begin = 0; i < parts.size(); ++i) {
    if (i + 1 == parts.size() || parts[i + 1].tile != parts[i].tile) {
      of_tile.emplace_back(&parts[begin], i + 1 - begin);
      begin = i + 1;
    }
    if (!parts[i].number) continue;
    const auto [known, is_new] = by_number.try_emplace(
        {*parts[i].number, parts[i].annotation->label, parts[i].kind}, static_cast<std::uint32_t>(i));
    if (!is_new) groups.join(known->second, static_cast<std::uint32_t>(i));
  }
  for (std::size_t i = 0; i < of_tile.size(); ++i)
    for (std::size_t k = i + 1; k < of_tile.size(); ++k)
      if (are_neighbours(of_tile[i].front().tile->window, of_tile[k].front().tile->window))
        unite_parts(of_tile[i], of_tile[k], parts.data(), groups);
  return groups;
}

/// A tag says the same of the whole image in every tile.
bool is_said(const Annotation& tag, const std::vector<Annotation>& all) {
  return std::holds_alternative<std::monostate>(tag.shape) && tag.keypoints.empty() &&
         std::ranges::any_of(all, [&](const Annotation& other) {
           return std::holds_alternative<std::monostate>(other.shape) && other.label == tag.label &&
                  other.attributes == tag.attributes;
         });
}

}  // namespace

std::vector<Annotation> joined(const std::vector<TileAnnotations>& tiles, Size image) {
  const std::vector<Part> parts = parts_of(tiles);
  DisjointSets groups = groups_of(parts);
  std::map<std::pair<std::int64_t, std::size_t>, Parts> by_order;
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t root = groups.root(static_cast<std::uint32_t>(i));
    by_order[{parts[root].number.value_or(last), root}].push_back(&parts[i]);
  }
  std::vector<Annotation> all;
  const Composer composer(image);
  for (const auto& [order, group] : by_order) {
    if (group.front()->kind == Kind::line) {
      for (const Part* part : group) add_lines(*part, image, all);
      continue;
    }
    auto whole = composer.compose(group);
    if (whole && !is_said(*whole, all)) all.push_back(std::move(*whole));
  }
  return all;
}

}  // namespace maskmill
