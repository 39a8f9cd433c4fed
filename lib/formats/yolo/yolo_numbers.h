// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace maskmill {

/// Label files have coordinates as fractions of the image's sides, in decimal. How they become pixels and
/// come back:
///
/// The product of fraction and side is rounded once, to the nearest double. A fraction of 11 to 14 decimals
/// is known well enough to tell pixels apart to a few decimals, and is taken as the coordinate of that many
/// decimals: of 6 for sides of 1,000 to 9,999 pixels, one more or less for each digit that the side has less
/// or more. So a coordinate of up to 6 decimals of a pixel in an image of up to 9,999 pixels comes back from
/// 11 decimals exactly. More are written where a coordinate needs them, up to 27, which bring back every
/// double from .001 pixels on. A fraction of up to 17 digits, as programs print doubles, loses what
/// multiplying adds in the last binary places: 2.9999999999999996 is 3.

/// Fewer are written only where the rest are zeros that say nothing.
inline constexpr int kYoloDecimals = 11;

/// A number as it stands in a file.
struct YoloNumber {
  double value = 0;
  /// digits / 10^decimals; decimals below 0: in a form for which only `value` is known.
  std::int64_t digits = 0;
  int decimals = -1;
};

/// Nothing for what is no finite number.
std::optional<YoloNumber> parse_yolo_number(std::string_view text);

/// `side` in pixels; 1 leaves the fraction as it is.
double in_pixels(const YoloNumber& fraction, int side);

/// Where a box begins, and how long it is.
struct Extent {
  double begin = 0, length = 0;
  friend bool operator==(const Extent&, const Extent&) = default;
};
Extent extent_in_pixels(const YoloNumber& centre, const YoloNumber& length, int side);

/// A coordinate as the fraction that in_pixels() brings back, in the fewest decimals from kYoloDecimals on
/// that do; with `decimals`, in so many. Throws Error(bad_value) for one that is not finite, or more than
/// 100 sides away.
std::string fraction_text(double pixels, int side, std::optional<int> decimals = std::nullopt);
/// Centre and length, as extent_in_pixels() brings them back.
std::pair<std::string, std::string> extent_texts(const Extent& extent, int side,
                                                 std::optional<int> decimals = std::nullopt);

}  // namespace maskmill
