// SPDX-License-Identifier: Apache-2.0
#include "metrics/boundary.h"

#include <algorithm>
#include <cmath>

#include "dataset/erosion.h"

namespace maskmill {
namespace {

constexpr double kShareOfDiagonal = .02;

}  // namespace

int boundary_width(Size size) {
  const double width = size.width, height = size.height;
  return std::max(
      1, static_cast<int>(std::nearbyint(kShareOfDiagonal * std::sqrt(height * height + width * width))));
}

Rle boundary_of(const Rle& mask) {
  return difference(mask, eroded(mask, boundary_width(mask.size)));
}

}  // namespace maskmill
