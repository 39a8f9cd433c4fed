// SPDX-License-Identifier: Apache-2.0
#include "render/unicode.h"

#include <array>
#include <cstddef>
#include <optional>

#include "base/utf8.h"

namespace maskmill {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t character;
  std::size_t length;
};

/// Unicode 15, table 3-7: the well-formed byte sequences.
std::optional<Decoded> decode_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return Decoded{lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return std::nullopt;
  char32_t character = lead & (0xFF >> (length + 1));
  for (std::size_t i = at + 1; i < at + length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    character = character << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = character < (length == 4 ? 0x10000u : length == 3 ? 0x800u : 0x80u);
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (overlong || surrogate || character > 0x10FFFF) return std::nullopt;
  return Decoded{character, length};
}

// U+00C0..U+017F, one word each; "?" stands for the few that are no letters.
constexpr std::array<std::string_view, 192> kLatin{
    "A", "A", "A",  "A",  "A", "A", "AE", "C", "E", "E", "E", "E", "I", "I", "I",  "I",   // 00C0
    "D", "N", "O",  "O",  "O", "O", "O",  "x", "O", "U", "U", "U", "U", "Y", "Th", "ss",  // 00D0
    "a", "a", "a",  "a",  "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",   // 00E0
    "d", "n", "o",  "o",  "o", "o", "o",  "/", "o", "u", "u", "u", "u", "y", "th", "y",   // 00F0
    "A", "a", "A",  "a",  "A", "a", "C",  "c", "C", "c", "C", "c", "C", "c", "D",  "d",   // 0100
    "D", "d", "E",  "e",  "E", "e", "E",  "e", "E", "e", "E", "e", "G", "g", "G",  "g",   // 0110
    "G", "g", "G",  "g",  "H", "h", "H",  "h", "I", "i", "I", "i", "I", "i", "I",  "i",   // 0120
    "I", "i", "IJ", "ij", "J", "j", "K",  "k", "k", "L", "l", "L", "l", "L", "l",  "L",   // 0130
    "l", "L", "l",  "N",  "n", "N", "n",  "N", "n", "n", "N", "n", "O", "o", "O",  "o",   // 0140
    "O", "o", "OE", "oe", "R", "r", "R",  "r", "R", "r", "S", "s", "S", "s", "S",  "s",   // 0150
    "S", "s", "T",  "t",  "T", "t", "T",  "t", "U", "u", "U", "u", "U", "u", "U",  "u",   // 0160
    "U", "u", "U",  "u",  "W", "w", "Y",  "y", "Y", "Z", "z", "Z", "z", "Z", "z",  "s",   // 0170
};

std::string_view ascii_of(char32_t character) {
  if (character >= 0xC0 && character < 0xC0 + kLatin.size()) return kLatin[character - 0xC0];
  switch (character) {
    case 0xA0:
      return " ";
    case 0x2018:
    case 0x2019:
      return "'";
    case 0x201C:
    case 0x201D:
      return "\"";
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2212:
      return "-";
    case 0x2026:
      return "...";
    default:
      return "?";
  }
}

/// Advance widths in broad classes, of the wider common faces: room left over does less harm than room
/// missing.
double width_em(char32_t character) {
  if (character >= 0x1100)
    return (character >= 0x2010 && character <= 0x2060) ? 0.6 : character < 0x2E80 ? 0.9 : 1.0;
  if (character >= 0x80) return 0.6;
  constexpr std::u32string_view kNarrow = U"fijlrtI.,:;!'|()[]{}/\\ -";
  constexpr std::u32string_view kWide = U"mwMW%@";
  if (kNarrow.find(character) != std::u32string_view::npos) return 0.37;
  if (kWide.find(character) != std::u32string_view::npos) return 0.95;
  return character >= 'A' && character <= 'Z' ? 0.7 : 0.61;
}

}  // namespace

std::u32string code_points(std::string_view utf8) {
  std::u32string characters;
  characters.reserve(utf8.size());
  for (std::size_t at = 0; at < utf8.size();) {
    const Decoded decoded = decode_at(utf8, at).value_or(Decoded{kReplacement, 1});
    characters.push_back(decoded.character);
    at += decoded.length;
  }
  return characters;
}

std::string to_ascii(std::string_view utf8) {
  std::string ascii;
  for (const char32_t character : code_points(utf8)) {
    if (character >= 0x20 && character < 0x7F)
      ascii.push_back(static_cast<char>(character));
    else
      ascii += ascii_of(character);
  }
  return ascii;
}

double text_width_em(std::string_view utf8) {
  double width = 0;
  for (const char32_t character : code_points(utf8)) width += width_em(character);
  return width;
}

std::string shortened(std::string_view utf8, double width) {
  constexpr char32_t kEllipsis = 0x2026;
  const std::u32string characters = code_points(utf8);
  std::string kept;
  double used = 0;
  std::string fitting;  // the longest beginning that leaves room for the ellipsis
  for (const char32_t character : characters) {
    used += width_em(character);
    if (used > width) {
      append_utf8(fitting, kEllipsis);
      return fitting;
    }
    append_utf8(kept, character);
    if (used + width_em(kEllipsis) <= width) fitting = kept;
  }
  return kept;
}

}  // namespace maskmill
