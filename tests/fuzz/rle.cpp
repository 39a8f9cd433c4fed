// SPDX-License-Identifier: Apache-2.0
// "width height string": COCO's compressed runs. What is taken agrees with the mask it stands for.
#include <cstdint>
#include <cstdlib>
#include <opencv2/core.hpp>

#include "base/text.h"
#include "dataset/rle.h"
#include "target.h"

using namespace maskmill;
using namespace maskmill::fuzz;

namespace {

constexpr std::int64_t kMostPixels = 1 << 20;

void decode(std::string_view text) {
  const std::size_t first = text.find(' '), second = text.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return;
  const auto width = to_integer(text.substr(0, first));
  const auto height = to_integer(text.substr(first + 1, second - first - 1));
  if (!width || !height || std::abs(*width) > 1 << 20 || std::abs(*height) > 1 << 20) return;
  const Size size{static_cast<int>(*width), static_cast<int>(*height)};
  const Rle rle = from_coco_string(text.substr(second + 1), size);
  require(area(from_coco_string(to_coco_string(rle), size)) == area(rle), "a string does not come back");
  require(area(rle) + area(inverted(rle)) == size.area(), "inside and outside are not the whole");
  require(intersection_area(rle, inverted(rle)) == 0, "inside and outside meet");
  if (size.area() > kMostPixels) return;
  const cv::Mat mask = mask_from_rle(rle);
  require(cv::countNonZero(mask) == area(rle), "a mask has another area than its runs");
  require(to_coco_string(rle_from_mask(mask)) == to_coco_string(merged({&rle, 1})), "a mask has other runs");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  answers([&] { decode({reinterpret_cast<const char*>(data), size}); });
  return 0;
}
