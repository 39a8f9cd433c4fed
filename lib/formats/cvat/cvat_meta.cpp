// SPDX-License-Identifier: Apache-2.0
#include "formats/cvat/cvat_meta.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <pugixml.hpp>
#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "formats/xml_text.h"

namespace maskmill {
namespace {

using pugi::xml_node;

constexpr std::array kOwners{"task", "project", "job"};
constexpr const char* kOurs = "maskmill";

/// "#rrggbb"
std::optional<Rgb> colour_of(std::string_view text) {
  if (text.size() != 7 || text.front() != '#') return std::nullopt;
  unsigned value = 0;
  const auto [end, problem] = std::from_chars(text.data() + 1, text.data() + text.size(), value, 16);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Rgb{static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
             static_cast<std::uint8_t>(value)};
}

std::string hex_of(Rgb colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour.r, colour.g, colour.b);
}

AttributeDefinition definition_of(const xml_node& node) {
  AttributeDefinition definition;
  definition.name = text_of(node.child("name"));
  definition.type = text_of(node.child("input_type"));
  definition.default_value = text_of(node.child("default_value"));
  const std::string is_mutable = text_of(node.child("mutable"));
  definition.is_mutable = is_mutable == "True" || is_mutable == "true";
  const std::string values = text_of(node.child("values"));
  for (const std::string_view value : lines_of(values)) definition.values.emplace_back(value);
  return definition;
}

/// The lines between a skeleton's points, from the picture that CVAT draws of it.
std::vector<std::pair<int, int>> edges_of(const std::string& svg, std::size_t points) {
  std::vector<std::pair<int, int>> edges;
  pugi::xml_document picture;
  picture.load_buffer(svg.data(), svg.size(), kXmlParseOptions | pugi::parse_fragment, pugi::encoding_utf8);
  for (const xml_node& line : picture.children("line")) {
    const auto from = to_integer(line.attribute("data-node-from").value());
    const auto to = to_integer(line.attribute("data-node-to").value());
    const auto is_point = [&](const auto& number) {
      return number && *number >= 1 && *number <= static_cast<long long>(points);
    };
    if (is_point(from) && is_point(to))
      edges.emplace_back(static_cast<int>(*from) - 1, static_cast<int>(*to) - 1);
  }
  return edges;
}

/// What a label's element says that a Label has no place for. It stays with the task, as JSON.
struct Kept {
  std::string type, svg;
  bool empty() const { return (type.empty() || type == "any" || type == "skeleton") && svg.empty(); }
};
using KeptByName = std::map<std::string, Kept>;
constexpr const char* kLabels = "labels";

Json to_json(const KeptByName& kept) {
  Json list = Json::object();
  for (const auto& [name, label] : kept)
    if (!label.empty()) list[name] = {{"type", label.type}, {"svg", label.svg}};
  return list;
}

KeptByName kept_in(const Json& owner) {
  KeptByName kept;
  if (!owner.contains(kLabels) || !owner[kLabels].is_object()) return kept;
  for (const auto& [name, label] : owner[kLabels].items()) {
    const auto text = [&label = label](const char* key) {
      return label.is_object() && label.contains(key) && label[key].is_string()
                 ? label[key].get<std::string>()
                 : std::string();
    };
    kept[name] = {text("type"), text("svg")};
  }
  return kept;
}

Json object_from(const AttributeValue& value) {
  const auto* json = std::get_if<JsonText>(&value);
  if (!json || !Json::accept(json->text)) return Json::object();
  Json object = Json::parse(json->text);
  return object.is_object() ? object : Json::object();
}

/// As it is, if an element can hold it.
std::string fitting(const std::string& text) {
  return fits_xml(text) ? text : legal_xml_text(text);
}

class Reader {
 public:
  Reader(const std::string& text, std::size_t line, const Path& file, Findings& findings)
      : file_(file), findings_(findings), lines_(text, pugi::encoding_utf8, line) {
    const auto result =
        document_.load_buffer(text.data(), text.size(), kXmlParseOptions, pugi::encoding_utf8);
    if (!result)
      throw Error(Code::bad_format, fmt::format("not valid XML: {}", result.description()))
          .at_file(file)
          .at_line(line);
  }

  CvatMeta read() {
    CvatMeta meta;
    for (const auto& group : grouped_children(document_.document_element())) {
      const std::string name = group.front().name();
      if (name == kOurs) {
        meta.occluded_0_is_unknown = text_of(group.front().child("occluded_0")) == "unknown";
      } else {
        add_attribute(name, group, meta.attributes);
        if (std::ranges::find(kOwners, name) == kOwners.end()) continue;
        keep(read_labels(group.front().child(kLabels), meta.labels), meta.attributes);
        meta.subset = text_of(group.front().child("subset"));
      }
    }
    return meta;
  }

 private:
  Place place_of(const xml_node& node) {
    return {file_.string(), lines_.at(node.offset_debug()), node.name()};
  }

  void add_attribute(const std::string& name, const std::vector<xml_node>& group, Attributes& attributes) {
    try {
      attributes.emplace_back(name, value_of(group));
    } catch (Error& error) {
      findings_.add(to_finding(error.at(place_of(group.front())), "bad-attribute", Severity::warning));
    }
  }

  /// In the owner's JSON, in the place of its labels, what only CVAT knows of them.
  static void keep(const KeptByName& kept, Attributes& attributes) {
    if (attributes.empty()) return;  // it could not be read
    Json owner = object_from(attributes.back().second);
    owner.erase(kLabels);
    if (Json labels = to_json(kept); !labels.empty()) owner[kLabels] = std::move(labels);
    attributes.back().second = JsonText{to_line(owner)};
  }

  KeptByName read_labels(const xml_node& list, std::vector<Label>& labels) {
    std::map<std::string, std::vector<std::string>> points;  // by their label's name
    KeptByName kept;
    for (const xml_node& node : list.children("label")) {
      Label label;
      label.name = text_of(node.child("name"));
      if (label.name.empty()) {
        findings_.add({"unreadable-category", Severity::error, place_of(node), "a label without a name", {}});
        continue;
      }
      if (const std::string parent = text_of(node.child("parent")); !parent.empty()) {
        points[parent].push_back(label.name);
        continue;
      }
      if (std::ranges::find(labels, label.name, &Label::name) != labels.end()) {
        findings_.add({"duplicate-name",
                       Severity::warning,
                       place_of(node),
                       "a second label of the name " + in_quotes(label.name) + "; the first counts",
                       {}});
        continue;
      }
      label.colour = colour_of(text_of(node.child("color")));
      for (const xml_node& attribute : node.child("attributes").children("attribute"))
        label.attributes.push_back(definition_of(attribute));
      kept[label.name] = {text_of(node.child("type")), text_of(node.child("svg"))};
      labels.push_back(std::move(label));
    }
    for (Label& label : labels)
      if (const auto found = points.find(label.name); found != points.end())
        label.skeleton = Skeleton{found->second, edges_of(kept[label.name].svg, found->second.size())};
    return kept;
  }

  const Path& file_;
  Findings& findings_;
  Lines lines_;
  pugi::xml_document document_;
};

void add_definition(xml_node& list, const AttributeDefinition& definition) {
  xml_node node = list.append_child("attribute");
  add_text(node, "name", fitting(definition.name));
  add_text(node, "mutable", definition.is_mutable ? "True" : "False");
  add_text(node, "input_type", definition.type.empty() ? "text" : fitting(definition.type));
  add_text(node, "default_value", fitting(definition.default_value));
  add_text(node, "values", fitting(joined(definition.values, "\n")));
}

std::string svg_of(const Skeleton& skeleton) {
  std::string svg;
  for (const auto& [from, to] : skeleton.edges)
    svg += fmt::format("<line data-type=\"edge\" data-node-from=\"{}\" data-node-to=\"{}\"></line>", from + 1,
                       to + 1);
  return svg;
}

void add_labels(xml_node& owner, const Metadata& metadata, const FoundAttributes& found, const Json& before) {
  xml_node list = owner.append_child(kLabels);
  const KeptByName kept = kept_in(before);
  for (int i = 0; i < metadata.labels.size(); ++i) {
    const Label& label = metadata.labels[i];
    const auto known = kept.find(label.name);
    xml_node node = list.append_child("label");
    add_text(node, "name", fitting(label.name));
    add_text(node, "color", label.colour ? hex_of(*label.colour) : "");
    const bool has_type = known != kept.end() && !known->second.type.empty();
    const std::string usual = label.skeleton ? "skeleton" : "any";
    add_text(node, "type", has_type ? fitting(known->second.type) : usual);
    xml_node attributes = node.append_child("attributes");
    for (const AttributeDefinition& definition : label.attributes) add_definition(attributes, definition);
    if (const auto names = found.find(i); names != found.end())
      for (const std::string& name : names->second) {
        AttributeDefinition definition;
        definition.name = name;
        add_definition(attributes, definition);
      }
    if (!label.skeleton) continue;
    const bool has_svg = known != kept.end() && !known->second.svg.empty();
    add_text(node, "svg", has_svg ? fitting(known->second.svg) : svg_of(*label.skeleton));
    for (const std::string& point : label.skeleton->keypoints) {
      xml_node part = list.append_child("label");
      add_text(part, "name", fitting(point));
      add_text(part, "color", "");
      add_text(part, "type", "points");
      part.append_child("attributes");
      add_text(part, "parent", fitting(label.name));
    }
  }
}

}  // namespace

CvatMeta parse_cvat_meta(const std::string& text, std::size_t line, const Path& file, Findings& findings) {
  return Reader(text, line, file, findings).read();
}

std::string cvat_meta_text(const Metadata& metadata, std::size_t images, const FoundAttributes& found,
                           bool occluded_0_is_unknown) {
  pugi::xml_document document;
  xml_node meta = document.append_child("meta");
  const auto owner = std::ranges::find_if(metadata.attributes, [](const auto& attribute) {
    return std::ranges::find(kOwners, attribute.first) != kOwners.end();
  });
  const bool has_owner = owner != metadata.attributes.end();
  const Json before = has_owner ? object_from(owner->second) : Json::object();
  xml_node node = meta.append_child(has_owner ? owner->first.c_str() : "task");
  if (!has_owner) {
    add_text(node, "size", std::to_string(images));
    add_text(node, "mode", "annotation");
  }
  for (const auto& [name, value] : before.items())
    if (name != kLabels && fits_elements(Json::object({{name, value}}))) add_elements(node, name, value);
  add_labels(node, metadata, found, before);
  for (const auto& attribute : metadata.attributes)
    if (attribute.first == "dumped") add_as_elements(meta, attribute.first, attribute.second);
  if (occluded_0_is_unknown) {
    xml_node ours = meta.append_child(kOurs);
    add_text(ours, "occluded_0", "unknown");
  }
  std::ostringstream out;
  meta.print(out, "  ", pugi::format_indent, pugi::encoding_utf8, 1);
  return std::move(out).str();
}

}  // namespace maskmill
