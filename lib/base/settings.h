// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/enum_names.h"
#include "base/json.h"

namespace maskmill {

/// Settings are declared once, in the struct that holds them:
///
///     struct SplitSettings {
///       std::optional<std::string> group_by;
///       int near_duplicate_bits = 0;
///       static void visit(auto& self, auto&& setting) {
///         setting("group-by", self.group_by, "attribute whose items share a subset, such as patient");
///         setting("near-duplicates", self.near_duplicate_bits, "keep images this alike together", between(0,
///         64));
///       }
///     };
///
/// From that one declaration come the command line, the JSON file, its Schema, --help and the reference page.
/// A member that itself has `visit` is a group: its keys are prefixed, as in optimizer.learning_rate.

/// An enum's values are typed by their enum_names.

struct Between {
  double low, high;
};
struct AtLeast {
  double low;
};
struct ShortFlag {
  char letter;
};
struct OneOf {
  std::vector<std::string> choices;
};
/// What an unset optional means, for the help: "the format is detected".
struct Unset {
  std::string meaning;
};

/// Must be given on a command line. The value's name stands for it in the usage line: OUT in "-o OUT".
struct Required {
  std::string value_name;
};

inline Between between(double low, double high) {
  return {low, high};
}
inline AtLeast at_least(double low) {
  return {low};
}
inline ShortFlag short_flag(char letter) {
  return {letter};
}
inline OneOf one_of(std::vector<std::string> choices) {
  return {std::move(choices)};
}
/// The names of an enum, where the setting holds them as texts: one_of(enum_names<LossKind>).
template <std::size_t N>
OneOf one_of(const std::array<std::string_view, N>& names) {
  return {{names.begin(), names.end()}};
}
inline Unset unset(std::string meaning) {
  return {std::move(meaning)};
}

inline Required required(std::string value_name) {
  return {std::move(value_name)};
}

/// An enum member, erased.
struct EnumTarget {
  void* value;
  std::span<const std::string_view> names;
  int (*get)(const void*);
  void (*set)(void*, int);
};

/// One setting bound to the member that holds its value.
struct Setting {
  using Target = std::variant<bool*, int*, std::int64_t*, double*, std::string*, std::optional<bool>*,
                              std::optional<int>*, std::optional<std::int64_t>*, std::optional<double>*,
                              std::optional<std::string>*, std::vector<std::string>*, std::vector<int>*,
                              std::vector<double>*, EnumTarget>;

  std::string key;  ///< with the groups above it: "optimizer.learning-rate"
  std::string help;
  Target target;
  std::optional<double> low, high;
  std::vector<std::string> choices;
  std::string unset_meaning;
  std::string value_name;  ///< of one that is required; empty where it may be left out
  char short_letter = 0;

  bool is_flag() const { return std::holds_alternative<bool*>(target); }
  bool is_list() const;
  bool is_optional() const;
  bool is_required() const { return !value_name.empty(); }
  std::string type_name()
      const;  ///< "integer", "number", "text", "true|false", "list of text", or the choices "a|b"
  std::string value_text() const;  ///< as one would type it; empty for an unset optional
  Json value_json() const;         ///< null for an unset optional

  /// Throws Error(usage) naming the key, what was found, and what is legal. Lists are separated by commas.
  void assign_text(std::string_view text) const;
  void assign_json(const Json& value) const;
};

template <class T>
concept HasSettings = requires(T& object) {
  T::visit(object, [](auto&&...) {});
};

namespace detail {

struct Binder {
  std::vector<Setting>* settings;
  std::string prefix;

  template <class T, class... Attributes>
  void operator()(std::string_view name, T& member, std::string_view help,
                  const Attributes&... attributes) const {
    if constexpr (HasSettings<T>) {
      T::visit(member, Binder{settings, prefix + std::string(name) + "."});
    } else {
      Setting setting;
      setting.key = prefix + std::string(name);
      setting.help = help;
      if constexpr (std::is_enum_v<T>) {
        setting.target =
            EnumTarget{&member, std::span<const std::string_view>(enum_names<T>),
                       [](const void* value) { return static_cast<int>(*static_cast<const T*>(value)); },
                       [](void* value, int number) { *static_cast<T*>(value) = static_cast<T>(number); }};
      } else {
        setting.target = &member;
      }
      (apply(setting, attributes), ...);
      settings->push_back(std::move(setting));
    }
  }

  static void apply(Setting& setting, const Between& range) {
    setting.low = range.low, setting.high = range.high;
  }
  static void apply(Setting& setting, const AtLeast& range) { setting.low = range.low; }
  static void apply(Setting& setting, const ShortFlag& flag) { setting.short_letter = flag.letter; }
  static void apply(Setting& setting, const OneOf& choices) { setting.choices = choices.choices; }
  static void apply(Setting& setting, const Unset& meaning) { setting.unset_meaning = meaning.meaning; }
  static void apply(Setting& setting, const Required& required) { setting.value_name = required.value_name; }
};

}  // namespace detail

/// The settings of `object`, in the order of their declaration. They point into `object`.
template <HasSettings T>
std::vector<Setting> settings_of(T& object) {
  std::vector<Setting> settings;
  T::visit(object, detail::Binder{&settings, ""});
  return settings;
}

/// Throws Error(usage) naming the nearest known key.
const Setting& find_setting(std::span<const Setting> settings, std::string_view key);

/// "key=value". Throws Error(usage).
void assign(std::span<const Setting> settings, std::string_view key_and_value);

/// A nested object, {"optimizer": {"learning-rate": 0.1}}. Unknown keys are errors. Missing keys keep their
/// values.
void assign_document(std::span<const Setting> settings, const Json& document);

/// Every setting, nested, in the order of declaration.
Json to_json(std::span<const Setting> settings);

/// JSON Schema (draft 2020-12) of the document that assign_document() takes.
Json schema_of(std::span<const Setting> settings, std::string_view title, std::string_view description);

/// A Markdown table: key, type, default, meaning.
std::string markdown_table(std::span<const Setting> settings);

/// Indented "key=default  help" lines for a terminal.
std::string help_table(std::span<const Setting> settings);

}  // namespace maskmill
