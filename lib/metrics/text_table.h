// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

// What the tables and documents of scores share.
namespace maskmill {

/// Characters, not bytes: a name in another script keeps its column.
inline std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// Undefined is "-".
inline std::string text_of(std::optional<double> score) {
  return score ? fmt::format("{:.4f}", *score) : "-";
}

/// Undefined is null.
inline Json json_of(std::optional<double> score) {
  return score ? Json(*score) : Json(nullptr);
}

}  // namespace maskmill
