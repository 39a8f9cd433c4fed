// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <opencv2/core.hpp>
#include <utility>

#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"
#include "dataset/rle.h"
#include "dataset/shape_geometry.h"
#include "formats/json_values.h"
#include "formats/labelme/labelme_geometry.h"
#include "formats/labelme/labelme_shapes.h"
#include "image/image.h"

namespace maskmill {
namespace {

using Points2 = std::vector<Point>;

Error wrong_count(const LabelmeShape& shape, std::string_view expected) {
  return Error(Code::bad_value, fmt::format("a {} of {}; it needs {}", printable(shape.type),
                                            counted(shape.points.size(), "point"), expected));
}

void require_points(const LabelmeShape& shape, std::size_t count) {
  if (shape.points.size() != count) throw wrong_count(shape, std::to_string(count));
}

/// A pixel's number: LabelMe drops what is behind the point.
int pixel(double coordinate) {
  if (std::abs(coordinate) > (1 << 30))
    throw Error(Code::bad_value, fmt::format("a mask at {}, which is no pixel", coordinate));
  return static_cast<int>(coordinate);
}

/// The crop that lies in the box of the two points, which are its first and its last pixel.
Rle mask_of(const LabelmeShape& shape, Size canvas, std::vector<Finding>& findings) {
  if (shape.mask.empty()) throw Error(Code::bad_value, "has no mask").at_field("mask");
  require_points(shape, 2);
  const int left = pixel(shape.points[0].x), top = pixel(shape.points[0].y);
  const Size box{pixel(shape.points[1].x) - left + 1, pixel(shape.points[1].y) - top + 1};
  if (box.width <= 0 || box.height <= 0)
    throw Error(Code::bad_value, "the second point of a mask lies before its first").at_field("points");
  const std::string bytes = from_base64(shape.mask);
  const Size stored = probe_image_bytes(bytes).stored;
  if (stored != box)
    throw Error(Code::bad_value,
                fmt::format("a mask of {} in a box of {}", to_string(stored), to_string(box)))
        .at_field("mask");
  if (box.width > canvas.width || box.height > canvas.height)
    throw Error(Code::bad_value,
                fmt::format("a mask of {} in an image of {}", to_string(box), to_string(canvas)))
        .at_field("mask");
  cv::Mat pixels = decode_raw(bytes).pixels;
  if (pixels.channels() != 1) throw Error(Code::bad_value, "a mask in colour").at_field("mask");
  if (left < 0 || top < 0 || left + box.width > canvas.width || top + box.height > canvas.height)
    findings.push_back({"mask-outside",
                        Severity::warning,
                        shape.place,
                        fmt::format("the mask at {}, {} of {} leaves the image of {}: cut", left, top,
                                    to_string(box), to_string(canvas)),
                        {}});
  return shifted(rle_from_mask(pixels), left, top, canvas);
}

Shape shape_of(const LabelmeShape& shape, Size canvas, std::vector<Finding>& findings) {
  const std::size_t count = shape.points.size();
  if (count == 0) throw Error(Code::bad_value, "has no points").at_field("points");
  if (shape.type == "mask") return mask_of(shape, canvas, findings);
  if (shape.type == "line") {
    require_points(shape, 2);
    return Polyline{shape.points};
  }
  if (shape.type == "linestrip") return Polyline{shape.points};
  if (shape.type == "point") {
    require_points(shape, 1);
    return Points{shape.points};
  }
  if (shape.type == "points") return Points{shape.points};
  if (shape.type == "polygon") {
    if (count < 3) throw wrong_count(shape, "3 or more");
  } else if (shape.type == "rectangle") {
    if (count != 2 && count != 4) throw wrong_count(shape, "2");
  } else if (shape.type == "circle") {
    require_points(shape, 2);
  } else if (shape.type == "oriented_rectangle" || shape.type == "rotation") {
    require_points(shape, 4);
  } else {
    throw Error(Code::unsupported, fmt::format("{} is no shape of LabelMe", in_quotes(shape.type)))
        .at_field("shape_type");
  }
  return labelme_area(shape.type, shape.points, shape.exact);
}

bool joins(const Shape& shape) {
  return has_area(shape) || std::holds_alternative<Box>(shape);
}

Polygon as_polygon(Shape shape) {
  if (auto* polygon = std::get_if<Polygon>(&shape)) return std::move(*polygon);
  if (const auto* box = std::get_if<Box>(&shape)) {
    const double right = box->x + box->width, bottom = box->y + box->height;
    return {{{{{box->x, box->y}, {right, box->y}, {right, bottom}, {box->x, bottom}}, {}}}};
  }
  if (const auto* box = std::get_if<RotatedBox>(&shape)) return {{{outline(*box), {}}}};
  return {{{outline(std::get<Ellipse>(shape)), {}}}};
}

Shape united(Shape a, Shape b, Size canvas) {
  if (!std::holds_alternative<Rle>(a) && !std::holds_alternative<Rle>(b)) {
    Polygon whole = as_polygon(std::move(a)), more = as_polygon(std::move(b));
    std::ranges::move(more.parts, std::back_inserter(whole.parts));
    return whole;
  }
  const std::vector<Rle> both{rasterise(a, canvas), rasterise(b, canvas)};
  return merged(both);
}

/// Around all points, where no image says how far it reaches.
Size extent_of(const std::vector<LabelmeShape>& shapes) {
  double right = 1, bottom = 1;
  for (const LabelmeShape& shape : shapes)
    for (const Point& point : shape.points) {
      right = std::max(right, std::floor(point.x) + 1);
      bottom = std::max(bottom, std::floor(point.y) + 1);
    }
  constexpr double kMost = 1 << 30;
  return {static_cast<int>(std::min(right, kMost)), static_cast<int>(std::min(bottom, kMost))};
}

/// What a further part says besides joins what the first says.
void take_over(Annotation& whole, Annotation part, std::vector<Finding>& findings) {
  bool differs = whole.flags != part.flags || whole.score != part.score || whole.z_order != part.z_order ||
                 whole.group != part.group;
  for (auto& [name, value] : part.attributes) {
    const AttributeValue* known = find_attribute(whole.attributes, name);
    if (known) differs |= *known != value;
    if (!known) set_attribute(whole.attributes, name, std::move(value));
  }
  if (differs)
    findings.push_back({"parts-differ", Severity::note, part.origin,
                        "a part of an object that says something else than its first part, which counts",
                        "give the parts the same flags"});
}

}  // namespace

std::vector<Annotation> annotations_from_labelme(std::vector<LabelmeShape> shapes, const LabelMap& labels,
                                                 const std::optional<Size>& image_size,
                                                 std::vector<Finding>& findings) {
  const Size canvas = image_size ? *image_size : extent_of(shapes);
  std::vector<Annotation> annotations;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> objects;
  for (LabelmeShape& shape : shapes) try {
      Annotation annotation;
      annotation.label = labels.find(shape.label);
      annotation.shape = shape_of(shape, canvas, findings);
      annotation.group = shape.has_group ? shape.group : shape.group_id;
      annotation.flags = shape.flags;
      annotation.score = shape.score;
      annotation.z_order = shape.z_order;
      annotation.attributes = std::move(shape.attributes);
      annotation.origin = shape.place;
      if (shape.group_id && joins(annotation.shape)) {
        const auto [known, is_new] = objects.try_emplace({shape.label, *shape.group_id}, annotations.size());
        if (!is_new) {
          Annotation& whole = annotations[known->second];
          whole.shape = united(whole.shape, annotation.shape, canvas);
          take_over(whole, std::move(annotation), findings);
          continue;
        }
      }
      annotations.push_back(std::move(annotation));
    } catch (Error& error) {
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      Finding finding = to_finding(error, "unreadable-annotation");
      const std::string field = finding.place.field;
      finding.place = shape.place;
      if (!field.empty()) finding.place.field += "." + field;
      findings.push_back(std::move(finding));
    }
  return annotations;
}

}  // namespace maskmill
