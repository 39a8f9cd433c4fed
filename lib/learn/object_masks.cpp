// SPDX-License-Identifier: Apache-2.0
#include "learn/object_masks.h"

#include <utility>

#include "base/error.h"
#include "dataset/rle.h"

namespace maskmill::learn {

std::vector<Rle> object_pixels(Sample& sample) {
  const Size size{sample.image.cols, sample.image.rows};
  std::vector<Rle> masks;
  std::erase_if(sample.objects, [&](const SampleObject& object) {
    if (object.polygon.parts.empty()) {
      masks.emplace_back();
      return false;
    }
    Rle pixels = rasterise(object.polygon, size);
    if (area(pixels) == 0) return true;
    masks.push_back(std::move(pixels));
    return false;
  });
  return masks;
}

void write_mask(const Rle& pixels, cv::Mat plane) {
  const auto& [width, height] = pixels.size;
  if (plane.type() != CV_8UC1 || plane.cols < width || plane.rows < height)
    throw Error(Code::bug, "an object's mask of " + to_string(pixels.size) + " does not fit its plane");
  plane.setTo(0);
  if (pixels.size.area() == 0) return;
  cv::Mat corner = plane(cv::Rect(0, 0, width, height));
  paint(corner, pixels, 1);
}

}  // namespace maskmill::learn
