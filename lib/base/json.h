// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/path.h"

namespace maskmill {

/// Keys keep the order in which they were written, so that documents read as their author meant.
using Json = nlohmann::ordered_json;

/// Throws Error(bad_format) with `file` and the line counted from 1. Depth is bounded at 200 levels.
Json parse_json(std::string_view text, const Path& file);
Json read_json(const Path& path);

/// Two-space indented, with a final line break. Bytes that are not UTF-8 become U+FFFD: such file names
/// occur, and a report must not die of one.
std::string to_text(const Json& document);
/// On one line, without a line break.
std::string to_line(const Json& document);

}  // namespace maskmill
