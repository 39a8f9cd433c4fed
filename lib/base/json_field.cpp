// SPDX-License-Identifier: Apache-2.0
#include "base/json_field.h"

#include <fmt/format.h>

#include <limits>

#include "base/text.h"

namespace maskmill {
namespace {

std::vector<std::string> as_texts(std::span<const std::string_view> names) {
  return {names.begin(), names.end()};
}

}  // namespace

std::optional<JsonField> JsonField::find(std::string_view key) const {
  if (!value_->is_object()) throw unexpected("an object");
  const auto found = value_->find(key);
  if (found == value_->end()) return std::nullopt;
  return JsonField(*found, name_of(key));
}

JsonField JsonField::at(std::string_view key) const {
  if (const std::optional<JsonField> found = find(key)) return *found;
  throw Error(Code::bad_value, "is missing").at_field(name_of(key));
}

void JsonField::require_known_keys(std::span<const std::string_view> known) const {
  if (!value_->is_object()) throw unexpected("an object");
  for (const auto& [key, value] : value_->items()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const std::vector<std::string> names = as_texts(known);
    Error error(Code::bad_value, "unknown key; known are " + joined(names, ", "));
    if (const auto near = nearest_name(key, names)) error.hint("did you mean " + in_quotes(*near) + "?");
    throw error.at_field(name_of(key));
  }
}

std::vector<JsonField> JsonField::elements() const {
  if (!value_->is_array()) throw unexpected("a list");
  std::vector<JsonField> elements;
  for (const Json& element : *value_)
    elements.push_back(JsonField(element, fmt::format("{}[{}]", name_, elements.size())));
  return elements;
}

const std::string& JsonField::text() const {
  if (!value_->is_string()) throw unexpected("a text");
  return value_->get_ref<const std::string&>();
}

bool JsonField::boolean() const {
  if (!value_->is_boolean()) throw unexpected("true or false");
  return value_->get<bool>();
}

std::int64_t JsonField::integer() const {
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  if (!value_->is_number_integer() ||
      (value_->is_number_unsigned() && value_->get<std::uint64_t>() > largest))
    throw unexpected("a whole number");
  return value_->get<std::int64_t>();
}

double JsonField::number() const {
  if (!value_->is_number()) throw unexpected("a number");
  return value_->get<double>();
}

std::vector<std::string> JsonField::texts() const {
  std::vector<std::string> texts;
  for (const JsonField& element : elements()) texts.push_back(element.text());
  return texts;
}

Error JsonField::error(std::string message) const {
  return Error(Code::bad_value, std::move(message)).at_field(name_);
}

Error JsonField::unexpected(std::string_view expected) const {
  return error(fmt::format("expected {}; found {}", expected, in_quotes(to_line(*value_))));
}

std::string JsonField::name_of(std::string_view key) const {
  return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
}

Error JsonField::not_among(std::span<const std::string_view> names) const {
  return unexpected("one of " + joined(as_texts(names), ", "));
}

}  // namespace maskmill
