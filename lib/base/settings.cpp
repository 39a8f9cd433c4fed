// SPDX-License-Identifier: Apache-2.0
#include "base/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

template <class T>
inline constexpr bool is_optional_v = false;
template <class T>
inline constexpr bool is_optional_v<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector_v = false;
template <class T>
inline constexpr bool is_vector_v<std::vector<T>> = true;

template <class T>
struct Element {
  using type = T;
};
template <class T>
struct Element<std::optional<T>> {
  using type = T;
};
template <class T>
struct Element<std::vector<T>> {
  using type = T;
};

// Calls visit(pointer to member) for all but enums, or visit_enum(target).
template <class Visit, class VisitEnum>
auto on_target(const Setting& setting, Visit&& visit, VisitEnum&& visit_enum) {
  return std::visit(
      [&](auto target) {
        if constexpr (std::is_same_v<decltype(target), EnumTarget>)
          return visit_enum(target);
        else
          return visit(target);
      },
      setting.target);
}

std::string shortest(double value) {
  return fmt::format("{}", value);
}

template <class T>
std::string text_of(const T& value) {
  if constexpr (std::is_same_v<T, std::string>)
    return value;
  else if constexpr (std::is_same_v<T, bool>)
    return value ? "true" : "false";
  else if constexpr (std::is_same_v<T, double>)
    return shortest(value);
  else
    return std::to_string(value);
}

std::string choices_of(const Setting& setting) {
  if (const auto* target = std::get_if<EnumTarget>(&setting.target))
    return joined(std::vector<std::string>(target->names.begin(), target->names.end()), "|");
  return joined(setting.choices, "|");
}

std::string range_text(const Setting& setting) {
  if (setting.low && setting.high)
    return "between " + shortest(*setting.low) + " and " + shortest(*setting.high);
  if (setting.low) return "at least " + shortest(*setting.low);
  return "";
}

Error refused(const Setting& setting, std::string_view found) {
  const std::string range = range_text(setting);
  const std::string expected = setting.type_name() + (range.empty() ? "" : ", " + range);
  return Error(Code::usage, fmt::format("{} is not legal here; expected: {}", in_quotes(found), expected))
      .at_field(setting.key);
}

void require_in_range(const Setting& setting, double value, std::string_view found) {
  if ((setting.low && !(value >= *setting.low)) || (setting.high && !(value <= *setting.high)))
    throw refused(setting, found);
}

template <class T>
T parsed(const Setting& setting, std::string_view text) {
  if constexpr (std::is_same_v<T, std::string>) {
    if (!setting.choices.empty() &&
        std::find(setting.choices.begin(), setting.choices.end(), text) == setting.choices.end())
      throw refused(setting, text);
    return std::string(text);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
    if (text == "false" || text == "no" || text == "off" || text == "0") return false;
    throw refused(setting, text);
  } else if constexpr (std::is_same_v<T, double>) {
    const auto value = to_number(text);
    if (!value) throw refused(setting, text);
    require_in_range(setting, *value, text);
    return *value;
  } else {
    const auto value = to_integer(text);
    if (!value || *value < std::numeric_limits<T>::min() || *value > std::numeric_limits<T>::max())
      throw refused(setting, text);
    require_in_range(setting, static_cast<double>(*value), text);
    return static_cast<T>(*value);
  }
}

// JSON values go through their text, so that both ways into a setting hold to the same rules.
std::string scalar_text(const Setting& setting, const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_integer()) return to_line(value);
  if (value.is_number_float()) return shortest(value.get<double>());
  throw refused(setting, to_line(value));
}

template <class T>
T parsed_json(const Setting& setting, const Json& value) {
  const bool right_kind = std::is_same_v<T, std::string> ? value.is_string()
                          : std::is_same_v<T, bool>      ? value.is_boolean()
                                                         : value.is_number();
  if (!right_kind) throw refused(setting, to_line(value));
  return parsed<T>(setting, scalar_text(setting, value));
}

template <class T>
std::string kind_name() {
  if constexpr (std::is_same_v<T, std::string>) return "text";
  if constexpr (std::is_same_v<T, bool>) return "true|false";
  if constexpr (std::is_same_v<T, double>) return "number";
  return "integer";
}

void assign_enum(const Setting& setting, const EnumTarget& target, std::string_view text) {
  const auto found = std::find(target.names.begin(), target.names.end(), text);
  if (found == target.names.end()) throw refused(setting, text);
  target.set(target.value, static_cast<int>(found - target.names.begin()));
}

std::vector<std::string> keys_of(std::span<const Setting> settings) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings) keys.push_back(setting.key);
  return keys;
}

void assign_below(std::span<const Setting> settings, const Json& document, const std::string& prefix) {
  if (!document.is_object())
    throw Error(Code::usage, "expected an object of settings, found " + in_quotes(to_line(document)))
        .at_field(prefix.empty() ? "" : prefix.substr(0, prefix.size() - 1));
  for (const auto& [name, value] : document.items()) {
    const std::string key = prefix + name;
    const bool is_group = std::any_of(settings.begin(), settings.end(), [&](const Setting& setting) {
      return setting.key.starts_with(key + ".");
    });
    if (is_group)
      assign_below(settings, value, key + ".");
    else
      find_setting(settings, key).assign_json(value);
  }
}

// The object in `document` that holds the last part of `key`, made where it is missing, and that part.
std::pair<Json*, std::string> slot(Json& document, const std::string& key) {
  Json* object = &document;
  const std::vector<std::string> parts = split_text(key, '.');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) object = &(*object)[parts[i]];
  return {object, parts.back()};
}

Json schema_of_one(const Setting& setting) {
  Json element;
  const auto scalar = [&]<class T>(const T*) {
    Json schema;
    schema["type"] = std::is_same_v<T, std::string> ? "string"
                     : std::is_same_v<T, bool>      ? "boolean"
                     : std::is_same_v<T, double>    ? "number"
                                                    : "integer";
    if (setting.low) schema["minimum"] = *setting.low;
    if (setting.high) schema["maximum"] = *setting.high;
    if (!setting.choices.empty()) schema["enum"] = setting.choices;
    return schema;
  };
  Json schema = on_target(
      setting,
      [&]<class T>(const T*) {
        Json inner = scalar(static_cast<const typename Element<T>::type*>(nullptr));
        if constexpr (is_vector_v<T>) return Json{{"type", "array"}, {"items", inner}};
        if constexpr (is_optional_v<T>) inner["type"] = Json::array({inner["type"], "null"});
        return inner;
      },
      [&](const EnumTarget& target) {
        return Json{{"enum", std::vector<std::string>(target.names.begin(), target.names.end())}};
      });
  schema["default"] = setting.value_json();
  schema["description"] = setting.help;
  return schema;
}

std::string default_text(const Setting& setting) {
  std::string value = setting.value_text();
  if (!value.empty()) return value;
  return setting.unset_meaning.empty() ? "unset" : setting.unset_meaning;
}

}  // namespace

bool Setting::is_list() const {
  return on_target(
      *this, []<class T>(T*) { return is_vector_v<T>; }, [](const EnumTarget&) { return false; });
}

bool Setting::is_optional() const {
  return on_target(
      *this, []<class T>(T*) { return is_optional_v<T>; }, [](const EnumTarget&) { return false; });
}

std::string Setting::type_name() const {
  const std::string legal = choices_of(*this);
  const std::string element =
      !legal.empty() ? legal
                     : on_target(
                           *this, []<class T>(T*) { return kind_name<typename Element<T>::type>(); },
                           [](const EnumTarget&) { return std::string(); });
  return is_list() ? "list of " + element : element;
}

std::string Setting::value_text() const {
  return on_target(
      *this,
      []<class T>(const T* value) {
        if constexpr (is_optional_v<T>) {
          return *value ? text_of(**value) : std::string();
        } else if constexpr (is_vector_v<T>) {
          std::vector<std::string> texts;
          for (const auto& element : *value) texts.push_back(text_of(element));
          return joined(texts, ",");
        } else {
          return text_of(*value);
        }
      },
      [](const EnumTarget& enumerated) {
        return std::string(enumerated.names[static_cast<std::size_t>(enumerated.get(enumerated.value))]);
      });
}

Json Setting::value_json() const {
  return on_target(
      *this,
      []<class T>(const T* value) {
        if constexpr (is_optional_v<T>)
          return *value ? Json(**value) : Json(nullptr);
        else
          return Json(*value);
      },
      [this](const EnumTarget&) { return Json(value_text()); });
}

void Setting::assign_text(std::string_view text) const {
  on_target(
      *this,
      [&]<class T>(T* value) {
        if constexpr (is_vector_v<T>) {
          T values;
          if (!text.empty())
            for (const std::string& part : split_text(text, ','))
              values.push_back(parsed<typename T::value_type>(*this, trimmed(part)));
          *value = std::move(values);
        } else {
          *value = parsed<typename Element<T>::type>(*this, text);
        }
      },
      [&](const EnumTarget& enumerated) { assign_enum(*this, enumerated, text); });
}

void Setting::assign_json(const Json& json) const {
  on_target(
      *this,
      [&]<class T>(T* value) {
        if constexpr (is_vector_v<T>) {
          if (!json.is_array()) throw refused(*this, to_line(json));
          T values;
          for (const Json& element : json)
            values.push_back(parsed_json<typename T::value_type>(*this, element));
          *value = std::move(values);
        } else if constexpr (is_optional_v<T>) {
          if (json.is_null())
            value->reset();
          else
            *value = parsed_json<typename T::value_type>(*this, json);
        } else {
          *value = parsed_json<T>(*this, json);
        }
      },
      [&](const EnumTarget& enumerated) {
        if (!json.is_string()) throw refused(*this, to_line(json));
        assign_enum(*this, enumerated, json.get<std::string>());
      });
}

const Setting& find_setting(std::span<const Setting> settings, std::string_view key) {
  for (const Setting& setting : settings)
    if (setting.key == key) return setting;
  Error error(Code::usage, "there is no setting " + in_quotes(key));
  const std::vector<std::string> keys = keys_of(settings);
  if (const auto near = nearest_name(key, keys))
    error.hint("did you mean " + *near + "?");
  else if (!keys.empty())
    error.hint("known: " + joined(keys, ", "));
  throw error;
}

void assign(std::span<const Setting> settings, std::string_view key_and_value) {
  const std::size_t equals = key_and_value.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw Error(Code::usage, "expected key=value, found " + in_quotes(key_and_value));
  find_setting(settings, key_and_value.substr(0, equals)).assign_text(key_and_value.substr(equals + 1));
}

void assign_document(std::span<const Setting> settings, const Json& document) {
  assign_below(settings, document, "");
}

Json to_json(std::span<const Setting> settings) {
  Json document = Json::object();
  for (const Setting& setting : settings) {
    const auto [object, name] = slot(document, setting.key);
    (*object)[name] = setting.value_json();
  }
  return document;
}

Json schema_of(std::span<const Setting> settings, std::string_view title, std::string_view description) {
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", title},
              {"description", description},
              {"type", "object"},
              {"additionalProperties", false},
              {"properties", Json::object()}};
  for (const Setting& setting : settings) {
    Json* object = &schema;
    const std::vector<std::string> parts = split_text(setting.key, '.');
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      object = &(*object)["properties"][parts[i]];
      (*object)["type"] = "object";
      (*object)["additionalProperties"] = false;
    }
    (*object)["properties"][parts.back()] = schema_of_one(setting);
  }
  return schema;
}

std::string markdown_table(std::span<const Setting> settings) {
  const auto cell = [](std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
    return text;
  };
  std::string table = "| setting | type | default | meaning |\n|---|---|---|---|\n";
  for (const Setting& setting : settings) {
    const std::string range = range_text(setting);
    table += fmt::format("| `{}` | {}{} | {} | {} |\n", setting.key, cell(setting.type_name()),
                         range.empty() ? "" : ", " + range, cell(default_text(setting)), cell(setting.help));
  }
  return table;
}

std::string help_table(std::span<const Setting> settings) {
  std::size_t width = 0;
  const auto left = [](const Setting& setting) { return setting.key + "=" + setting.value_text(); };
  for (const Setting& setting : settings) width = std::max(width, left(setting).size());
  std::string table;
  for (const Setting& setting : settings) {
    const std::string type = choices_of(setting);
    const std::string unset = setting.value_text().empty() ? setting.unset_meaning : "";
    table += fmt::format("  {:<{}}  {}{}{}\n", left(setting), std::min<std::size_t>(width, 40), setting.help,
                         type.empty() ? "" : " (" + type + ")", unset.empty() ? "" : " [" + unset + "]");
  }
  return table;
}

}  // namespace maskmill
