// SPDX-License-Identifier: Apache-2.0
#include "formats/json_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "base/text.h"

namespace maskmill {

using simdjson::ondemand::json_type;

namespace {

constexpr std::size_t kMostKeys = 1000;

}  // namespace

void check_json_keys(std::size_t count) {
  if (count > kMostKeys) throw Error(Code::unsupported, fmt::format("more than {} keys", kMostKeys));
}

void detail::fail_too_long() {
  throw Error(Code::unsupported, fmt::format("longer than {} MB", kMaxJsonElement >> 20));
}

Error detail::broken_json(const simdjson::simdjson_error& error, std::string_view text, const char* at) {
  Error failure(Code::bad_format, std::string("not valid JSON: ") + error.what());
  return at ? std::move(failure).at_line(line_in(text, at)) : failure;
}

std::size_t line_in(std::string_view text, const char* at) {
  const auto length = static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(at - text.data(), 0, static_cast<std::ptrdiff_t>(text.size())));
  return 1 + static_cast<std::size_t>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length), '\n'));
}

std::string token_of(JsonValue& value) {
  return in_quotes(trimmed(value.raw_json_token()));
}

Error unexpected(std::string_view expected, JsonValue& value) {
  return Error(Code::bad_value, fmt::format("expected {}; found {}", expected, token_of(value)));
}

json_type type_of(JsonValue& value) {
  json_type type;
  if (value.type().get(type)) throw unexpected("a JSON value", value);
  return type;
}

bool is_null(JsonValue& value) {
  return type_of(value) == json_type::null;
}

double number_from(JsonValue& value) {
  double number;
  if (value.get_double().get(number)) throw unexpected("a number", value);
  return number;
}

std::optional<double> optional_number_from(JsonValue& value) {
  double number;
  if (value.get_double().get(number)) return std::nullopt;
  return number;
}

std::optional<std::int64_t> integer_from(JsonValue& value) {
  std::int64_t integer;
  if (!value.get_int64().get(integer)) return integer;
  double number;
  if (value.get_double().get(number) || number != std::floor(number) || std::abs(number) > 0x1p53) return {};
  return static_cast<std::int64_t>(number);
}

std::vector<double> numbers_from(JsonValue& value) {
  if (type_of(value) != json_type::array) throw unexpected("a list of numbers", value);
  std::vector<double> numbers;
  for (auto element : value.get_array()) {
    JsonValue number = element.value();
    numbers.push_back(number_from(number));
  }
  return numbers;
}

std::string number_token(JsonValue& value) {
  const std::string_view token = trimmed(value.raw_json_token());
  if (!Json::accept(token)) throw unexpected("a number", value);
  return std::string(token);
}

Flag flag_from(JsonValue& value) {
  bool flag;
  if (!value.get_bool().get(flag)) return flag;
  if (const auto number = integer_from(value); number && (*number == 0 || *number == 1)) return *number == 1;
  return std::nullopt;
}

AttributeValue attribute_from(JsonValue& value) {
  switch (type_of(value)) {
    case json_type::boolean:
      return bool(value.get_bool());
    case json_type::string:
      return std::string(std::string_view(value.get_string()));
    case json_type::number: {
      simdjson::ondemand::number number;
      if (!value.get_number().get(number)) {
        if (number.is_int64()) return number.get_int64();
        if (number.is_double()) return number.get_double();
      }
      return JsonText{number_token(value)};
    }
    case json_type::null:
      return JsonText{"null"};
    case json_type::array: {
      simdjson::ondemand::array list = value.get_array();
      return attribute_from(parse_json(std::string_view(list.raw_json()), {}));
    }
    default: {
      simdjson::ondemand::object object = value.get_object();
      return attribute_from(parse_json(std::string_view(object.raw_json()), {}));
    }
  }
}

AttributeValue attribute_from(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean:
      return value.get<bool>();
    case Json::value_t::number_integer:
      return value.get<std::int64_t>();
    case Json::value_t::number_unsigned:
      if (value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max())
        return value.get<std::int64_t>();
      return JsonText{to_line(value)};
    case Json::value_t::number_float:
      return value.get<double>();
    case Json::value_t::string:
      return value.get<std::string>();
    default:
      return JsonText{to_line(value)};
  }
}

Json json_from(const AttributeValue& value) {
  if (const auto* json = std::get_if<JsonText>(&value)) {
    Json parsed = Json::parse(json->text, nullptr, false);
    return parsed.is_discarded() ? Json(json->text) : parsed;
  }
  Json scalar;
  std::visit(
      [&](const auto& held) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(held)>, JsonText>) scalar = held;
      },
      value);
  return scalar;
}

void set_attribute(Attributes& attributes, std::string name, AttributeValue value) {
  const auto place = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const auto& attribute) { return attribute.first == name; });
  if (place == attributes.end())
    attributes.emplace_back(std::move(name), std::move(value));
  else
    place->second = std::move(value);
}

}  // namespace maskmill
