// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <opencv2/core.hpp>
#include <set>
#include <utility>

#include "base/base64.h"
#include "base/error.h"
#include "dataset/rle.h"
#include "formats/json_values.h"
#include "formats/labelme/labelme_geometry.h"
#include "formats/labelme/labelme_shapes.h"
#include "image/image.h"

namespace maskmill {
namespace {

std::string quoted(const std::string& text) {
  return to_line(Json(text));
}

/// The shortest that gives the number back.
std::string digits(double number) {
  if (!std::isfinite(number)) throw Error(Code::bad_value, "a coordinate that is no number");
  return fmt::format("{}", number);
}

std::string points_text(const std::vector<Point>& points) {
  if (points.empty()) throw Error(Code::bad_value, "a shape without a point");
  std::string text = "[";
  for (const Point& point : points) {
    if (text.size() > 1) text += ", ";
    text += '[';
    text += digits(point.x);
    text += ", ";
    text += digits(point.y);
    text += ']';
  }
  return text + ']';
}

/// A shape's type and points, and what else its geometry needs.
struct Geometry {
  std::string_view type;
  std::string points, mask = "null", exact{};
};

/// A mask without a pixel is one empty pixel: LabelMe has no smaller one.
Geometry mask_geometry(const Rle& rle) {
  const Box around = bounding_box(rle);
  const int left = static_cast<int>(around.x), top = static_cast<int>(around.y);
  const Size size{std::max(1, static_cast<int>(around.width)), std::max(1, static_cast<int>(around.height))};
  const cv::Mat crop = mask_from_rle(shifted(rle, -left, -top, size));
  const Point first{around.x, around.y}, last{around.x + size.width - 1, around.y + size.height - 1};
  return {"mask", points_text({first, last}), '"' + to_base64(encode_index_png(crop)) + '"', {}};
}

Geometry geometry_of(const Shape& shape) {
  if (const auto* rle = std::get_if<Rle>(&shape)) return mask_geometry(*rle);
  if (const auto* line = std::get_if<Polyline>(&shape))
    return {line->points.size() == 2 ? "line" : "linestrip", points_text(line->points)};
  if (const auto* points = std::get_if<Points>(&shape))
    return {points->points.size() == 1 ? "point" : "points", points_text(points->points)};
  const LabelmeArea area = labelme_area_of(shape);
  Geometry geometry{area.type, points_text(area.points)};
  if (!area.exact) return geometry;
  for (const double number : *area.exact)
    geometry.exact += (geometry.exact.empty() ? "" : ", ") + digits(number);
  return geometry;
}

/// What stands under group_id, and the group's own number where that says something else.
struct Grouping {
  std::optional<std::int64_t> group_id;
  bool states_group = false;
};

bool is_object(const Annotation& annotation) {
  return has_area(annotation.shape) || std::holds_alternative<Box>(annotation.shape);
}

std::size_t parts_of(const Shape& shape) {
  const auto* polygon = std::get_if<Polygon>(&shape);
  return polygon ? polygon->parts.size() : 1;
}

/// LabelMe takes areas of one label and one group_id for one object: so the parts of one share such a number,
/// and two objects never do.
std::vector<Grouping> groupings_of(const std::vector<Annotation>& annotations) {
  std::set<std::int64_t> numbers;
  for (const Annotation& annotation : annotations)
    if (annotation.group) numbers.insert(*annotation.group);
  std::set<std::pair<int, std::int64_t>> taken;
  std::int64_t next = 0;
  std::vector<Grouping> groupings;
  for (const Annotation& annotation : annotations) {
    Grouping grouping{annotation.group, false};
    const int label = annotation.label.value_or(-1);
    if (is_object(annotation)) {
      const bool is_free = annotation.group && taken.emplace(label, *annotation.group).second;
      if (!is_free) {
        grouping.states_group = annotation.group.has_value();
        grouping.group_id.reset();
      }
      if (!is_free && parts_of(annotation.shape) > 1) {
        while (numbers.contains(next)) ++next;
        numbers.insert(next);
        grouping = {next, true};
      }
    }
    groupings.push_back(grouping);
  }
  return groupings;
}

std::string number_or_null(const std::optional<std::int64_t>& number) {
  return number ? std::to_string(*number) : "null";
}

std::string known_flags(const Flags& flags) {
  std::string text;
  for (const char* name : {"crowd", "occluded", "truncated", "difficult"})
    if (const Flag flag = flags.*labelme_flag(name))
      text += fmt::format("{}\"{}\": {}", text.empty() ? "" : ", ", name, *flag);
  return text;
}

/// Those of an annotation are the same for each of its parts.
class ShapeText {
 public:
  ShapeText(const Annotation& annotation, const std::string& label, const Grouping& grouping)
      : label_(quoted(label)), group_id_(number_or_null(grouping.group_id)) {
    std::size_t first = 0;
    if (const Attributes& attributes = annotation.attributes; !attributes.empty()) {
      const auto& [name, value] = attributes.front();
      const auto* text = std::get_if<std::string>(&value);
      if (name == "description" && text && !text->empty()) description_ = quoted(*text), first = 1;
    }
    LabelmeAttributeText attributes = labelme_attributes_text(annotation.attributes, first, true);
    flags_ = known_flags(annotation.flags);
    if (!flags_.empty() && !attributes.flags.empty()) flags_ += ", ";
    flags_ += attributes.flags;
    others_ = std::move(attributes.others);
    if (annotation.score) others_ += ", \"score\": " + digits(*annotation.score);
    if (annotation.z_order) others_ += fmt::format(", \"z_order\": {}", *annotation.z_order);
    if (grouping.states_group)
      others_ += fmt::format(", \"{}\": {}", kLabelmeGroupKey, number_or_null(annotation.group));
  }

  std::string line(const Geometry& geometry) const {
    std::string text = fmt::format(
        "{{\"label\": {}, \"points\": {}, \"group_id\": {}, \"description\": {}, \"shape_type\": \"{}\", "
        "\"flags\": {{{}}}, \"mask\": {}{}",
        label_, geometry.points, group_id_, description_, geometry.type, flags_, geometry.mask, others_);
    if (!geometry.exact.empty()) text += fmt::format(", \"{}\": [{}]", kLabelmeShapeKey, geometry.exact);
    return text + '}';
  }

 private:
  std::string label_, group_id_, description_ = "\"\"", flags_, others_;
};

std::string annotation_lines(const Annotation& annotation, const LabelMap& labels, const Grouping& grouping) {
  if (!annotation.label) throw Error(Code::bad_value, "an annotation without a label, which LabelMe needs");
  const ShapeText text(annotation, labels[*annotation.label].name, grouping);
  const auto* polygon = std::get_if<Polygon>(&annotation.shape);
  if (!polygon) return text.line(geometry_of(annotation.shape));
  if (polygon->parts.empty()) throw Error(Code::bad_value, "a polygon without a ring");
  std::string lines;
  for (const PolygonPart& part : polygon->parts) {
    if (part.exterior.size() < 3) throw Error(Code::bad_value, "a polygon of fewer than 3 points");
    lines += (lines.empty() ? "" : ",\n    ") + text.line(geometry_of(Polygon{{part}}));
  }
  return lines;
}

}  // namespace

LabelmeAttributeText labelme_attributes_text(const Attributes& attributes, std::size_t first, bool in_shape) {
  LabelmeAttributeText text;
  std::size_t next = first;
  for (; next < attributes.size(); ++next) {
    const auto& [name, value] = attributes[next];
    const bool* flag = std::get_if<bool>(&value);
    if (!flag || (in_shape && labelme_flag(name))) break;
    text.flags += fmt::format("{}{}: {}", text.flags.empty() ? "" : ", ", quoted(name), *flag);
  }
  for (; next < attributes.size(); ++next)
    text.others += fmt::format(", {}: {}", quoted(labelme_key(attributes[next].first, in_shape)),
                               to_line(json_from(attributes[next].second)));
  return text;
}

std::string labelme_shapes_text(std::vector<Annotation> annotations, const LabelMap& labels,
                                std::vector<Finding>& findings) {
  std::ranges::stable_sort(annotations, {},
                           [](const Annotation& annotation) { return annotation.z_order.value_or(0); });
  const std::vector<Grouping> groupings = groupings_of(annotations);
  std::string text;
  for (std::size_t i = 0; i < annotations.size(); ++i) try {
      const std::string lines = annotation_lines(annotations[i], labels, groupings[i]);
      text += (text.empty() ? "\n    " : ",\n    ") + lines;
    } catch (const Error& error) {  // this annotation is left out, not its neighbours
      if (error.code() == Code::bug) throw;
      Finding finding = to_finding(error, "annotation-left-out");
      if (finding.place.empty()) finding.place = annotations[i].origin;
      findings.push_back(std::move(finding));
    }
  return text.empty() ? text : text + "\n  ";
}

}  // namespace maskmill
