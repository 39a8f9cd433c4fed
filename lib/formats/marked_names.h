// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace maskmill {

/// Attributes lie among keys that mean something else. One of such a key's name is written with "@" before
/// it, one more than it has itself, and read without.

/// The name without any mark.
inline std::string_view unmarked(std::string_view name) {
  const std::size_t first = name.find_first_not_of('@');
  return first == std::string_view::npos ? std::string_view() : name.substr(first);
}

/// What a key stands for, where `is_reserved` says which names have a meaning of their own.
template <class IsReserved>
std::string attribute_of_key(std::string_view key, IsReserved&& is_reserved) {
  return std::string(key.starts_with('@') && is_reserved(unmarked(key)) ? key.substr(1) : key);
}

/// And back.
template <class IsReserved>
std::string key_of_attribute(const std::string& name, IsReserved&& is_reserved) {
  return is_reserved(unmarked(name)) ? "@" + name : name;
}

}  // namespace maskmill
