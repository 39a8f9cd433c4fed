// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/yolo_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "formats/xml_text.h"

namespace maskmill {
namespace {

__extension__ using Wide = __int128;

constexpr int kMostRounded = 14;   // decimals of a fraction; more are not taken for fewer of a pixel
constexpr int kMostDecimals = 27;  // what is multiplied below stays within 127 bits with these four
constexpr double kFarthest = 100;  // in sides
constexpr int kLongestSide = 1'000'000;
constexpr std::int64_t kMostDigits = 9'000'000'000'000'000'000;
/// No double is written in as many significant digits as this number has: what has them is meant exactly.
constexpr std::int64_t kExactDigits = 100'000'000'000'000'000;
constexpr int kLastExactPower = 22;  // of ten, as a double

constexpr std::array<Wide, kMostDecimals + 2> kPowers = [] {
  std::array<Wide, kMostDecimals + 2> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

Wide power(int exponent) {
  return kPowers[static_cast<std::size_t>(exponent)];
}

int digits_of(int side) {
  int digits = 1;
  for (; side >= 10; side /= 10) ++digits;
  return digits;
}

/// digits / 10^decimals, rounded once.
double quotient(Wide digits, int decimals) {
  constexpr Wide exact = Wide{1} << 53;
  if (digits < exact && digits > -exact && decimals <= kLastExactPower)
    return static_cast<double>(digits) / static_cast<double>(power(decimals));
  std::array<char, 64> text{};
  char* end = text.data() + text.size();
  char* begin = end;
  begin -= fmt::format_to_n(begin - 5, 5, "e-{:03}", decimals).size;
  const bool negative = digits < 0;
  for (Wide rest = negative ? -digits : digits; rest > 0; rest /= 10)
    *--begin = static_cast<char>('0' + static_cast<int>(rest % 10));
  if (negative) *--begin = '-';
  double value = 0;
  std::from_chars(begin, end, value);
  return value;
}

/// Pixels that are digits / 10^decimals, from fractions of `known` decimals.
double pixels_of(Wide digits, int decimals, int known, int side, bool is_exact) {
  if (is_exact) return quotient(digits, decimals);
  if (known > kMostRounded) return without_noise(quotient(digits, decimals));
  const int kept = known - digits_of(side) - 1;
  if (known < kYoloDecimals || kept < 0 || side == 1) return quotient(digits, decimals);
  const Wide step = power(decimals - kept), half = digits < 0 ? -step / 2 : step / 2;
  return quotient((digits + half) / step, kept);
}

YoloNumber number_of(std::int64_t digits, int decimals) {
  while (decimals > 0 && digits % 10 == 0) digits /= 10, --decimals;
  return {quotient(digits, decimals), digits, decimals};
}

std::string text_of(const YoloNumber& number) {
  std::string text = std::to_string(std::abs(number.digits));
  const auto decimals = static_cast<std::size_t>(number.decimals);
  if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
  if (decimals > 0) text.insert(text.size() - decimals, 1, '.');
  return number.digits < 0 ? "-" + text : text;
}

bool is_exact(const YoloNumber& number) {
  return number.digits >= kExactDigits || number.digits <= -kExactDigits;
}

void require_drawable(double pixels, int side) {
  if (std::abs(pixels) <= kFarthest * side) return;
  throw Error(Code::bad_value, fmt::format("{} is no coordinate in an image of {} pixels", pixels, side));
}

/// Nothing where that takes too many digits.
std::optional<YoloNumber> rounded(long double fraction, int decimals, bool with_zeros) {
  const long double digits = std::round(fraction * static_cast<long double>(power(decimals)));
  if (std::abs(digits) > static_cast<long double>(kMostDigits)) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(digits);
  return with_zeros ? YoloNumber{quotient(whole, decimals), whole, decimals} : number_of(whole, decimals);
}

/// What make(decimals, with zeros at the end) gives with the fewest decimals for which it is accepted; else
/// with the most. Zeros at the end say how well a number is known: they stay where it takes that to be
/// accepted.
template <class Make, class Accepted>
auto fewest_decimals(std::optional<int> stated, Make&& make, Accepted&& accepted) {
  auto best = make(stated.value_or(kYoloDecimals), false);
  if (stated || accepted(*best)) return *best;
  for (int decimals = kYoloDecimals; decimals <= kMostDecimals; ++decimals)
    for (const bool with_zeros : {false, true}) {
      auto next = make(decimals, with_zeros);
      if (!next) return *best;
      best = std::move(next);
      if (accepted(*best)) return *best;
    }
  return *best;
}

}  // namespace

std::optional<YoloNumber> parse_yolo_number(std::string_view text) {
  YoloNumber number;
  std::size_t at = 0;
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) ++at;
  bool in_fraction = false, any = false;
  int decimals = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !in_fraction) {
      in_fraction = true;
      continue;
    }
    if (c < '0' || c > '9' || number.digits > kMostDigits / 10) break;
    if (in_fraction && decimals == kMostDecimals) break;
    number.digits = number.digits * 10 + (c - '0');
    decimals += in_fraction;
    any = true;
  }
  if (any && at == text.size()) {
    if (negative) number.digits = -number.digits;
    number.value = quotient(number.digits, decimals);
    if (std::abs(number.value) <= kFarthest) number.decimals = decimals;
    return number;
  }
  const bool has_plus = text.starts_with('+') && !text.starts_with("+-");
  const auto value = to_number(has_plus ? text.substr(1) : text);
  if (!value) return std::nullopt;
  return YoloNumber{*value, 0, -1};
}

double in_pixels(const YoloNumber& fraction, int side) {
  if (fraction.decimals < 0 || side > kLongestSide) return without_noise(fraction.value * side);
  return pixels_of(Wide{fraction.digits} * side, fraction.decimals, fraction.decimals, side,
                   is_exact(fraction));
}

Extent extent_in_pixels(const YoloNumber& centre, const YoloNumber& length, int side) {
  if (centre.decimals < 0 || length.decimals < 0 || side > kLongestSide) {
    const double middle = centre.value * side, pixels = length.value * side;
    return {without_noise(middle - pixels / 2, middle), without_noise(pixels)};
  }
  const int decimals = std::max(centre.decimals, length.decimals);
  const bool exact = is_exact(centre) || is_exact(length);
  const Wide middle = Wide{centre.digits} * power(decimals - centre.decimals),
             whole = Wide{length.digits} * power(decimals - length.decimals);
  return {pixels_of((2 * middle - whole) * side * 5, decimals + 1, decimals, side, exact),
          pixels_of(whole * side, decimals, decimals, side, exact)};
}

std::string fraction_text(double pixels, int side, std::optional<int> decimals) {
  require_drawable(pixels, side);
  const long double fraction = static_cast<long double>(pixels) / side;
  return text_of(fewest_decimals(
      decimals, [&](int count, bool with_zeros) { return rounded(fraction, count, with_zeros); },
      [&](const YoloNumber& number) { return in_pixels(number, side) == pixels; }));
}

std::pair<std::string, std::string> extent_texts(const Extent& extent, int side,
                                                 std::optional<int> decimals) {
  require_drawable(extent.begin, side);
  require_drawable(extent.length, side);
  using Pair = std::pair<YoloNumber, YoloNumber>;
  const long double length = static_cast<long double>(extent.length),
                    middle = static_cast<long double>(extent.begin) + length / 2;
  const Pair found = fewest_decimals(
      decimals,
      [&](int count, bool with_zeros) -> std::optional<Pair> {
        const auto a = rounded(middle / side, count, with_zeros),
                   b = rounded(length / side, count, with_zeros);
        return a && b ? std::optional(Pair{*a, *b}) : std::nullopt;
      },
      [&](const Pair& pair) { return extent_in_pixels(pair.first, pair.second, side) == extent; });
  return {text_of(found.first), text_of(found.second)};
}

}  // namespace maskmill
