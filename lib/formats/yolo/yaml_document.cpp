// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/yaml_document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/json_values.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostValues = 1'000'000, kMostLevels = 32, kMostExpandedBytes = std::size_t{16} << 20;

/// Builds the tree from the parser's events, so that what is too much ends the parsing where it comes.
class TreeBuilder : public YAML::EventHandler {
 public:
  YamlNode take() && { return std::move(root_); }
  bool is_done() const { return done_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override { done_ = true; }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(node(mark), anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchored_.find(anchor);
    if (known == anchored_.end())
      throw Error(Code::bad_format, "an alias inside of what it stands for").at_line(line_of(mark));
    count(known->second, line_of(mark));
    put(YamlNode(known->second));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode scalar = node(mark);
    scalar.kind = YamlNode::Kind::scalar;
    scalar.quoted = tag == "!";
    scalar.text = value;
    add(std::move(scalar), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Kind::list, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Kind::map, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
  };

  static std::size_t line_of(const YAML::Mark& mark) { return static_cast<std::size_t>(mark.line) + 1; }
  static YamlNode node(const YAML::Mark& mark) {
    YamlNode made;
    made.line = line_of(mark);
    return made;
  }

  void open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
    if (open_.size() == kMostLevels)
      throw Error(Code::unsupported, fmt::format("values nested deeper than {} levels", kMostLevels))
          .at_line(line_of(mark));
    YamlNode made = node(mark);
    made.kind = kind;
    open_.push_back({std::move(made), anchor});
  }

  void close() {
    Open last = std::move(open_.back());
    open_.pop_back();
    add(std::move(last.node), last.anchor);
  }

  void add(YamlNode made, YAML::anchor_t anchor) {
    count_one(made, made.line);
    if (anchor != YAML::NullAnchor) {
      count(made, made.line);
      anchored_[anchor] = made;
    }
    put(std::move(made));
  }

  void put(YamlNode made) {
    if (open_.empty())
      root_ = std::move(made);
    else
      open_.back().node.children.push_back(std::move(made));
  }

  void count(const YamlNode& copied, std::size_t line) {
    count_one(copied, line);
    for (const YamlNode& child : copied.children) count(child, line);
  }

  void count_one(const YamlNode& made, std::size_t line) {
    bytes_ += made.text.size();
    if (++values_ > kMostValues || bytes_ > kMostExpandedBytes)
      throw Error(Code::unsupported, "more values than a description of a data set has").at_line(line);
  }

  YamlNode root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNode> anchored_;
  std::size_t values_ = 0, bytes_ = 0;
  bool done_ = false;
};

Json json_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return nullptr;
    case YamlNode::Kind::scalar: {
      const AttributeValue value = attribute_from(node);
      return std::holds_alternative<std::string>(value) ? Json(node.text) : json_from(value);
    }
    case YamlNode::Kind::list: {
      Json list = Json::array();
      for (const YamlNode& child : node.children) list.push_back(json_of(child));
      return list;
    }
    case YamlNode::Kind::map:
      break;
  }
  Json object = Json::object();
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2)
    object[node.children[i].text] = json_of(node.children[i + 1]);
  return object;
}

/// What YAML 1.1, as Python's reader has it, or 1.2 takes for something else than a text.
bool is_reserved(std::string_view text) {
  static constexpr auto words = std::to_array<std::string_view>(
      {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"});
  return std::ranges::find(words, lower_case(text)) != words.end();
}

bool is_plain(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && is_letter(text.front()) && text.back() != ' ' && !is_reserved(text) &&
         std::ranges::all_of(text, [&](char c) {
           return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '/' || c == ' ';
         });
}

/// Bytes of well-formed UTF-8 as one code point.
char32_t code_point(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes.front());
  char32_t point = bytes.size() == 1 ? lead : lead & (0x7FU >> bytes.size());
  for (const char c : bytes.substr(1)) point = (point << 6) | (static_cast<unsigned char>(c) & 0x3FU);
  return point;
}

std::string escaped(std::string_view character) {
  const char32_t point = code_point(character);
  if (point == '"' || point == '\\') return "\\" + std::string(character);
  if (point == '\n') return "\\n";
  if (point == '\t') return "\\t";
  const bool printable =
      (point >= 0x20 && point < 0x7F) || (point >= 0xA0 && point < 0xFFFE) || point > 0xFFFF;
  if (printable && point != 0x2028 && point != 0x2029 && point != 0xFEFF) return std::string(character);
  return point < 0x100 ? fmt::format("\\x{:02X}", static_cast<unsigned>(point))
                       : fmt::format("\\u{:04X}", static_cast<unsigned>(point));
}

std::string flow(const Json& json) {
  std::string text;
  const auto separate = [&] { text += text.size() > 1 ? ", " : ""; };
  if (json.is_string()) return yaml_text(json.get_ref<const std::string&>());
  if (json.is_array()) {
    text = "[";
    for (const Json& entry : json) separate(), text += flow(entry);
    return text + "]";
  }
  if (!json.is_object()) return json.dump();
  text = "{";
  for (const auto& [key, value] : json.items()) separate(), text += yaml_text(key) + ": " + flow(value);
  return text + "}";
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  if (kind != Kind::map) return nullptr;
  const YamlNode* found = nullptr;
  for (std::size_t i = 0; i + 1 < children.size(); i += 2)
    if (children[i].is_scalar() && children[i].text == key) found = &children[i + 1];
  return found;
}

YamlNode read_yaml(const Path& file) {
  boost::system::error_code failure;
  try {
    if (const auto bytes = fs::file_size(file, failure); !failure && bytes > kMostYamlBytes)
      throw Error(Code::unsupported, "more than 4 MiB of YAML");
    return parse_yaml(read_file(file));
  } catch (Error& error) {
    throw error.at_file(file);
  }
}

YamlNode parse_yaml(std::string_view text) {
  std::istringstream stream{std::string(text)};
  TreeBuilder tree;
  try {
    YAML::Parser parser(stream);
    while (!tree.is_done() && parser.HandleNextDocument(tree)) {
    }
  } catch (const YAML::Exception& error) {
    Error wrapped(Code::bad_format, "is no YAML: " + error.msg);
    if (error.mark.line >= 0) wrapped.at_line(static_cast<std::size_t>(error.mark.line) + 1);
    throw wrapped;
  }
  return std::move(tree).take();
}

AttributeValue attribute_from(const YamlNode& node) {
  if (!node.is_scalar()) return JsonText{json_of(node).dump(-1, ' ', false, Json::error_handler_t::replace)};
  if (node.quoted) return node.text;
  if (node.text == "true" || node.text == "True") return true;
  if (node.text == "false" || node.text == "False") return false;
  if (const auto integer = to_integer(node.text); integer && std::to_string(*integer) == node.text)
    return static_cast<std::int64_t>(*integer);
  if (const auto number = to_number(node.text)) return *number;
  return node.text;
}

std::string yaml_text(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  if (!is_utf8(text))
    throw Error(Code::bad_value, fmt::format("{} is no UTF-8, which YAML needs", in_quotes(text)));
  std::string quoted = "\"";
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    quoted += escaped(text.substr(at, end - at));
    at = end;
  }
  return quoted + "\"";
}

std::string yaml_value(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return yaml_text(*text);
  return flow(json_from(value));
}

}  // namespace maskmill
