// SPDX-License-Identifier: Apache-2.0
#include "image/perceptual_hash.h"

#include <cmath>
#include <numbers>
#include <set>

#include "image/image.h"
#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

/// One frequency across and down, and nothing else.
cv::Mat wave(int across, int down) {
  cv::Mat_<std::uint8_t> picture(32, 32);
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 32; ++x)
      picture(y, x) = static_cast<std::uint8_t>(
          std::lround(128 + 100 * std::cos(std::numbers::pi * (x + 0.5) * across / 32) *
                                std::cos(std::numbers::pi * (y + 0.5) * down / 32)));
  return picture;
}

/// Noise of several scales, as photographs have.
cv::Mat drawn(std::uint64_t seed, Size size = {320, 240}) {
  Random random(seed);
  cv::Mat sum(size.height, size.width, CV_8UC3, cv::Scalar(20, 30, 40));
  for (int cells = 4; cells <= 64; cells *= 2) {
    const cv::Mat coarse = noise(random, {cells, cells}, CV_8UC3);
    sum += resize_picture(coarse, size) * (1.6 / cells);
  }
  return sum;
}

std::uint64_t hash_of(const cv::Mat& picture) {
  const auto thumbnail = gray_thumbnail(picture);
  REQUIRE(thumbnail);
  return perceptual_hash(*thumbnail);
}

}  // namespace

TEST_CASE("a bit of the hash is the sign of one frequency") {
  for (int down = 1; down <= 8; ++down)
    for (int across = 1; across <= 8; ++across) {
      const std::uint64_t bit = std::uint64_t{1} << (8 * (down - 1) + across - 1);
      INFO(across << " across, " << down << " down");
      CHECK((hash_of(wave(across, down)) & bit) != 0);
      CHECK((hash_of(255 - wave(across, down)) & bit) == 0);
    }
}

TEST_CASE("a mirrored picture's hash follows from the picture's") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const cv::Mat picture = drawn(seed);
    // Frequencies that are nearly 0 may round to either side.
    CHECK(hamming_distance(hash_of(oriented(picture, 2)), mirrored_hash(hash_of(picture))) <= 2);
  }
}

TEST_CASE(
    "brightness, contrast, size and JPEG's losses hardly change a hash; another picture's differs in half the bits") {
  double others = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const cv::Mat picture = drawn(seed);
    const std::uint64_t hash = hash_of(picture);
    INFO(seed);
    CHECK(hamming_distance(hash, hash_of(0.8 * picture + cv::Scalar(9, 9, 9))) <= 5);
    CHECK(hamming_distance(hash, hash_of(resize_picture(picture, {131, 97}))) <= 5);
    CHECK(hamming_distance(hash, hash_of(decode_image(encode_jpeg(picture, 70)))) <= 5);
    others += hamming_distance(hash, hash_of(drawn(seed + 100))) / 20.0;
  }
  CHECK(others > 26);
  CHECK(others < 38);
}

TEST_CASE("one of the windows has nearly the hash of a picture that was cut by 5 %") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const cv::Mat picture = drawn(seed, {400, 400});
    const auto windows = window_hashes(*gray_thumbnail(picture));
    CHECK(windows[0] == hash_of(picture));
    for (std::size_t i = 0; i < crop_windows().size(); ++i) {
      const CropWindow& window = crop_windows()[i];
      const auto px = [](double share) { return static_cast<int>(std::lround(400 * share)); };
      const cv::Rect part(px(window.left), px(window.top), 400 - px(window.left + window.right),
                          400 - px(window.top + window.bottom));
      INFO(seed << ", window " << i);
      CHECK(hamming_distance(windows[i], hash_of(picture(part))) <= 5);
    }
  }
}

TEST_CASE("what is small or flat has no thumbnail") {
  CHECK_FALSE(gray_thumbnail(drawn(1, {31, 100})));
  CHECK(gray_thumbnail(drawn(1, {32, 32})));
  CHECK_FALSE(gray_thumbnail(cv::Mat(64, 64, CV_8UC3, cv::Scalar(90, 10, 200))));
  CHECK(thrown_by([] { gray_thumbnail(cv::Mat(64, 64, CV_16UC1, cv::Scalar(1))); }).code() == Code::bug);
}

}  // namespace maskmill::tests
