// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <pugixml.hpp>
#include <span>

#include "base/json.h"
#include "base/text.h"
#include "formats/voc/annotation_xml.h"
#include "formats/xml_text.h"

namespace maskmill {
namespace {

struct Document {
  pugi::xml_document nodes;
  pugi::xml_encoding encoding = pugi::encoding_utf8;
  pugi::xml_node root() const { return nodes.document_element(); }
};

void parse(Document& document, std::string_view text, const Path& file) {
  if (text.size() > kMostXmlBytes)
    throw Error(Code::unsupported, "more than 8 MiB of XML for one image").at_file(file);
  const pugi::xml_parse_result result =
      document.nodes.load_buffer(text.data(), text.size(), kXmlParseOptions);
  document.encoding = result.encoding;
  const auto fail = [&](const std::string& message, std::ptrdiff_t offset) {
    Error error = Error(Code::bad_format, message).at_file(file);
    if (const auto line = Lines(text, result.encoding).at(offset)) error.at_line(*line);
    return error;
  };
  if (!result) throw fail(fmt::format("not valid XML: {}", result.description()), result.offset);
  if (const pugi::xml_node root = document.root(); std::string_view(root.name()) != "annotation")
    throw fail(fmt::format("the root element is <{}>, not <annotation>", printable(root.name())),
               root.offset_debug());
}

/// CVAT's <attributes><attribute><name>colour</name><value>red</value></attribute></attributes>.
bool is_attribute_list(const pugi::xml_node& element) {
  return std::string_view(element.name()) == "attributes" &&
         std::all_of(element.begin(), element.end(), [](const pugi::xml_node& child) {
           return !is_element(child) ||
                  (std::string_view(child.name()) == "attribute" && child.child("name"));
         });
}

void sort_known_first(Attributes& attributes, std::span<const std::string_view> known) {
  std::ranges::stable_sort(attributes, {}, [&](const auto& attribute) {
    return std::ranges::find(known, attribute.first) - known.begin();
  });
}

class Reader {
 public:
  Reader(Lines lines, const Path& file, const LabelMap& labels, std::vector<Finding>& findings)
      : lines_(lines), file_(file.string()), labels_(labels), findings_(findings) {}

  VocXml read(const pugi::xml_node& root) {
    VocXml xml;
    for (const auto& group : grouped_children(root)) {
      const std::string_view name = group.front().name();
      if (name == "object") {
        for (const pugi::xml_node& object : group) read_object(object, xml.annotations);
      } else if (name == "filename") {
        xml.file_name = trimmed(text_of(group.front()));
      } else if (name == "size") {
        read_size(group.front(), xml);
      } else if (name == "segmented") {
        xml.segmented = read_flag(group.front());
      } else {
        add_attributes(group, xml.attributes);
      }
    }
    sort_known_first(xml.attributes, kVocImageAttributes);
    return xml;
  }

 private:
  Place place_of(const pugi::xml_node& element) {
    return {file_, lines_.at(element.offset_debug()), element.name()};
  }

  void report(std::string rule, Severity severity, const pugi::xml_node& element, std::string message) {
    findings_.push_back({std::move(rule), severity, place_of(element), std::move(message), {}});
  }

  void report(std::string rule, const pugi::xml_node& element, Error error) {
    const Place place = place_of(element);
    error.at_file(place.file).at_field(place.field);
    if (place.line) error.at_line(*place.line);
    findings_.push_back(to_finding(error, std::move(rule)));
  }

  Flag read_flag(const pugi::xml_node& element) {
    const std::string text = text_of(element);
    const std::string_view value = trimmed(text);
    if (value == "1" || value == "true" || value == "True") return true;
    if (value == "0" || value == "false" || value == "False") return false;
    if (!value.empty())
      report("bad-flag", Severity::warning, element, fmt::format("{} is neither 0 nor 1", in_quotes(value)));
    return std::nullopt;
  }

  void read_size(const pugi::xml_node& element, VocXml& xml) {
    const auto side = [&](const char* name) -> std::optional<int> {
      const std::string text = text_of(element.child(name));
      const auto number = to_number(trimmed(text));
      if (!number || *number < 1 || *number > 1 << 30 || *number != std::floor(*number)) return std::nullopt;
      return static_cast<int>(*number);
    };
    const auto width = side("width"), height = side("height");
    if (width && height)
      xml.size = Size{*width, *height};
    else
      report("bad-size", Severity::warning, element,
             "width and height are not whole numbers of pixels above 0");
    const std::string text = text_of(element.child("depth"));
    if (const std::string_view depth = trimmed(text); !depth.empty() && depth != "3")
      xml.attributes.emplace_back("depth", std::string(depth));
  }

  void add_attributes(const std::vector<pugi::xml_node>& elements, Attributes& attributes) {
    try {
      if (!std::ranges::all_of(elements, is_attribute_list)) {
        attributes.emplace_back(elements.front().name(), value_of(elements));
        return;
      }
      for (const pugi::xml_node& list : elements)
        for (const pugi::xml_node& attribute : list.children("attribute"))
          attributes.emplace_back(text_of(attribute.child("name")), typed_value(attribute.child("value")));
    } catch (Error& error) {
      report("bad-attribute", elements.front(), std::move(error));
    }
  }

  void read_object(const pugi::xml_node& object, std::vector<Annotation>& annotations) {
    Annotation annotation;
    annotation.origin = place_of(object);
    try {
      bool has_box = false;
      for (const auto& group : grouped_children(object)) has_box |= read_member(group, annotation);
      if (!has_box) throw Error(Code::bad_value, "the object has no bndbox");
    } catch (Error& error) {
      report("bad-object", object, std::move(error));
      return;
    }
    for (const pugi::xml_attribute& attribute : object.attributes())
      annotation.attributes.emplace_back("@" + std::string(attribute.name()), attribute.value());
    sort_known_first(annotation.attributes, kVocObjectAttributes);
    check_label(object, annotation);
    check_box(object, std::get<Box>(annotation.shape));
    annotations.push_back(std::move(annotation));
  }

  /// True for the box.
  bool read_member(const std::vector<pugi::xml_node>& group, Annotation& annotation) {
    const std::string_view name = group.front().name();
    Flags& flags = annotation.flags;
    if (name == "bndbox") {
      annotation.shape = read_box(group.front());
      return true;
    }
    if (name == "name") {
      const std::string text = text_of(group.front());
      annotation.label = labels_.find(trimmed(text));
      if (!annotation.label) annotation.attributes.emplace_back("name", std::string(trimmed(text)));
    } else if (name == "truncated") {
      flags.truncated = read_flag(group.front());
    } else if (name == "difficult") {
      flags.difficult = read_flag(group.front());
    } else if (name == "occluded") {
      flags.occluded = read_flag(group.front());
    } else if (name == "crowd") {
      flags.crowd = read_flag(group.front());
    } else if (const auto score = name == "score" ? read_score(group.front()) : std::nullopt) {
      annotation.score = score;
    } else {
      add_attributes(group, annotation.attributes);
    }
    return false;
  }

  static std::optional<double> read_score(const pugi::xml_node& element) {
    const std::string text = text_of(element);
    const auto score = to_number(trimmed(text));
    return score && *score >= 0 && *score <= 1 ? score : std::nullopt;
  }

  static Box read_box(const pugi::xml_node& element) {
    const auto coordinate = [&](const char* name) {
      const pugi::xml_node child = element.child(name);
      if (!child) throw Error(Code::bad_value, fmt::format("the bndbox has no {}", name));
      const std::string text = text_of(child);
      if (const auto number = to_number(trimmed(text))) return *number;
      throw Error(Code::bad_value, fmt::format("{} is {}, not a number", name, in_quotes(trimmed(text))));
    };
    const double left = coordinate("xmin") - 1, top = coordinate("ymin") - 1;
    const Box box{left, top, coordinate("xmax") - left, coordinate("ymax") - top};
    if (!std::isfinite(box.width) || !std::isfinite(box.height))
      throw Error(Code::bad_value, "the box is larger than any number");
    return box;
  }

  void check_label(const pugi::xml_node& object, const Annotation& annotation) {
    if (annotation.label) return;
    const auto* name = find_attribute(annotation.attributes, "name");
    report("unknown-label", Severity::error, object,
           name && std::holds_alternative<std::string>(*name)
               ? fmt::format("no label has the name {}", in_quotes(std::get<std::string>(*name)))
               : "the object has no name");
  }

  void check_box(const pugi::xml_node& object, const Box& box) {
    if (box.width > 0 && box.height > 0) return;
    // Both count: xmax = xmin is one pixel wide, xmax = xmin - 1 is none.
    const bool inverted = box.width < 0 || box.height < 0;
    report(inverted ? "box-inverted" : "box-empty", Severity::error, object,
           fmt::format("the box from {:g}, {:g} to {:g}, {:g} {}", box.x + 1, box.y + 1, box.x + box.width,
                       box.y + box.height, inverted ? "ends before it starts" : "has no area"));
  }

  Lines lines_;
  std::string file_;
  const LabelMap& labels_;
  std::vector<Finding>& findings_;
};

}  // namespace

VocXml parse_voc_xml(std::string_view text, const Path& file, const LabelMap& labels,
                     std::vector<Finding>& findings) {
  Document document;
  parse(document, text, file);
  return Reader(Lines(text, document.encoding), file, labels, findings).read(document.root());
}

std::vector<std::string> object_names(std::string_view text, const Path& file) {
  Document document;
  parse(document, text, file);
  std::vector<std::string> names;
  for (const pugi::xml_node& object : document.root().children("object"))
    if (const pugi::xml_node name = object.child("name")) {
      const std::string content = text_of(name);
      if (!trimmed(content).empty()) names.emplace_back(trimmed(content));
    }
  return names;
}

}  // namespace maskmill
