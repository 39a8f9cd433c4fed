// SPDX-License-Identifier: Apache-2.0
#include "formats/labelme/labelme_document.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/json_values.h"
#include "formats/marked_names.h"

namespace maskmill {
namespace {

using simdjson::ondemand::json_type;

constexpr std::uint64_t kMostValueBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kStartBytes = 512;

auto is_reserved(bool in_shape) {
  return [in_shape](std::string_view name) {
    return in_shape ? std::ranges::find(kLabelmeShapeKeys, name) != kLabelmeShapeKeys.end()
                    : std::ranges::find(kLabelmeFileKeys, name) != kLabelmeFileKeys.end();
  };
}

std::string text_from(JsonValue& value) {
  std::string_view text;
  if (value.get_string().get(text)) throw unexpected("a text", value);
  return std::string(text);
}

std::int64_t whole_from(JsonValue& value) {
  if (const auto number = integer_from(value)) return *number;
  throw unexpected("a whole number", value);
}

std::vector<Point> points_from(JsonValue& value) {
  if (type_of(value) != json_type::array) throw unexpected("a list of points", value);
  std::vector<Point> points;
  for (auto element : value.get_array()) {
    JsonValue pair = element.value();
    if (type_of(pair) != json_type::array) throw unexpected("a point [x, y]", pair);
    Point point;
    std::size_t count = 0;
    for (auto coordinate : pair.get_array()) {
      JsonValue number = coordinate.value();
      const double at = number_from(number);
      if (count == 0) point.x = at;
      if (count == 1) point.y = at;
      ++count;
    }
    if (count != 2)
      throw Error(Code::bad_value, fmt::format("point {} has {} instead of x and y", points.size() + 1,
                                               counted(count, "number")));
    points.push_back(point);
  }
  return points;
}

/// Calls visit(name, value) for the members of an object of flags; null is an empty one.
template <class Visit>
void for_each_flag(JsonValue& value, Visit&& visit) {
  if (is_null(value)) return;
  if (type_of(value) != json_type::object) throw unexpected("an object of flags", value);
  std::size_t count = 0;
  for (auto field : value.get_object()) {
    check_json_keys(++count);
    const std::string name(std::string_view(field.unescaped_key()));
    JsonValue flag = field.value();
    visit(name, flag);
  }
}

class ShapeReader {
 public:
  explicit ShapeReader(std::vector<Finding>& findings) : findings_(findings) {}

  LabelmeShape read(std::string_view text, const Place& place) {
    LabelmeShape shape;
    shape.place = place;
    Attributes described, flagged, others;
    bool has_label = false, has_points = false;
    for_each_field(parser_, text, [&](std::string_view key, JsonValue& value) {
      if (key == "label") {
        shape.label = text_from(value);
        has_label = true;
      } else if (key == "points") {
        shape.points = points_from(value);
        has_points = true;
      } else if (key == "shape_type") {
        if (!is_null(value)) shape.type = text_from(value);
      } else if (key == "group_id") {
        if (!is_null(value)) shape.group_id = whole_from(value);
      } else if (key == "mask") {
        if (!is_null(value)) shape.mask = text_from(value);
      } else if (key == "flags") {
        for_each_flag(value, [&](const std::string& name, JsonValue& flag) {
          Flag Flags::*known = labelme_flag(name);
          AttributeValue attribute = attribute_from(flag);
          if (const bool* is_set = std::get_if<bool>(&attribute); known && is_set)
            shape.flags.*known = *is_set;
          else
            set_attribute(flagged, name, std::move(attribute));
        });
      } else if (key == "description") {
        AttributeValue description = attribute_from(value);
        const auto* said = std::get_if<std::string>(&description);
        if (description != AttributeValue(JsonText{"null"}) && (!said || !said->empty()))
          set_attribute(described, "description", std::move(description));
      } else if (key == "score") {
        read_score(value, shape, others);
      } else if (key == "difficult") {
        shape.flags.difficult = flag_from(value);
      } else if (key == "z_order") {
        const auto order = integer_from(value);
        if (order && *order >= INT32_MIN && *order <= INT32_MAX)
          shape.z_order = static_cast<int>(*order);
        else
          throw unexpected("a whole number of 32 bits", value);
      } else if (key == kLabelmeGroupKey) {
        shape.has_group = true;
        if (!is_null(value)) shape.group = whole_from(value);
      } else if (key == kLabelmeShapeKey) {
        const std::vector<double> numbers = numbers_from(value);
        if (numbers.size() != 5) throw Error(Code::bad_value, "expected five numbers");
        shape.exact.emplace();
        std::ranges::copy(numbers, shape.exact->begin());
      } else {
        AttributeValue other = attribute_from(value);
        // LabelMe 3 wrote both into every shape, mostly unset.
        const bool is_unset_colour =
            (key == "line_color" || key == "fill_color") && other == AttributeValue(JsonText{"null"});
        if (!is_unset_colour) set_attribute(others, labelme_attribute(key, true), std::move(other));
      }
    });
    if (!has_label) throw Error(Code::bad_value, "has no label").at_field("label");
    if (shape.label.empty()) throw Error(Code::bad_value, "the label is empty").at_field("label");
    if (!has_points) throw Error(Code::bad_value, "has no points").at_field("points");
    for (Attributes* part : {&described, &flagged, &others})
      for (auto& [name, value] : *part) set_attribute(shape.attributes, name, std::move(value));
    return shape;
  }

 private:
  void read_score(JsonValue& value, LabelmeShape& shape, Attributes& others) {
    if (is_null(value)) return;
    const double score = number_from(value);
    if (score >= 0 && score <= 1) {
      shape.score = score;
      return;
    }
    set_attribute(others, "score", score);
    Place place = shape.place;
    place.field += ".score";
    findings_.push_back({"score-outside-range",
                         Severity::warning,
                         std::move(place),
                         fmt::format("expected 0 to 1; found {}, which is kept as an attribute", score),
                         {}});
  }

  simdjson::ondemand::parser parser_;
  std::vector<Finding>& findings_;
};

/// One value, parsed as if it were the only member of an object.
template <class Visit>
void with_value(const SharedFile& file, const JsonRange& where, Visit&& visit) {
  std::string text, buffer;
  file.read(where.offset, where.length, buffer);
  text.reserve(where.length + 6 + kJsonPadding);
  text.append("{\"v\":").append(buffer, 0, where.length).append("}");
  const std::size_t length = text.size();
  text.resize(length + kJsonPadding);
  simdjson::ondemand::parser parser;
  for_each_field(parser, std::string_view(text).substr(0, length),
                 [&](std::string_view, JsonValue& value) { visit(value); });
}

std::string path_from(const SharedFile& file, const JsonRange& where) {
  std::string path;
  if (where.length > kMostValueBytes) return path;
  with_value(file, where, [&](JsonValue& value) {
    if (!is_null(value)) path = text_from(value);
  });
  return path;
}

std::string_view unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"')
    throw Error(Code::bad_value, "expected a text of base 64");
  return text.substr(1, text.size() - 2);
}

class DocumentReader {
 public:
  DocumentReader(const SharedFile& file, std::vector<Finding>& findings)
      : file_(file), findings_(findings), shapes_(findings) {}

  LabelmeDocument read() {
    JsonVisitor visitor;
    visitor.is_list = [](const std::string& key) { return key == "shapes"; };
    visitor.list = [&](const std::string&) { document_.has_shapes = true; };
    visitor.element = [&](const std::string&, const JsonRange& where, std::string_view text) {
      add_shape(where, text);
    };
    visitor.value = [&](const std::string& key, const JsonRange& where) { add_value(key, where); };
    scan(file_, visitor);
    if (width_ && height_) document_.size = Size{*width_, *height_};
    for (auto& [name, value] : others_) set_attribute(document_.attributes, name, std::move(value));
    return std::move(document_);
  }

 private:
  Place place(std::uint64_t line, std::string field) const {
    return {file_.path().string(), static_cast<std::size_t>(line), std::move(field)};
  }

  void add_shape(const JsonRange& where, std::string_view text) {
    const std::string name = fmt::format("shapes[{}]", count_++);
    try {
      document_.shapes.push_back(shapes_.read(text, place(where.line, name)));
    } catch (const Error& error) {  // this shape is lost, not its neighbours
      report(error, where.line, name, "unreadable-annotation", Severity::error);
    }
  }

  void add_value(const std::string& key, const JsonRange& where) {
    if (key == "imageData") {
      if (where.length > 2 + 4) document_.image_data = where;  // more than null, or quotes
      return;
    }
    if (key == "version") return;
    try {
      if (key == "shapes") throw Error(Code::bad_value, "expected a list");
      if (where.length > kMostValueBytes) {
        findings_.push_back({"value-left-out",
                             Severity::warning,
                             place(where.line, key),
                             fmt::format("a value of more than {} MB", kMostValueBytes >> 20),
                             {}});
        return;
      }
      if (key == "imagePath")
        document_.image_path = path_from(file_, where);
      else
        with_value(file_, where, [&](JsonValue& value) { add_value(key, value); });
    } catch (const Error& error) {
      report(error, where.line, key, key == "shapes" ? "unreadable-annotation" : "unreadable-attribute",
             key == "shapes" ? Severity::error : Severity::warning);
    }
  }

  void add_value(const std::string& key, JsonValue& value) {
    if (key == "imageWidth" || key == "imageHeight") {
      if (is_null(value)) return;
      const auto pixels = integer_from(value);
      if (!pixels || *pixels <= 0 || *pixels > (1 << 30)) throw unexpected("a number of pixels", value);
      (key == "imageWidth" ? width_ : height_) = static_cast<int>(*pixels);
    } else if (key == "flags") {
      for_each_flag(value, [&](const std::string& name, JsonValue& flag) {
        set_attribute(document_.attributes, name, attribute_from(flag));
      });
    } else {
      set_attribute(others_, labelme_attribute(key, false), attribute_from(value));
    }
  }

  void report(const Error& error, std::uint64_t line, const std::string& name, std::string rule,
              Severity severity) {
    Finding finding = to_finding(error, std::move(rule), severity);
    const Place& inner = error.place();
    const std::string field = inner.field.empty() || inner.field == "v" ? name : name + "." + inner.field;
    finding.place = place(line + (inner.line ? *inner.line - 1 : 0), field);
    findings_.push_back(std::move(finding));
  }

  const SharedFile& file_;
  std::vector<Finding>& findings_;
  ShapeReader shapes_;
  LabelmeDocument document_;
  Attributes others_;
  std::optional<int> width_, height_;
  std::size_t count_ = 0;
};

}  // namespace

std::string labelme_key(const std::string& attribute, bool in_shape) {
  return key_of_attribute(attribute, is_reserved(in_shape));
}

std::string labelme_attribute(std::string_view key, bool in_shape) {
  return attribute_of_key(key, is_reserved(in_shape));
}

Flag Flags::*labelme_flag(std::string_view name) {
  if (name == "crowd") return &Flags::crowd;
  if (name == "occluded") return &Flags::occluded;
  if (name == "truncated") return &Flags::truncated;
  if (name == "difficult") return &Flags::difficult;
  return nullptr;
}

LabelmeDocument read_labelme(const SharedFile& file, std::vector<Finding>& findings) {
  return DocumentReader(file, findings).read();
}

LabelmeSummary summarise_labelme(const SharedFile& file,
                                 const std::function<void(std::string_view)>& visit_label) {
  LabelmeSummary summary;
  simdjson::ondemand::parser parser;
  JsonVisitor visitor;
  visitor.is_list = [](const std::string& key) { return key == "shapes"; };
  visitor.list = [&](const std::string&) { summary.has_shapes = true; };
  visitor.element = [&](const std::string&, const JsonRange&, std::string_view text) {
    try {
      for_each_field(parser, text, [&](std::string_view key, JsonValue& value) {
        if (key == "label") visit_label(text_from(value));
      });
    } catch (const Error&) {
      // A finding of its item, later.
    }
  };
  visitor.value = [&](const std::string& key, const JsonRange& where) {
    if (key == "imageData") summary.has_image_data = where.length > 2 + 4;
    if (key != "imagePath") return;
    try {
      summary.image_path = path_from(file, where);
    } catch (const Error&) {
      // As above.
    }
  };
  scan(file, visitor);
  return summary;
}

std::string labelme_image(const SharedFile& file, const JsonRange& image_data) {
  std::string text;
  file.read(image_data.offset, image_data.length, text);
  try {
    return from_base64(unquoted(std::string_view(text).substr(0, image_data.length)));
  } catch (Error& error) {
    throw error.at_file(file.path()).at_field("imageData");
  }
}

std::string labelme_image_start(const SharedFile& file, const JsonRange& image_data) {
  if (image_data.length <= kStartBytes) return labelme_image(file, image_data);
  std::string text;
  file.read(image_data.offset, kStartBytes, text);
  try {
    text.resize(kStartBytes);
    return from_base64_start(unquoted(text + '"'));
  } catch (Error& error) {
    throw error.at_file(file.path()).at_field("imageData");
  }
}

}  // namespace maskmill
