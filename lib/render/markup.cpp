// SPDX-License-Identifier: Apache-2.0
#include "render/markup.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

#include "base/utf8.h"
#include "render/unicode.h"

namespace maskmill {
namespace {

/// XML 1.0, production 2, less what would not be seen.
char32_t presentable(char32_t character) {
  if (character == '\t' || character == '\n') return character;
  if (character < 0x20) return 0x2400 + character;
  if (character == 0x7F) return 0x2421;
  if ((character >= 0x80 && character < 0xA0) || (character & 0xFFFE) == 0xFFFE) return 0xFFFD;
  return character;
}

double relative_luminance(Rgb colour) {
  const auto linear = [](std::uint8_t value) {
    const double c = value / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string xml;
  xml.reserve(text.size() + text.size() / 8);
  for (const char32_t character : code_points(text)) {
    switch (character) {
      case '&':
        xml += "&amp;";
        break;
      case '<':
        xml += "&lt;";
        break;
      case '>':
        xml += "&gt;";
        break;
      case '"':
        xml += "&quot;";
        break;
      case '\'':
        xml += "&#39;";
        break;
      default:
        append_utf8(xml, presentable(character));
    }
  }
  return xml;
}

std::string hex(Rgb colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour.r, colour.g, colour.b);
}

Rgb ink_on(Rgb ground) {
  const double luminance = relative_luminance(ground);
  const bool white = 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05;
  return white ? Rgb{255, 255, 255} : Rgb{0, 0, 0};
}

}  // namespace maskmill
