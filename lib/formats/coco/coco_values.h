// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "dataset/item.h"
#include "formats/coco/coco_records.h"

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
CocoId coco_id_from(JsonValue& value);
AttributeValue attribute_from(JsonValue& value);

}  // namespace maskmill
