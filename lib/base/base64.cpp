// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 255;

constexpr std::array<std::uint8_t, 256> values_of_digits() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i)
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = values_of_digits();

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// The characters from `at` on that stand for nothing; 0 for others.
std::size_t length_of_blank(std::string_view text, std::size_t at) {
  if (is_blank(text[at])) return 1;
  if (text[at] != '\\' || at + 1 == text.size()) return 0;
  const char escaped = text[at + 1];
  if (escaped == '/') return 1;
  return escaped == 'n' || escaped == 'r' || escaped == 't' ? 2 : 0;
}

std::string decoded(std::string_view text, bool is_cut) {
  if (is_cut && text.ends_with('\\')) text.remove_suffix(1);
  std::size_t at = 0;
  if (text.starts_with("data:")) {
    const std::size_t comma = text.substr(0, 100).find(',');
    if (comma == std::string_view::npos) throw Error(Code::bad_value, "a data URI without a comma");
    at = comma + 1;
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (; at < text.size() && text[at] != '='; ++at) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(text[at])];
    if (value == kNoDigit) {
      const std::size_t blank = length_of_blank(text, at);
      if (blank == 0)
        throw Error(Code::bad_value, fmt::format("{} at place {} is no digit of base 64",
                                                 in_quotes(text.substr(at, 1)), at + 1));
      at += blank - 1;
      continue;
    }
    bits = bits << 6 | value;
    if (++count % 4 != 0) continue;
    bytes += {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
  }
  switch (count % 4) {
    case 1:
      if (is_cut) break;
      throw Error(Code::bad_value, "base 64 that ends within a byte");
    case 2:
      bytes += static_cast<char>(bits >> 4);
      break;
    case 3:
      bytes += {static_cast<char>(bits >> 10), static_cast<char>(bits >> 2)};
      break;
    default:
      break;
  }
  return bytes;
}

}  // namespace

std::string from_base64(std::string_view text) {
  return decoded(text, false);
}

std::string from_base64_start(std::string_view text) {
  return decoded(text, true);
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t i) -> std::uint32_t {
      return at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U;
    };
    const std::uint32_t bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    text +=
        {kDigits[bits >> 18], kDigits[bits >> 12 & 63], at + 1 < bytes.size() ? kDigits[bits >> 6 & 63] : '=',
         at + 2 < bytes.size() ? kDigits[bits & 63] : '='};
  }
  return text;
}

}  // namespace maskmill
