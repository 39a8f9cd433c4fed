// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/json.h"

namespace maskmill {

/// A value of a JSON document of ours and where it stands, as in "classes[1].color". What it is asked for and
/// does not hold is thrown as Error(bad_value) with that place and both what was expected and what was found.
/// Refers to the document, which must outlive it.
class JsonField {
 public:
  explicit JsonField(const Json& document) : JsonField(document, {}) {}

  const Json& value() const { return *value_; }
  const std::string& name() const { return name_; }

  /// Members of an object.
  std::optional<JsonField> find(std::string_view key) const;
  JsonField at(std::string_view key) const;  ///< throws also where it is missing
  /// Throws for a key that is not among them, and names the nearest.
  void require_known_keys(std::span<const std::string_view> known) const;

  std::vector<JsonField> elements() const;  ///< of a list

  const std::string& text() const;
  bool boolean() const;
  std::int64_t integer() const;
  double number() const;
  std::vector<std::string> texts() const;
  /// One of the enum's names.
  template <class E>
  E choice() const {
    const auto found = std::ranges::find(enum_names<E>, text());
    if (found == enum_names<E>.end()) throw not_among(enum_names<E>);
    return static_cast<E>(found - enum_names<E>.begin());
  }

  Error error(std::string message) const;
  Error unexpected(std::string_view expected) const;

 private:
  JsonField(const Json& value, std::string name) : value_(&value), name_(std::move(name)) {}
  std::string name_of(std::string_view key) const;
  Error not_among(std::span<const std::string_view> names) const;

  const Json* value_;
  std::string name_;
};

}  // namespace maskmill
