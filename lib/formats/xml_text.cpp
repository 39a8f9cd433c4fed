// SPDX-License-Identifier: Apache-2.0
#include "formats/xml_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>

#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostNames = 256;  // JSON objects take quadratic time
constexpr int kMostJsonLevels = 200;     // as base/json.h has it
/// A longer JSON text stays one: what elements are made of here is short.
constexpr std::size_t kMostElementText = std::size_t{64} << 10;

bool holds_only_text(const pugi::xml_node& element) {
  return !element.first_attribute() && std::none_of(element.begin(), element.end(), is_element);
}

Json json_of_all(const std::vector<pugi::xml_node>& elements, int levels) {
  if (elements.size() == 1) return json_of(elements.front(), levels);
  Json list = Json::array();
  for (const pugi::xml_node& element : elements) list.push_back(json_of(element, levels));
  return list;
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

constexpr std::array<std::string_view, 2> kNoCharacters{"\xEF\xBF\xBE", "\xEF\xBF\xBF"};  // U+FFFE, U+FFFF

}  // namespace

bool fits_xml(std::string_view text) {
  return is_utf8(text) &&
         std::ranges::none_of(
             kNoCharacters,
             [&](std::string_view none) { return text.find(none) != std::string_view::npos; }) &&
         std::ranges::none_of(
             text, [](char c) { return static_cast<unsigned char>(c) < 32 && c != '\t' && c != '\n'; });
}

std::optional<std::size_t> Lines::at(std::ptrdiff_t offset) {
  if (!is_countable_) return std::nullopt;
  offset = std::clamp<std::ptrdiff_t>(offset, 0, static_cast<std::ptrdiff_t>(text_.size()));
  const auto [first, last] = std::minmax(offset, offset_);
  const auto between =
      static_cast<std::size_t>(std::count(text_.begin() + first, text_.begin() + last, '\n'));
  line_ = offset < offset_ ? line_ - between : line_ + between;
  offset_ = offset;
  return line_;
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
  for (const auto& group : groups) object[group.front().name()] = json_of_all(group, levels - 1);
  if (const std::string text = text_of(element); !trimmed(text).empty()) object["#text"] = text;
  return object;
}

AttributeValue value_of(const std::vector<pugi::xml_node>& elements) {
  if (elements.size() == 1 && holds_only_text(elements.front())) return text_of(elements.front());
  return JsonText{to_line(json_of_all(elements, kMostXmlLevels))};
}

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

void add_text(pugi::xml_node& parent, const std::string& name, const std::string& text) {
  parent.append_child(name.c_str()).text().set(text.c_str());
}

std::string legal_xml_text(const std::string& text) {
  std::string legal = Json::parse(to_line(Json(text))).get<std::string>();
  for (char& c : legal)
    if (static_cast<unsigned char>(c) < 32) c = ' ';
  for (const std::string_view none : kNoCharacters)
    for (std::size_t at = 0; (at = legal.find(none, at)) != std::string::npos;)
      legal.replace(at, 3, "\xEF\xBF\xBD");
  return legal;
}

double without_noise(double number, double largest) {
  const double rounded = std::round(number * 1e9) / 1e9;
  const double noise =
      4 * std::numeric_limits<double>::epsilon() * std::max({1.0, std::abs(number), std::abs(largest)});
  return std::abs(rounded - number) <= noise ? rounded : number;
}

std::string number_text(double number) {
  return fmt::format("{}", without_noise(number));
}

bool is_element_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

bool fits_elements(const Json& json, int levels, bool in_list) {
  if (json.is_string()) return fits_xml(json.get_ref<const std::string&>());
  if (json.is_array() && !in_list)
    return json.size() > 1 &&
           std::ranges::all_of(json, [&](const Json& entry) { return fits_elements(entry, levels, true); });
  if (!json.is_object() || json.empty() || levels == 0) return false;
  for (const auto& [name, value] : json.items())
    if (!is_element_name(name) || !fits_elements(value, levels - 1)) return false;
  return true;
}

void add_elements(pugi::xml_node& parent, const std::string& name, const Json& json) {
  if (json.is_array()) {
    for (const Json& entry : json) add_elements(parent, name, entry);
  } else if (json.is_object()) {
    pugi::xml_node element = parent.append_child(name.c_str());
    for (const auto& [inner, value] : json.items()) add_elements(element, inner, value);
  } else {
    add_text(parent, name, json.get<std::string>());
  }
}

bool add_as_elements(pugi::xml_node& parent, const std::string& name, const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (!fits_xml(*text)) return false;
    add_text(parent, name, *text);
    return true;
  }
  const auto* json_text = std::get_if<JsonText>(&value);
  if (!json_text || json_text->text.size() > kMostElementText) return false;
  const Json json = parse_json(json_text->text, Path());
  // What would be read back as another text keeps its own: "{ }" with a blank, say.
  if (json.is_string() || !fits_elements(json, kMostXmlLevels) || to_line(json) != json_text->text)
    return false;
  add_elements(parent, name, json);
  return true;
}

TypedText typed_text(const AttributeValue& value) {
  struct Visitor {
    TypedText operator()(bool flag) const { return {"boolean", flag ? "true" : "false"}; }
    TypedText operator()(std::int64_t number) const { return {"integer", std::to_string(number)}; }
    TypedText operator()(double number) const { return {"number", fmt::format("{}", number)}; }
    TypedText operator()(const std::string& text) const {
      if (fits_xml(text)) return {nullptr, text};
      return {"text", to_line(Json(text))};
    }
    TypedText operator()(const JsonText& json) const { return {"json", json.text}; }
  };
  return std::visit(Visitor(), value);
}

}  // namespace maskmill
