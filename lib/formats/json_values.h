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

namespace maskmill {

/// One value of an element, as simdjson hands it out: looked at once, in the order of the text. The functions
/// throw Error(bad_value) that says what was expected and quotes what was found, and simdjson_error where the
/// JSON is broken.
using JsonValue = simdjson::ondemand::value;

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

/// Lists, objects, null and integers beyond 64 bits become JsonText.
AttributeValue attribute_from(const Json& value);
/// JsonText that does not parse becomes a string.
Json json_from(const AttributeValue& value);

/// Replaces the value of an attribute of that name, as a later key of a JSON object does, or appends.
void set_attribute(Attributes& attributes, std::string name, AttributeValue value);

}  // namespace maskmill
