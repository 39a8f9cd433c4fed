// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "dataset/item.h"

namespace maskmill {

/// What formats in XML share.

/// How deep elements that become JSON may be nested.
inline constexpr int kMostXmlLevels = 64;
/// Blanks alone are no text; all others are kept.
inline constexpr unsigned kXmlParseOptions = pugi::parse_default | pugi::parse_ws_pcdata_single;

/// True where the text can be an element's content: UTF-8 without control characters but tab and line feed,
/// and without U+FFFE and U+FFFF (XML 1.0, 2.2).
bool fits_xml(std::string_view text);
/// Bytes that are not UTF-8 become U+FFFD, control characters blanks: a file must not die of an image's name.
std::string legal_xml_text(const std::string& text);

/// The shortest text that gives the number back, without the noise that adding two numbers makes in the last
/// binary place.
std::string number_text(double number);
/// That number; `largest` is that of the numbers that were added.
double without_noise(double number, double largest = 0);

/// Counts the lines of a text; near the last place asked for, in little time.
class Lines {
 public:
  /// Nothing can be counted in a text that the parser had to convert.
  Lines(std::string_view text, pugi::xml_encoding encoding, std::size_t first_line = 1)
      : text_(text), is_countable_(encoding == pugi::encoding_utf8), line_(first_line) {}

  std::optional<std::size_t> at(std::ptrdiff_t offset);

 private:
  std::string_view text_;
  bool is_countable_;
  std::ptrdiff_t offset_ = 0;
  std::size_t line_;
};

bool is_element(const pugi::xml_node& node);
std::string text_of(const pugi::xml_node& element);
/// The elements inside, those of one name together, in the order of their first.
std::vector<std::vector<pugi::xml_node>> grouped_children(const pugi::xml_node& element);

/// A text, or an object of what stands inside: attributes under "@name", text beside elements under "#text",
/// elements of one name as a list. Throws Error(bad_value) for more than kMostXmlLevels levels, or 256 names
/// in one element.
Json json_of(const pugi::xml_node& element, int levels = kMostXmlLevels);
/// Of all elements of one name: a text, where there is one that holds text alone, or JSON.
AttributeValue value_of(const std::vector<pugi::xml_node>& elements);
/// <value type="integer">3</value>: the type (integer, number, boolean, text, json) is ours; other tools
/// write none, and mean text. Throws Error(bad_value) where the text is not of the type.
AttributeValue typed_value(const pugi::xml_node& element);

/// What typed_value() reads back.
struct TypedText {
  const char* type;  ///< null: plain text
  std::string text;
};
TypedText typed_text(const AttributeValue& value);

/// True for a name of ASCII letters, digits, "_", "-" and ".", as an element or an attribute may have.
bool is_element_name(std::string_view name);
void add_text(pugi::xml_node& parent, const std::string& name, const std::string& text);
/// True where elements can say this as json_of() reads them: texts, objects of such, and lists of two or more
/// for elements that repeat.
bool fits_elements(const Json& json, int levels = kMostXmlLevels, bool in_list = false);
void add_elements(pugi::xml_node& parent, const std::string& name, const Json& json);
/// False where the value has no form as an element of that name.
bool add_as_elements(pugi::xml_node& parent, const std::string& name, const AttributeValue& value);

}  // namespace maskmill
