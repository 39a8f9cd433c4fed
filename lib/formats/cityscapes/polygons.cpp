// SPDX-License-Identifier: Apache-2.0
#include "formats/cityscapes/polygons.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/json_elements.h"
#include "formats/json_values.h"
#include "formats/scenes/scene_labels.h"

namespace maskmill {
namespace {

constexpr std::string_view kGroup = "group";
constexpr double kMostCoordinate = 1e8;  // beyond which nothing can be painted
constexpr std::int64_t kMostPixels = std::int64_t{1} << 30;

Point point_from(JsonValue& value) {
  const std::vector<double> numbers = numbers_from(value);
  if (numbers.size() != 2)
    throw Error(Code::bad_value, fmt::format("a point has x and y; found {} numbers", numbers.size()));
  for (const double number : numbers)
    if (!(std::abs(number) <= kMostCoordinate))
      throw Error(Code::bad_value, fmt::format("{} is no coordinate of a pixel", number));
  return {numbers[0], numbers[1]};
}

struct ReadObject {
  std::string label;
  Ring ring;
  bool deleted = false;
};

ReadObject object_from(simdjson::ondemand::parser& parser, std::string_view text) {
  ReadObject read;
  bool has_label = false, has_polygon = false;
  simdjson::ondemand::document document =
      parser.iterate(text.data(), text.size(), text.size() + kJsonPadding);
  for (auto field : document.get_object()) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (key == "label") {
      if (type_of(value) != simdjson::ondemand::json_type::string) throw unexpected("a label's name", value);
      read.label = std::string(std::string_view(value.get_string()));
      has_label = true;
    } else if (key == "polygon") {
      if (type_of(value) != simdjson::ondemand::json_type::array) throw unexpected("a list of points", value);
      read.ring.clear();
      for (auto element : value.get_array()) {
        JsonValue point = element.value();
        read.ring.push_back(point_from(point));
      }
      has_polygon = true;
    } else if (key == "deleted") {
      read.deleted = flag_from(value).value_or(false);
    }
  }
  if (!has_label) throw Error(Code::bad_value, "an object without a label");
  if (!has_polygon && !read.deleted) throw Error(Code::bad_value, "an object without a polygon");
  if (read.ring.size() < 3 && !read.deleted)
    throw Error(Code::bad_value, fmt::format("a polygon needs 3 or more points; found {}", read.ring.size()));
  return read;
}

struct FoundLabel {
  std::optional<int> label;
  bool is_group = false;
};

FoundLabel find_label(const std::string& name, const LabelMap& labels, std::optional<int> others_are) {
  if (const auto label = labels.find(name)) return {label, false};
  // A name that Cityscapes has is no group, whatever it ends in: polegroup.
  if (find_scene_label(name)) return {others_are, false};
  if (!name.ends_with(kGroup) || name.size() == kGroup.size()) return {};
  const std::string one = name.substr(0, name.size() - kGroup.size());
  if (const auto label = labels.find(one)) return {label, true};
  return find_scene_label(one) ? FoundLabel{others_are, true} : FoundLabel{};
}

std::optional<std::int64_t> side_from(const SharedFile& file, const JsonRange& where) {
  if (where.length > 32) return std::nullopt;
  std::string text;
  file.read(where.offset, where.length, text);
  const auto side = to_integer(std::string_view(text).substr(0, where.length));
  return side && *side > 0 && *side <= kMostPixels ? std::optional<std::int64_t>(*side) : std::nullopt;
}

std::string number_text(double number) {
  return fmt::format("{}", number == 0 ? 0. : number);
}

}  // namespace

CityscapesPolygons read_cityscapes_polygons(const Path& path, const LabelMap& labels,
                                            std::optional<int> others_are, std::vector<Finding>& findings) {
  const SharedFile file(path);
  simdjson::ondemand::parser parser;
  CityscapesPolygons read;
  std::optional<std::int64_t> width, height;
  bool has_objects = false;
  int place = 0;
  const auto add = [&](const JsonRange& where, std::string_view text) {
    const Place origin{path.string(), where.line, fmt::format("objects[{}]", place)};
    ++place;
    if (text.empty()) throw Error(Code::unsupported, "an object is longer than can be read").at(origin);
    try {
      ReadObject object = object_from(parser, text);
      if (object.deleted) return;
      const FoundLabel found = find_label(object.label, labels, others_are);
      if (!found.label) {
        findings.push_back({"unknown-label", Severity::error, origin,
                            fmt::format("{} is no label of the data set: left out", in_quotes(object.label)),
                            "correct the name"});
        return;
      }
      Annotation annotation;
      annotation.label = found.label;
      if (found.is_group || labels.is_ignored(*found.label)) annotation.flags.crowd = true;
      annotation.z_order = place - 1;
      annotation.shape = Polygon{{{std::move(object.ring), {}}}};
      annotation.origin = origin;
      read.annotations.push_back(std::move(annotation));
    } catch (Error& error) {
      findings.push_back(to_finding(error.at(origin), "bad-object"));
    } catch (const simdjson::simdjson_error& error) {
      findings.push_back({"bad-object", Severity::error, origin,
                          std::string("the object is no JSON: ") + error.what(), "correct the file"});
    }
  };
  JsonVisitor visitor;
  visitor.is_list = [](const std::string& key) { return key == "objects"; };
  visitor.list = [&](const std::string&) { has_objects = true; };
  visitor.element = [&](const std::string&, const JsonRange& where, std::string_view text) {
    add(where, text);
  };
  visitor.value = [&](const std::string& key, const JsonRange& where) {
    if (key == "imgWidth") width = side_from(file, where);
    if (key == "imgHeight") height = side_from(file, where);
  };
  scan(file, visitor);
  if (!has_objects)
    throw Error(Code::bad_format, "there is no list of objects").at_file(path).at_field("objects");
  if (width && height && *width * *height <= kMostPixels)
    read.size = Size{static_cast<int>(*width), static_cast<int>(*height)};
  else
    findings.push_back({"bad-size", Severity::warning, Place{path.string(), {}, "imgWidth"},
                        "imgWidth and imgHeight are no size of an image", "correct them"});
  return read;
}

std::optional<std::string> cityscapes_polygons_text(Size size, std::span<const Annotation* const> annotations,
                                                    const LabelMap& labels) {
  std::string text = fmt::format("{{\n    \"imgHeight\": {},\n    \"imgWidth\": {},\n    \"objects\": [",
                                 size.height, size.width);
  bool is_first = true;
  for (const Annotation* annotation : annotations) {
    const auto* polygon = std::get_if<Polygon>(&annotation->shape);
    if (!polygon || !annotation->label || polygon->parts.size() != 1 || !polygon->parts[0].holes.empty() ||
        polygon->parts[0].exterior.size() < 3)
      return std::nullopt;
    const Label& label = labels[*annotation->label];
    std::string name = label.name;
    if (annotation->flags.crowd == true && tells_objects_apart(label)) name += kGroup;
    text += fmt::format("{}\n        {{\n            \"label\": {},\n            \"polygon\": [",
                        is_first ? "" : ",", to_line(Json(name)));
    is_first = false;
    const Ring& ring = polygon->parts[0].exterior;
    for (std::size_t i = 0; i < ring.size(); ++i)
      text += fmt::format("{}\n                [{}, {}]", i == 0 ? "" : ",", number_text(ring[i].x),
                          number_text(ring[i].y));
    text += "\n            ]\n        }";
  }
  return text + "\n    ]\n}\n";
}

}  // namespace maskmill
