// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

namespace maskmill {

/// Part of an image's side, in pixels.
struct PixelSpan {
  double start = 0, length = 0;
};

/// From fractions of the side, without the noise that multiplying makes in the last binary places.
PixelSpan pixels_of_fractions(double low, double high, int side);

/// The shortest texts of 6 digits or more that pixels_of_fractions() turns into exactly this span; where no
/// number does, those of the nearest.
std::pair<std::string, std::string> fractions_of_pixels(const PixelSpan& span, int side);

}  // namespace maskmill
