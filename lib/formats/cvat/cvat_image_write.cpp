// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/text.h"
#include "dataset/rle.h"
#include "formats/cvat/cvat_image.h"
#include "formats/cvat/cvat_values.h"
#include "formats/xml_text.h"

namespace maskmill {
namespace {

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : fits_xml(text) ? text : legal_xml_text(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\n':
        safe += "&#10;";
        break;
      case '\t':
        safe += "&#9;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

void append(std::string& text, std::string_view name, std::string_view value) {
  text += ' ';
  text += name;
  text += "=\"";
  text += value;
  text += '"';
}

std::string digits(double number) {
  if (!std::isfinite(number)) throw Error(Code::bad_value, "a coordinate that is no number");
  return fmt::format("{}", number);
}

/// Of a sum, without what adding made of the last binary place.
std::string sum_digits(double number) {
  digits(number);
  return number_text(number);
}

void append_points(std::string& text, const std::vector<Point>& points) {
  if (points.empty()) throw Error(Code::bad_value, "a shape without a point");
  std::string list;
  for (const Point& point : points)
    list += (list.empty() ? "" : ";") + digits(point.x) + "," + digits(point.y);
  append(text, "points", list);
}

void append_rotation(std::string& text, double angle_degrees) {
  if (angle_degrees != 0) append(text, "rotation", digits(angle_degrees));
}

void append_box(std::string& text, double left, double top, double right, double bottom) {
  append(text, "xtl", sum_digits(left));
  append(text, "ytl", sum_digits(top));
  append(text, "xbr", sum_digits(right));
  append(text, "ybr", sum_digits(bottom));
}

void append_mask(std::string& text, const Rle& rle) {
  const Box box = bounding_box(rle);
  if (box.area() == 0) throw Error(Code::bad_value, "a mask without a pixel");
  const int left = static_cast<int>(box.x), top = static_cast<int>(box.y);
  const Size size{static_cast<int>(box.width), static_cast<int>(box.height)};
  cv::Mat across;
  cv::transpose(mask_from_rle(shifted(rle, -left, -top, size)), across);
  std::string runs;
  for (const std::uint32_t count : rle_from_mask(across).counts)
    fmt::format_to(std::back_inserter(runs), "{}{}", runs.empty() ? "" : ", ", count);
  append(text, "rle", runs);
  append(text, "left", std::to_string(left));
  append(text, "top", std::to_string(top));
  append(text, "width", std::to_string(size.width));
  append(text, "height", std::to_string(size.height));
}

void append_cuboid(std::string& text, const std::vector<Point>& corners) {
  constexpr std::array kCorners{"tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2"};
  for (std::size_t i = 0; i < kCorners.size(); ++i) {
    append(text, std::string("x") + kCorners[i], digits(corners[i].x));
    append(text, std::string("y") + kCorners[i], digits(corners[i].y));
  }
}

bool is_cuboid(const Annotation& annotation) {
  const auto* points = std::get_if<Points>(&annotation.shape);
  return points && points->points.size() == 8 && find_attribute(annotation.attributes, kCuboid);
}

/// The element's name; its coordinates go into `text`.
struct Geometry {
  std::string& text;
  bool as_cuboid;

  const char* operator()(const std::monostate&) const { return "tag"; }
  const char* operator()(const Box& box) const {
    append_box(text, box.x, box.y, box.x + box.width, box.y + box.height);
    return "box";
  }
  const char* operator()(const RotatedBox& box) const {
    const double x = box.centre.x, y = box.centre.y, half_width = box.width / 2, half_height = box.height / 2;
    append_box(text, x - half_width, y - half_height, x + half_width, y + half_height);
    append_rotation(text, box.angle_degrees);
    return "box";
  }
  const char* operator()(const Ellipse& ellipse) const {
    append(text, "cx", digits(ellipse.centre.x));
    append(text, "cy", digits(ellipse.centre.y));
    append(text, "rx", digits(ellipse.radius_x));
    append(text, "ry", digits(ellipse.radius_y));
    append_rotation(text, ellipse.angle_degrees);
    return "ellipse";
  }
  const char* operator()(const Polygon& polygon) const {
    if (polygon.parts.size() != 1 || !polygon.parts.front().holes.empty())
      throw Error(Code::bug, "a polygon of parts or with holes reached the CVAT writer");
    append_points(text, polygon.parts.front().exterior);
    return "polygon";
  }
  const char* operator()(const Polyline& line) const {
    append_points(text, line.points);
    return "polyline";
  }
  const char* operator()(const Points& points) const {
    if (as_cuboid) {
      append_cuboid(text, points.points);
      return "cuboid";
    }
    append_points(text, points.points);
    return "points";
  }
  const char* operator()(const Rle& rle) const {
    append_mask(text, rle);
    return "mask";
  }
  const char* operator()(const MaskRef&) const {
    throw Error(Code::bug, "a mask file reached the CVAT writer");
  }
};

/// The text of an attribute that was one of the element itself; null for all others.
const std::string* marked_text(const Attributes::value_type& attribute) {
  const std::string_view name = attribute.first;
  if (!name.starts_with(kXmlAttributeMark) || !is_element_name(name.substr(kXmlAttributeMark.size())))
    return nullptr;
  return std::get_if<std::string>(&attribute.second);
}

void append_marked(std::string& text, const Attributes& attributes) {
  for (const auto& attribute : attributes)
    if (const std::string* value = marked_text(attribute))
      append(text, std::string_view(attribute.first).substr(kXmlAttributeMark.size()), escaped(*value));
}

std::string attribute_elements(const Annotation& annotation, const LabelMap& labels, FoundAttributes& found) {
  std::string text;
  const Label& label = labels[*annotation.label];
  for (const auto& attribute : annotation.attributes) {
    const auto& [name, value] = attribute;
    if (marked_text(attribute) || name == kCuboid) continue;
    const AttributeDefinition* definition = find_definition(label, name);
    if (!definition) {
      std::vector<std::string>& names = found[*annotation.label];
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    std::string type, content = cvat_value_text(value);
    if (!fits_xml(content) || cvat_value(content, definition) != value) {
      // A text that looks like what the definition asks for must say that it is one.
      const auto* plain = std::get_if<std::string>(&value);
      const TypedText typed = plain ? TypedText{"text", to_line(Json(*plain))} : typed_text(value);
      append(type, "type", typed.type);
      content = typed.text;
    }
    fmt::format_to(std::back_inserter(text), "      <attribute name=\"{}\"{}>{}</attribute>\n", escaped(name),
                   type, escaped(content));
  }
  return text;
}

std::string element(const char* name, const std::string& attributes, const std::string& inside) {
  return fmt::format("    <{}{}>\n{}    </{}>\n", name, attributes, inside, name);
}

std::string skeleton(const Annotation& annotation, const Label& label, const std::string& tail,
                     const std::string& attributes) {
  if (!label.skeleton || label.skeleton->keypoints.size() < annotation.keypoints.size())
    throw Error(Code::bad_value,
                fmt::format("keypoints of the label {}, which has no skeleton", in_quotes(label.name)));
  std::string inside;
  for (std::size_t i = 0; i < annotation.keypoints.size(); ++i) {
    const Keypoint& point = annotation.keypoints[i];
    inside += fmt::format(
        "      <points label=\"{}\" outside=\"{}\" occluded=\"{}\" points=\"{},{}\">\n      </points>\n",
        escaped(label.skeleton->keypoints[i]), point.visibility == 0 ? 1 : 0, point.visibility == 1 ? 1 : 0,
        digits(point.at.x), digits(point.at.y));
  }
  std::string head;
  append(head, "label", escaped(label.name));
  return element("skeleton", head + tail, inside + attributes);
}

}  // namespace

std::string cvat_annotation_text(const Annotation& annotation, const LabelMap& labels,
                                 FoundAttributes& found) {
  if (!annotation.label) throw Error(Code::bad_value, "an annotation without a label, which CVAT needs");
  const Label& label = labels[*annotation.label];
  std::string tail;
  if (annotation.z_order) append(tail, "z_order", std::to_string(*annotation.z_order));
  if (annotation.group) append(tail, "group_id", std::to_string(*annotation.group));
  if (annotation.score) append(tail, "score", digits(*annotation.score));
  append_marked(tail, annotation.attributes);
  const std::string attributes = attribute_elements(annotation, labels, found);
  if (annotation.keypoints.empty() || annotation.shape.index() != 0) {
    std::string head, coordinates;
    const char* name = std::visit(Geometry{coordinates, is_cuboid(annotation)}, annotation.shape);
    append(head, "label", escaped(label.name));
    // CVAT needs it; a data set that never says it of any annotation has a note in <meta>.
    if (annotation.shape.index() != 0)
      append(head, "occluded", annotation.flags.occluded == true ? "1" : "0");
    const std::string text = element(name, head + coordinates + tail, attributes);
    return annotation.keypoints.empty() ? text : text + skeleton(annotation, label, tail, attributes);
  }
  return skeleton(annotation, label, tail, attributes);
}

std::string cvat_image_tag(const Item& item, const std::string& path) {
  std::string text;
  append(text, "name", escaped(item.file_name));
  if (!item.subset.empty()) append(text, "subset", escaped(item.subset));
  if (!path.empty()) append(text, kImagePath, escaped(path));
  append_marked(text, item.attributes);
  if (item.size) {
    append(text, "width", std::to_string(item.size->width));
    append(text, "height", std::to_string(item.size->height));
  }
  return text + ">\n";
}

}  // namespace maskmill
