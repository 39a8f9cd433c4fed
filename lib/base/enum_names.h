// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace maskmill {

/// The names under which an enum's values are typed and written, in the order of the values, which count from
/// 0:
///     template <> inline constexpr std::array<std::string_view, 2> enum_names<Media>{"copy", "link"};
template <class E>
inline constexpr std::array<std::string_view, 0> enum_names{};

template <class E>
constexpr std::string_view name_of(E value) {
  return enum_names<E>.at(static_cast<std::size_t>(value));
}

}  // namespace maskmill
