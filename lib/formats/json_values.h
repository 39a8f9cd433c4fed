// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "dataset/item.h"
#include "formats/json_elements.h"

namespace maskmill {

/// One value of an element, as simdjson hands it out: looked at once, in the order of the text. The functions
/// throw Error(bad_value) that says what was expected and quotes what was found, and simdjson_error where the
/// JSON is broken.
using JsonValue = simdjson::ondemand::value;

/// The line, counted from 1, of a place in a text.
std::size_t line_in(std::string_view text, const char* at);

/// What is written there, in quotes.
std::string token_of(JsonValue& value);
Error unexpected(std::string_view expected, JsonValue& value);

simdjson::ondemand::json_type type_of(JsonValue& value);
bool is_null(JsonValue& value);
double number_from(JsonValue& value);
/// Nothing where it is no number.
std::optional<double> optional_number_from(JsonValue& value);
/// Nothing where it is no whole number. 3.0 is one: some programs know only doubles.
std::optional<std::int64_t> integer_from(JsonValue& value);
std::vector<double> numbers_from(JsonValue& value);
/// Nothing where it is neither true, false, 0 nor 1.
Flag flag_from(JsonValue& value);
/// A number that neither a double nor 64 bits can hold, as it is written; throws where it is none.
std::string number_token(JsonValue& value);
AttributeValue attribute_from(JsonValue& value);

/// Throws Error(unsupported) for more than an object of a data set has.
void check_json_keys(std::size_t count);

/// Calls visit(key, value) for each key of the object that `text` is, behind which kJsonPadding bytes can be
/// read. Throws Error(bad_format) for broken JSON, with the line counted from the text's first as 1,
/// Error(bad_value) for what is no object, Error(unsupported) for an empty text, which stands for a longer
/// one than kMaxJsonElement; an Error of visit() gets the key as its field.
template <class Visit>
void for_each_field(simdjson::ondemand::parser& parser, std::string_view text, Visit&& visit);

/// Lists, objects, null and integers beyond 64 bits become JsonText.
AttributeValue attribute_from(const Json& value);
/// JsonText that does not parse becomes a string.
Json json_from(const AttributeValue& value);

/// Replaces the value of an attribute of that name, as a later key of a JSON object does, or appends.
void set_attribute(Attributes& attributes, std::string name, AttributeValue value);

namespace detail {
[[noreturn]] void fail_too_long();
Error broken_json(const simdjson::simdjson_error& error, std::string_view text, const char* at);
}  // namespace detail

template <class Visit>
void for_each_field(simdjson::ondemand::parser& parser, std::string_view text, Visit&& visit) {
  static_assert(kJsonPadding >= simdjson::SIMDJSON_PADDING);
  if (text.empty()) detail::fail_too_long();
  simdjson::ondemand::document document;
  bool is_walked = false;  // until then the document has no location
  std::string key;
  try {
    document = parser.iterate(text.data(), text.size(), text.size() + kJsonPadding);
    is_walked = true;
    simdjson::ondemand::object object;
    if (document.get_object().get(object)) throw Error(Code::bad_value, "expected an object");
    std::size_t count = 0;
    for (auto field : object) {
      check_json_keys(++count);
      key = std::string_view(field.unescaped_key());
      JsonValue value = field.value();
      visit(key, value);
    }
  } catch (const simdjson::simdjson_error& error) {
    const char* at = nullptr;
    if (is_walked && document.current_location().get(at)) at = nullptr;
    throw detail::broken_json(error, text, at).at_field(key);
  } catch (Error& error) {
    throw error.at_field(key);
  }
}

}  // namespace maskmill
