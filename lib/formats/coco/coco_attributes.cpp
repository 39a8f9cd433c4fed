// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_attributes.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace maskmill {

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
