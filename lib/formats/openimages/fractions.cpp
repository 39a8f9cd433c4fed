// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/fractions.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"
#include "formats/xml_text.h"

namespace maskmill {
namespace {

constexpr int kLeastDigits = 6, kMostDigits = 17, kNeighbours = 4;

double pixel_of(double fraction, int side) {
  return without_noise(fraction * side, side);
}

double length_between(double start, double end, int side) {
  return without_noise(end - start, side);
}

/// The shortest text near `about` whose number `is_meant`.
template <class IsMeant>
std::string shortest_text(double about, IsMeant&& is_meant) {
  for (int digits = kLeastDigits; digits <= kMostDigits; ++digits) {
    std::string text = fmt::format("{:.{}g}", about, digits);
    if (const auto number = to_number(text); number && is_meant(*number)) return text;
  }
  double below = about, above = about;
  for (int i = 0; i < kNeighbours; ++i) {
    below = std::nextafter(below, -HUGE_VAL);
    above = std::nextafter(above, HUGE_VAL);
    for (const double near : {below, above})
      if (is_meant(near)) return fmt::format("{}", near);
  }
  return fmt::format("{}", about);
}

}  // namespace

PixelSpan pixels_of_fractions(double low, double high, int side) {
  const double start = pixel_of(low, side);
  return {start, length_between(start, pixel_of(high, side), side)};
}

std::pair<std::string, std::string> fractions_of_pixels(const PixelSpan& span, int side) {
  std::string low =
      shortest_text(span.start / side, [&](double number) { return pixel_of(number, side) == span.start; });
  const double start = pixel_of(to_number(low).value_or(0), side);
  std::string high = shortest_text((start + span.length) / side, [&](double number) {
    return length_between(start, pixel_of(number, side), side) == span.length;
  });
  return {std::move(low), std::move(high)};
}

}  // namespace maskmill
