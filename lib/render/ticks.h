// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace maskmill {

/// An axis that begins and ends on round numbers.
struct Ticks {
  double low = 0, high = 1;  ///< low < high
  double step = 1;
  std::vector<double> values;  ///< 2 to 12 multiples of the step, from low to high
};

/// Steps of 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990),
/// about `wanted` of them. An empty range is widened about its value. `whole` keeps the step at 1 or more.
/// Takes any finite low <= high up to 1e300 in magnitude.
Ticks nice_ticks(double low, double high, int wanted = 4, bool whole = false);

/// As many decimals as the step needs; "20,000"; "2e−7" and "3e12" outside of 1e-4 to 1e7. With a true minus
/// sign.
std::string tick_label(double value, double step);

/// About `digits` significant digits of any number; "–" for one that is not finite.
std::string short_number(double value, int digits = 3);

}  // namespace maskmill
