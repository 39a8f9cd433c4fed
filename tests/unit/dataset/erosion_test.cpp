// SPDX-License-Identifier: Apache-2.0
#include "dataset/erosion.h"

#include <opencv2/imgproc.hpp>

#include "dataset/rle.h"
#include "random_masks.h"
#include "support/scratch.h"

namespace maskmill::tests {

TEST_CASE("an eroded mask is OpenCV's by a square, with nothing outside of the image") {
  Random random(5);
  for (int i = 0; i < 300; ++i) {
    const Size size{static_cast<int>(random.below(40)) + 1, static_cast<int>(random.below(40)) + 1};
    cv::Mat mask(size.height, size.width, CV_8UC1);
    const double holes = i % 3 == 0 ? 0 : i % 3 == 1 ? .02 : .3;
    for (int p = 0; p < mask.rows * mask.cols; ++p)
      mask.at<std::uint8_t>(p / mask.cols, p % mask.cols) = random.chance(holes) ? 0 : 1;
    const int radius = static_cast<int>(random.below(7));
    cv::Mat expected;
    cv::erode(mask, expected, cv::Mat::ones(2 * radius + 1, 2 * radius + 1, CV_8UC1), {-1, -1}, 1,
              cv::BORDER_CONSTANT, cv::Scalar(0));
    INFO(size.width << "x" << size.height << " by " << radius);
    CHECK(eroded(rle_from_mask(mask), radius) == rle_from_mask(expected));
  }
}

TEST_CASE("a run of nothing in the middle of a stretch does not erode it") {
  const Rle whole{{3, 5}, {0, 15}}, in_pieces{{3, 5}, {0, 7, 0, 8}};
  CHECK(eroded(in_pieces, 1) == eroded(whole, 1));
  CHECK(area(eroded(whole, 1)) == 3);
}

TEST_CASE("a large mask is eroded by a large square") {
  const Rle square = shifted({{1000, 1000}, {0, 1000000}}, 200, 300, {6000, 4000});
  CHECK(bounding_box(eroded(square, 144)) == Box{344, 444, 712, 712});
  CHECK(area(eroded(square, 144)) == 712 * 712);
  CHECK(area(eroded(square, 500)) == 0);
}

}  // namespace maskmill::tests
