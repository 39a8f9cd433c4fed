// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace maskmill {

/// Base 64 (RFC 4648) as it stands in a JSON text between the quotes: blanks, line breaks, also escaped ones,
/// and a slash's backslash are passed over, and so is a data URI's head, "data:image/png;base64,". Padding
/// may be missing. Throws Error(bad_value) for any other character, with its place from 1.
std::string from_base64(std::string_view text);
/// The same for the beginning of such a text, cut anywhere: what is not whole there is left out.
std::string from_base64_start(std::string_view text);

std::string to_base64(std::string_view bytes);

}  // namespace maskmill
