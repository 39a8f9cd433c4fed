// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "formats/json_values.h"
#include "formats/marked_names.h"
#include "formats/via/via_records.h"
#include "formats/xml_text.h"

namespace maskmill {
namespace {

using simdjson::ondemand::json_type;
using simdjson::ondemand::parser;

constexpr double kSameAngle = 1e-6;  // degrees by which theta may miss what is said beside it

std::string text_from(JsonValue& value) {
  std::string_view text;
  if (value.get_string().get(text)) throw unexpected("a text", value);
  return std::string(text);
}

/// VIA 1 wrote numbers as texts too.
double coordinate_from(JsonValue& value) {
  if (type_of(value) != json_type::string) return number_from(value);
  const std::string text = text_from(value);
  if (const auto number = to_number(trimmed(text))) return *number;
  throw Error(Code::bad_value, "expected a number; found " + in_quotes(text));
}

std::vector<double> coordinates_from(JsonValue& value) {
  if (type_of(value) != json_type::array) throw unexpected("a list of numbers", value);
  std::vector<double> numbers;
  for (auto element : value.get_array()) {
    JsonValue number = element.value();
    numbers.push_back(coordinate_from(number));
  }
  return numbers;
}

/// What stands in shape_attributes.
struct ShapeFields {
  std::string name;
  std::map<std::string, double, std::less<>> numbers;
  std::vector<double> xs, ys;
  std::int64_t part = 0;
  bool has_part = false;

  double at(std::string_view key) const {
    const auto found = numbers.find(key);
    if (found == numbers.end())
      throw Error(Code::bad_value, fmt::format("a {} without {}", printable(name), key));
    return found->second;
  }

  std::vector<Point> points() const {
    if (xs.size() != ys.size())
      throw Error(Code::bad_value,
                  fmt::format("a {} of {} x and {} y", printable(name), xs.size(), ys.size()));
    std::vector<Point> points(xs.size());
    for (std::size_t i = 0; i < xs.size(); ++i) points[i] = {xs[i], ys[i]};
    return points;
  }
};

ShapeFields fields_from(JsonValue& value) {
  if (type_of(value) != json_type::object) throw unexpected("an object", value);
  ShapeFields fields;
  std::size_t count = 0;
  for (auto field : value.get_object()) {
    check_json_keys(++count);
    const std::string key(std::string_view(field.unescaped_key()));
    JsonValue number = field.value();
    if (key == "name") {
      fields.name = text_from(number);
    } else if (key == "all_points_x") {
      fields.xs = coordinates_from(number);
    } else if (key == "all_points_y") {
      fields.ys = coordinates_from(number);
    } else if (key == kViaPart) {
      fields.part = integer_from(number).value_or(0);
      fields.has_part = true;
    } else if (const json_type type = type_of(number);
               type == json_type::number || type == json_type::string) {
      if (const auto at = type == json_type::number ? optional_number_from(number)
                                                    : to_number(trimmed(text_from(number))))
        fields.numbers[key] = *at;
    }
  }
  return fields;
}

Shape shape_of(const ShapeFields& fields) {
  if (fields.name == "rect")
    return Box{fields.at("x"), fields.at("y"), fields.at("width"), fields.at("height")};
  if (fields.name == "circle")
    return Ellipse{{fields.at("cx"), fields.at("cy")}, fields.at("r"), fields.at("r"), 0};
  if (fields.name == "ellipse") {
    const double theta = fields.numbers.contains("theta") ? fields.at("theta") : 0;
    double degrees = without_noise(theta * 180 / std::numbers::pi, 180);
    if (const auto exact = fields.numbers.find(kViaDegrees);
        exact != fields.numbers.end() && std::abs(exact->second - degrees) <= kSameAngle)
      degrees = exact->second;
    return Ellipse{{fields.at("cx"), fields.at("cy")}, fields.at("rx"), fields.at("ry"), degrees};
  }
  if (fields.name == "point") return Points{{{fields.at("cx"), fields.at("cy")}}};
  if (fields.name == "polyline") {
    std::vector<Point> points = fields.points();
    if (points.empty()) throw Error(Code::bad_value, "a polyline without a point");
    return Polyline{std::move(points)};
  }
  if (fields.name == "polygon") {
    std::vector<Point> points = fields.points();
    // VIA 1 says the first point again at the end.
    if (points.size() > 3 && points.front() == points.back()) points.pop_back();
    if (points.size() < 3)
      throw Error(Code::bad_value,
                  fmt::format("a polygon of {}; it needs 3", counted(points.size(), "point")));
    return Polygon{{{std::move(points), {}}}};
  }
  throw Error(Code::unsupported, fmt::format("{} is no shape of VIA", in_quotes(fields.name)));
}

/// Of an object the names that are true; of text and numbers themselves.
std::vector<std::string> values_of(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value))
    return text->empty() ? std::vector<std::string>() : std::vector<std::string>{*text};
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return {std::to_string(*whole)};
  if (const auto* number = std::get_if<double>(&value)) return {fmt::format("{}", *number)};
  std::vector<std::string> values;
  if (std::holds_alternative<JsonText>(value)) {
    const Json object = json_from(value);
    if (object.is_object())
      for (const auto& [name, flag] : object.items())
        if (flag == true && !name.empty()) values.push_back(name);
  }
  return values;
}

Flag Flags::*flag_named(std::string_view name) {
  if (name == "crowd") return &Flags::crowd;
  if (name == "occluded") return &Flags::occluded;
  if (name == "truncated") return &Flags::truncated;
  if (name == "difficult") return &Flags::difficult;
  return nullptr;
}

/// False where the attribute is somebody's own of that name.
bool take_flags(const AttributeValue& value, Flags& flags) {
  if (!std::holds_alternative<JsonText>(value)) return false;
  const Json object = json_from(value);
  if (!object.is_object() || object.empty()) return false;
  for (const auto& [name, flag] : object.items())
    if (!flag_named(name) || !flag.is_boolean()) return false;
  for (const auto& [name, flag] : object.items()) flags.*flag_named(name) = flag.get<bool>();
  return true;
}

bool take_number(std::string_view name, const AttributeValue& value, Annotation& annotation) {
  const auto* whole = std::get_if<std::int64_t>(&value);
  const auto* number = std::get_if<double>(&value);
  if (name == kViaScore && (whole || number)) {
    const double score = whole ? static_cast<double>(*whole) : *number;
    if (score < 0 || score > 1) return false;
    annotation.score = score;
    return true;
  }
  if (name == kViaGroup && whole) {
    annotation.group = *whole;
    return true;
  }
  if (name == kViaZOrder && whole && *whole >= INT32_MIN && *whole <= INT32_MAX) {
    annotation.z_order = static_cast<int>(*whole);
    return true;
  }
  return false;
}

/// VIA 1 writes an object of regions, with numbers for keys, VIA 2 a list. What visit() throws away of a
/// region is passed over.
template <class Visit>
void for_each_region(JsonValue& value, Visit&& visit) {
  switch (type_of(value)) {
    case json_type::array:
      for (auto element : value.get_array()) {
        JsonValue region = element.value();
        visit(region);
      }
      return;
    case json_type::object:
      for (auto field : value.get_object()) {
        JsonValue region = field.value();
        visit(region);
      }
      return;
    case json_type::null:
      return;
    default:
      throw unexpected("a list of regions", value);
  }
}

/// The text of a region, which is parsed apart from its neighbours.
std::string_view text_of_region(JsonValue& region) {
  if (type_of(region) != json_type::object) throw unexpected("a region", region);
  simdjson::ondemand::object object = region.get_object();
  return object.raw_json();
}

/// Calls visit(name, value) for the members of an object of attributes; VIA 1 has lists that are empty.
template <class Visit>
void for_each_attribute(JsonValue& value, Visit&& visit) {
  if (type_of(value) != json_type::object) return;
  std::size_t count = 0;
  for (auto field : value.get_object()) {
    check_json_keys(++count);
    const std::string name(std::string_view(field.unescaped_key()));
    JsonValue attribute = field.value();
    if (name.empty()) continue;  // as VIA does
    visit(name, attribute_from(attribute));
  }
}

void visit_attributes(parser& regions, std::string_view region, const VisitViaAttribute& visit) {
  for_each_field(regions, region, [&](std::string_view key, JsonValue& value) {
    if (key != "region_attributes") return;
    for_each_attribute(
        value, [&](const std::string& name, const AttributeValue& said) { visit(name, values_of(said)); });
  });
}

/// Joins the further regions of one annotation. False where the two are none.
bool joined_to(Annotation& whole, const Shape& part) {
  if (auto* polygon = std::get_if<Polygon>(&whole.shape); polygon && std::holds_alternative<Polygon>(part)) {
    polygon->parts.push_back(std::get<Polygon>(part).parts.front());
    return true;
  }
  if (auto* points = std::get_if<Points>(&whole.shape); points && std::holds_alternative<Points>(part)) {
    points->points.push_back(std::get<Points>(part).points.front());
    return true;
  }
  return false;
}

}  // namespace

struct ViaReader::State {
  parser images, regions;

  Annotation region(std::string_view text, const ViaLabels& labels, std::int64_t& part,
                    std::vector<Finding>& findings) {
    Annotation annotation;
    std::optional<ShapeFields> fields;
    for_each_field(regions, text, [&](std::string_view key, JsonValue& value) {
      if (key == "shape_attributes") {
        fields = fields_from(value);
      } else if (key == "region_attributes") {
        for_each_attribute(value, [&](const std::string& name, AttributeValue attribute) {
          add_attribute(name, std::move(attribute), labels, annotation, findings);
        });
      }
    });
    if (!fields) throw Error(Code::bad_value, "has no shape_attributes");
    if (fields->name.empty())
      throw Error(Code::bad_value, "a shape without a name").at_field("shape_attributes");
    try {
      annotation.shape = shape_of(*fields);
    } catch (Error& error) {
      throw error.at_field("shape_attributes");
    }
    part = fields->has_part ? fields->part : 0;
    if (!annotation.label) annotation.label = labels.fallback;
    return annotation;
  }

  static void add_attribute(const std::string& name, AttributeValue value, const ViaLabels& labels,
                            Annotation& annotation, std::vector<Finding>& findings) {
    if (name == labels.attribute) {
      const std::vector<std::string> values = values_of(value);
      if (!values.empty())
        if (const auto found = labels.index.find(values.front()); found != labels.index.end())
          annotation.label = found->second;
      if (values.size() < 2) return;
      findings.push_back({"several-labels",
                          Severity::warning,
                          Place{{}, {}, "region_attributes." + name},
                          fmt::format("a region of {} labels: the first counts, and all stay as an attribute",
                                      values.size()),
                          {}});
      set_attribute(annotation.attributes, name, std::move(value));
      return;
    }
    if (take_number(name, value, annotation)) return;
    if (name == kViaFlags && take_flags(value, annotation.flags)) return;
    const auto is_reserved = [&](std::string_view plain) {
      return plain.empty() || plain == labels.attribute || plain == kViaScore || plain == kViaGroup ||
             plain == kViaZOrder || plain == kViaFlags;
    };
    set_attribute(annotation.attributes, attribute_of_key(name, is_reserved), std::move(value));
  }
};

ViaReader::ViaReader() : state_(new State) {}
ViaReader::~ViaReader() = default;

std::string ViaReader::file_name(std::string_view text, const VisitViaAttribute& visit) {
  std::string name;
  for_each_field(state_->images, text, [&](std::string_view key, JsonValue& value) {
    if (key == "filename") name = text_from(value);
    if (key != "regions") return;
    for_each_region(value, [&](JsonValue& region) {
      try {
        visit_attributes(state_->regions, text_of_region(region), visit);
      } catch (const Error&) {
        // A finding of its item, later.
      }
    });
  });
  return name;
}

ViaImage ViaReader::image(std::string_view text, const ViaLabels& labels, const Place& place,
                          std::vector<Finding>& findings) {
  ViaImage image;
  std::size_t number = 0, line = place.line.value_or(1);
  const char* counted_to = text.data();
  std::int64_t last_part = -1;
  for_each_field(state_->images, text, [&](std::string_view key, JsonValue& value) {
    if (key == "filename") {
      image.file_name = text_from(value);
    } else if (key == "size") {
      if (const auto bytes = integer_from(value); bytes && *bytes >= 0) image.bytes = bytes;
    } else if (key == "file_attributes") {
      for_each_attribute(value, [&](const std::string& name, AttributeValue attribute) {
        set_attribute(image.attributes, name, std::move(attribute));
      });
    } else if (key == "regions") {
      for_each_region(value, [&](JsonValue& region) {
        const char* begin = region.raw_json_token().data();
        line += static_cast<std::size_t>(std::count(counted_to, begin, '\n'));
        counted_to = begin;
        const Place at{place.file, line, fmt::format("{}.regions[{}]", place.field, number++)};
        std::vector<Finding> problems;
        try {
          std::int64_t part = 0;
          Annotation annotation = state_->region(text_of_region(region), labels, part, problems);
          const bool continues = part > 0 && part == last_part + 1 && !image.annotations.empty();
          last_part = part;
          if (!continues || !joined_to(image.annotations.back(), annotation.shape)) {
            annotation.origin = at;
            image.annotations.push_back(std::move(annotation));
          }
        } catch (const Error& error) {  // this region is lost, not its neighbours
          if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
          last_part = -1;
          problems.push_back(to_finding(error, "unreadable-annotation"));
        }
        for (Finding& problem : problems) {
          const std::string field = problem.place.field;
          problem.place = at;
          if (!field.empty()) problem.place.field += "." + field;
          findings.push_back(std::move(problem));
        }
      });
    }
  });
  return image;
}

}  // namespace maskmill
