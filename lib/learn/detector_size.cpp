// SPDX-License-Identifier: Apache-2.0
#include "learn/detector_size.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace maskmill::learn {

Size detector_size(Size picture, const DetectorSize& bounds) {
  const int shorter = std::min(picture.width, picture.height),
            longer = std::max(picture.width, picture.height);
  if (shorter < 1) throw Error(Code::bug, "a picture without pixels has no size for a detector");
  if (bounds.min_size < 1 || bounds.max_size < 1)
    throw Error(Code::bug, "a detector's input has at least a pixel");
  const double scale =
      std::min(static_cast<double>(bounds.min_size) / shorter, static_cast<double>(bounds.max_size) / longer);
  const auto scaled = [&](int side) { return std::max(1, static_cast<int>(std::floor(side * scale))); };
  return {scaled(picture.width), scaled(picture.height)};
}

Size padded_size(const std::vector<Size>& pictures) {
  constexpr int kSizeMultiple = 32;
  const auto padded = [](int side) { return (side + kSizeMultiple - 1) / kSizeMultiple * kSizeMultiple; };
  Size size{1, 1};
  for (const Size& picture : pictures)
    size = {std::max(size.width, padded(picture.width)), std::max(size.height, padded(picture.height))};
  return size;
}

}  // namespace maskmill::learn
