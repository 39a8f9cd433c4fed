// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <pugixml.hpp>
#include <span>

#include "base/json.h"
#include "base/text.h"
#include "formats/voc/annotation_xml.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostNames = 256;  // JSON objects take quadratic time
constexpr int kMostJsonLevels = 200;     // as base/json.h has it
constexpr unsigned kParseOptions = pugi::parse_default | pugi::parse_ws_pcdata_single;

/// Counts the lines of a text; near the last place asked for, in little time.
class Lines {
 public:
  /// Nothing can be counted in a text that the parser had to convert.
  Lines(std::string_view text, pugi::xml_encoding encoding)
      : text_(text), is_countable_(encoding == pugi::encoding_utf8) {}

  std::optional<std::size_t> at(std::ptrdiff_t offset) {
    if (!is_countable_) return std::nullopt;
    offset = std::clamp<std::ptrdiff_t>(offset, 0, static_cast<std::ptrdiff_t>(text_.size()));
    const auto [first, last] = std::minmax(offset, offset_);
    const auto between =
        static_cast<std::size_t>(std::count(text_.begin() + first, text_.begin() + last, '\n'));
    line_ = offset < offset_ ? line_ - between : line_ + between;
    offset_ = offset;
    return line_;
  }

 private:
  std::string_view text_;
  bool is_countable_;
  std::ptrdiff_t offset_ = 0;
  std::size_t line_ = 1;
};

struct Document {
  pugi::xml_document nodes;
  pugi::xml_encoding encoding = pugi::encoding_utf8;
  pugi::xml_node root() const { return nodes.document_element(); }
};

void parse(Document& document, std::string_view text, const Path& file) {
  if (text.size() > kMostXmlBytes)
    throw Error(Code::unsupported, "more than 8 MiB of XML for one image").at_file(file);
  const pugi::xml_parse_result result = document.nodes.load_buffer(text.data(), text.size(), kParseOptions);
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

bool is_element(const pugi::xml_node& node) {
  return node.type() == pugi::node_element;
}

std::string text_of(const pugi::xml_node& element) {
  std::string text;
  for (const pugi::xml_node& child : element.children())
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
  return text;
}

bool holds_only_text(const pugi::xml_node& element) {
  return !element.first_attribute() && std::none_of(element.begin(), element.end(), is_element);
}

/// The elements inside, those of one name together, in the order of their first.
std::vector<std::vector<pugi::xml_node>> grouped_children(const pugi::xml_node& element) {
  std::vector<std::vector<pugi::xml_node>> groups;
  std::map<std::string_view, std::size_t> by_name;
  for (const pugi::xml_node& child : element.children()) {
    if (!is_element(child)) continue;
    const auto [found, is_new] = by_name.emplace(child.name(), groups.size());
    if (is_new) groups.emplace_back();
    groups[found->second].push_back(child);
  }
  return groups;
}

Json json_of(const pugi::xml_node& element, int levels = kMostXmlLevels);

Json json_of(const std::vector<pugi::xml_node>& elements, int levels) {
  if (elements.size() == 1) return json_of(elements.front(), levels);
  Json list = Json::array();
  for (const pugi::xml_node& element : elements) list.push_back(json_of(element, levels));
  return list;
}

Json json_of(const pugi::xml_node& element, int levels) {
  if (holds_only_text(element)) return text_of(element);
  if (levels == 0)
    throw Error(Code::bad_value, fmt::format("elements nested deeper than {} levels", kMostXmlLevels));
  const auto groups = grouped_children(element);
  const auto attributes = std::distance(element.attributes_begin(), element.attributes_end());
  if (groups.size() + static_cast<std::size_t>(attributes) > kMostNames)
    throw Error(Code::bad_value,
                fmt::format("an element with more than {} different names inside", kMostNames));
  Json object = Json::object();
  for (const pugi::xml_attribute& attribute : element.attributes())
    object["@" + std::string(attribute.name())] = attribute.value();
  for (const auto& group : groups) object[group.front().name()] = json_of(group, levels - 1);
  if (const std::string text = text_of(element); !trimmed(text).empty()) object["#text"] = text;
  return object;
}

AttributeValue value_of(const std::vector<pugi::xml_node>& elements) {
  if (elements.size() == 1 && holds_only_text(elements.front())) return text_of(elements.front());
  return JsonText{to_line(json_of(elements, kMostXmlLevels))};
}

bool is_json(std::string_view text) {
  if (!Json::accept(text)) return false;
  int levels = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\')
      ++i;
    else if (c == '"')
      in_string = !in_string;
    else if (!in_string && (c == '[' || c == '{') && ++levels > kMostJsonLevels)
      return false;
    else if (!in_string && (c == ']' || c == '}'))
      --levels;
  }
  return true;
}

/// <value type="integer">3</value>: the type is ours; other tools write none, and mean text.
AttributeValue typed_value(const pugi::xml_node& element) {
  const std::string_view type = element.attribute("type").value();
  std::string text = text_of(element);
  if (type == "integer") {
    if (const auto number = to_integer(text)) return std::int64_t{*number};
  } else if (type == "number") {
    if (const auto number = to_number(text)) return *number;
  } else if (type == "boolean") {
    if (text == "true" || text == "false") return text == "true";
  } else if (type == "text") {
    if (text.starts_with('"') && is_json(text)) return parse_json(text, Path()).get<std::string>();
  } else if (type == "json") {
    if (is_json(text)) return JsonText{std::move(text)};
  } else {
    return text;
  }
  throw Error(Code::bad_value, fmt::format("{} is no {}", in_quotes(text), printable(type)));
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

bool fits_xml(std::string_view text) {
  return is_utf8(text) && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 32 && c != '\t' && c != '\n';
         });
}

}  // namespace maskmill
