// SPDX-License-Identifier: Apache-2.0
#include "formats/cvat/cvat_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace maskmill {

AttributeValue cvat_value(const std::string& text, const AttributeDefinition* definition) {
  const std::string_view type = definition ? std::string_view(definition->type) : std::string_view();
  const auto gives_back = [&](const AttributeValue& value) { return cvat_value_text(value) == text; };
  if (type == "checkbox" && (text == "true" || text == "false")) return text == "true";
  if (type == "number") {
    if (const auto whole = to_integer(text); whole && gives_back(std::int64_t{*whole}))
      return std::int64_t{*whole};
    if (const auto number = to_number(text); number && gives_back(*number)) return *number;
  }
  return text;
}

std::string cvat_value_text(const AttributeValue& value) {
  struct Visitor {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const JsonText& json) const { return json.text; }
  };
  return std::visit(Visitor(), value);
}

const AttributeDefinition* find_definition(const Label& label, std::string_view name) {
  const auto found = std::ranges::find(label.attributes, name, &AttributeDefinition::name);
  return found == label.attributes.end() ? nullptr : &*found;
}

}  // namespace maskmill
