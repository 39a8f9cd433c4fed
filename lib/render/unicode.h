// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace maskmill {

/// The characters of UTF-8 text. Each byte that is part of no character (overlong, a surrogate, past
/// U+10FFFF, cut off) becomes one U+FFFD: names of files and labels come in any bytes.
std::u32string code_points(std::string_view utf8);

/// What a stroke font of ASCII can draw: letters of Latin scripts lose their accents ("é" -> "e", "ß" ->
/// "ss"), typographic quotes and dashes become plain ones, every other character is a visible "?".
std::string to_ascii(std::string_view utf8);

/// How wide the text is when set in a common sans-serif face, in units of the font size: an estimate for
/// leaving room, not a measurement. East Asian characters count as full width.
double text_width_em(std::string_view utf8);

/// `utf8`, cut and ended with "…" where it is estimated wider than `width_em`.
std::string shortened(std::string_view utf8, double width_em);

}  // namespace maskmill
