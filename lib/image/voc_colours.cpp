// SPDX-License-Identifier: Apache-2.0
#include "image/image.h"

namespace maskmill {

// The devkit's VOClabelcolormap: each three bits of the index, lowest first, become the next lower bit of
// red, green and blue (Everingham et al., "The PASCAL Visual Object Classes Challenge 2012 Development Kit").
Rgb voc_colour(int index) {
  Rgb colour;
  auto bits = static_cast<unsigned>(index);
  for (int shift = 7; shift >= 0; --shift, bits >>= 3) {
    colour.r = static_cast<std::uint8_t>(colour.r | (bits & 1U) << shift);
    colour.g = static_cast<std::uint8_t>(colour.g | (bits >> 1 & 1U) << shift);
    colour.b = static_cast<std::uint8_t>(colour.b | (bits >> 2 & 1U) << shift);
  }
  return colour;
}

std::vector<Rgb> voc_palette(int count) {
  std::vector<Rgb> palette;
  palette.reserve(static_cast<std::size_t>(count < 0 ? 0 : count));
  for (int index = 0; index < count; ++index) palette.push_back(voc_colour(index));
  return palette;
}

}  // namespace maskmill
