// SPDX-License-Identifier: Apache-2.0
#include "render/close_up.h"

#include "image/image.h"
#include "pictures.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// A gray picture with three red pixels in a row at (x, y).
Item item_with_dot(const Scratch& scratch, Size size, int x, int y) {
  cv::Mat rgb(size.height, size.width, CV_8UC3, cv::Scalar(128, 128, 128));
  rgb(cv::Rect(x, y, 3, 1)) = cv::Scalar(255, 0, 0);
  Item item;
  item.id = "dot";
  item.size = size;
  item.image = scratch.write("dot.png", encode_png(rgb));
  return item;
}

int red_pixels(const cv::Mat& rgb) {
  int count = 0;
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x) count += rgb.at<cv::Vec3b>(y, x) == cv::Vec3b(255, 0, 0);
  return count;
}

/// The smallest rectangle that has all changes against a gray picture.
cv::Rect changed(const cv::Mat& rgb) {
  cv::Rect all;
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x)
      if (rgb.at<cv::Vec3b>(y, x) != cv::Vec3b(128, 128, 128)) all |= cv::Rect(x, y, 1, 1);
  return all;
}

}  // namespace

TEST_CASE("what is too small to be seen in the whole picture is shown enlarged, and framed in both") {
  const Scratch scratch;
  const Item item = item_with_dot(scratch, {2400, 1600}, 1800, 400);
  const auto pictures = close_up(item, {}, {1800, 400, 3, 1}, 300);
  REQUIRE(pictures.size() == 2);
  const cv::Rect frame = changed(pictures[0]);
  CHECK(std::max(pictures[0].cols, pictures[0].rows) == 300);
  CHECK(frame.contains(cv::Point(1800 / 8, 400 / 8)));
  CHECK(frame.area() < 900);
  // Pixels as they are, in whole multiples, and no line over them.
  const int red = red_pixels(pictures[1]);
  CHECK(red >= 3 * 5 * 5);
  CHECK(red % 3 == 0);
  CHECK(std::max(pictures[1].cols, pictures[1].rows) <= 300);
}

TEST_CASE("at the image's corner the enlarged part ends with the image, and nothing lies outside") {
  const Scratch scratch;
  const Item item = item_with_dot(scratch, {2400, 1600}, 0, 0);
  const auto pictures = close_up(item, {}, {0, 0, 3, 1}, 300);
  REQUIRE(pictures.size() == 2);
  CHECK(red_pixels(pictures[1]) > 0);
  CHECK(close_up(item, {}, {-9000, -9000, 3, 1}, 300).size() == 1);
}

TEST_CASE("what is large enough is framed alone") {
  const Scratch scratch;
  const Item item = item_with_dot(scratch, {2400, 1600}, 1800, 400);
  const auto pictures = close_up(item, {}, {600, 400, 1200, 800}, 300);
  REQUIRE(pictures.size() == 1);
  const cv::Rect frame = changed(pictures[0]);
  CHECK(frame.x < 600 / 8);
  CHECK(frame.width > 1200 / 8);
}
