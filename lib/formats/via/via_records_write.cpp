// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "formats/json_values.h"
#include "formats/marked_names.h"
#include "formats/via/via_records.h"
#include "formats/xml_text.h"

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

std::string coordinates_text(const std::vector<Point>& points, double Point::*coordinate) {
  std::string text;
  for (const Point& point : points) text += (text.empty() ? "" : ",") + digits(point.*coordinate);
  return text;
}

std::string points_text(const char* name, const std::vector<Point>& points) {
  return fmt::format("\"name\":\"{}\",\"all_points_x\":[{}],\"all_points_y\":[{}]", name,
                     coordinates_text(points, &Point::x), coordinates_text(points, &Point::y));
}

std::string ellipse_text(const Ellipse& ellipse) {
  const std::string x = digits(ellipse.centre.x), y = digits(ellipse.centre.y);
  if (ellipse.radius_x == ellipse.radius_y && ellipse.angle_degrees == 0)
    return fmt::format("\"name\":\"circle\",\"cx\":{},\"cy\":{},\"r\":{}", x, y, digits(ellipse.radius_x));
  const double theta = ellipse.angle_degrees * std::numbers::pi / 180;
  std::string text = fmt::format("\"name\":\"ellipse\",\"cx\":{},\"cy\":{},\"rx\":{},\"ry\":{},\"theta\":{}",
                                 x, y, digits(ellipse.radius_x), digits(ellipse.radius_y), digits(theta));
  if (without_noise(theta * 180 / std::numbers::pi, 180) != ellipse.angle_degrees)
    text += fmt::format(",\"{}\":{}", kViaDegrees, digits(ellipse.angle_degrees));
  return text;
}

/// What stands in shape_attributes, one for each region that the annotation needs.
std::vector<std::string> shape_texts(const Shape& shape) {
  if (const auto* box = std::get_if<Box>(&shape))
    return {fmt::format("\"name\":\"rect\",\"x\":{},\"y\":{},\"width\":{},\"height\":{}", digits(box->x),
                        digits(box->y), digits(box->width), digits(box->height))};
  if (const auto* ellipse = std::get_if<Ellipse>(&shape)) return {ellipse_text(*ellipse)};
  std::vector<std::string> texts;
  if (const auto* polygon = std::get_if<Polygon>(&shape)) {
    for (const PolygonPart& part : polygon->parts) {  // whose holes were said to be lost
      if (part.exterior.size() < 3) throw Error(Code::bad_value, "a polygon of fewer than 3 points");
      texts.push_back(points_text("polygon", part.exterior));
    }
  } else if (const auto* line = std::get_if<Polyline>(&shape)) {
    if (!line->points.empty()) texts.push_back(points_text("polyline", line->points));
  } else if (const auto* points = std::get_if<Points>(&shape)) {
    for (const Point& point : points->points)
      texts.push_back(
          fmt::format("\"name\":\"point\",\"cx\":{},\"cy\":{}", digits(point.x), digits(point.y)));
  } else {
    throw Error(Code::bug, "a shape that VIA does not hold reached its writer");
  }
  if (texts.empty()) throw Error(Code::bad_value, "a shape without a point");
  for (std::size_t part = 0; texts.size() > 1 && part < texts.size(); ++part)
    texts[part] += fmt::format(",\"{}\":{}", kViaPart, part);
  return texts;
}

std::string flags_text(const Flags& flags) {
  std::string text;
  const auto add = [&](const char* name, const Flag& flag) {
    if (flag) text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, *flag);
  };
  add("crowd", flags.crowd);
  add("occluded", flags.occluded);
  add("truncated", flags.truncated);
  add("difficult", flags.difficult);
  return text;
}

class RegionText {
 public:
  RegionText(const std::string& label_attribute, std::vector<std::string>& names)
      : label_attribute_(label_attribute), names_(names) {}

  /// What stands in region_attributes.
  std::string attributes(const Annotation& annotation, const std::vector<std::string>& values) {
    text_.clear();
    if (annotation.label) add(label_attribute_, quoted(values[static_cast<std::size_t>(*annotation.label)]));
    if (const std::string flags = flags_text(annotation.flags); !flags.empty())
      add(kViaFlags, "{" + flags + "}");
    if (annotation.score) add(kViaScore, digits(*annotation.score));
    if (annotation.group) add(kViaGroup, std::to_string(*annotation.group));
    if (annotation.z_order) add(kViaZOrder, std::to_string(*annotation.z_order));
    for (const auto& [name, value] : annotation.attributes)
      add(key_of_attribute(name,
                           [&, &said = value, marked = name.starts_with('@')](std::string_view plain) {
                             return is_taken(plain) &&
                                    (marked || plain.empty() || would_be_misread(plain, said));
                           }),
          to_line(json_from(value)));
    return text_;
  }

 private:
  bool is_taken(std::string_view name) const {
    return name.empty() || name == label_attribute_ || name == kViaScore || name == kViaGroup ||
           name == kViaZOrder || name == kViaFlags;
  }

  bool would_be_misread(std::string_view name, const AttributeValue& value) const {
    if (name == label_attribute_) return true;
    if (name == kViaFlags) return std::holds_alternative<JsonText>(value);
    return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
  }

  void add(const std::string& name, const std::string& value) {
    text_ += fmt::format("{}{}:{}", text_.empty() ? "" : ",", quoted(name), value);
    if (std::ranges::find(names_, name) == names_.end()) names_.push_back(name);
  }

  const std::string& label_attribute_;
  std::vector<std::string>& names_;
  std::string text_;
};

}  // namespace

std::string via_regions_text(const std::vector<Annotation>& annotations, const std::string& label_attribute,
                             const std::vector<std::string>& values, std::vector<std::string>& names,
                             std::vector<Finding>& findings) {
  std::string text;
  RegionText regions(label_attribute, names);
  for (const Annotation& annotation : annotations) try {
      const std::vector<std::string> shapes = shape_texts(annotation.shape);
      const std::string attributes = regions.attributes(annotation, values);
      for (const std::string& shape : shapes)
        text += fmt::format("{}{{\"shape_attributes\":{{{}}},\"region_attributes\":{{{}}}}}",
                            text.empty() ? "" : ",", shape, attributes);
    } catch (const Error& error) {  // this annotation is left out, not its neighbours
      if (error.code() == Code::bug) throw;
      Finding finding = to_finding(error, "annotation-left-out");
      if (finding.place.empty()) finding.place = annotation.origin;
      findings.push_back(std::move(finding));
    }
  return text;
}

std::string via_attributes_text(const Attributes& attributes) {
  std::string text;
  for (const auto& [name, value] : attributes)
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", quoted(name), to_line(json_from(value)));
  return "{" + text + "}";
}

}  // namespace maskmill
