// SPDX-License-Identifier: Apache-2.0
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "base/parallel.h"
#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

// make.py's blocks of 8 x 8 pixels, which JPEG keeps but for rounding.
cv::Mat blocks() {
  cv::Mat pixels(16, 24, CV_8UC3);
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 24; ++x) {
      const int column = x / 8, row = y / 8;
      pixels.at<cv::Vec3b>(y, x) = {static_cast<std::uint8_t>(40 + 30 * column + 90 * row),
                                    static_cast<std::uint8_t>(220 - 60 * column),
                                    static_cast<std::uint8_t>(30 + 150 * row)};
    }
  return pixels;
}

cv::Mat smooth(Size size) {
  cv::Mat pixels(size.height, size.width, CV_8UC3);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x)
      pixels.at<cv::Vec3b>(y, x) = {static_cast<std::uint8_t>(255 * x / size.width),
                                    static_cast<std::uint8_t>(255 * y / size.height), 90};
  return pixels;
}

}  // namespace

TEST_CASE("a JPEG is read as RGB, and a gray one as gray only where samples are asked for") {
  CHECK(distance(read_image(picture("orientation1.jpg")), blocks()) <= 2);
  CHECK(distance(read_raw(picture("orientation1.jpg")).pixels, blocks()) <= 2);

  std::vector<cv::Mat> channels;
  cv::split(blocks(), channels);
  const RawImage gray = read_raw(picture("gray.jpg"));
  REQUIRE(gray.pixels.type() == CV_8UC1);
  CHECK(distance(gray.pixels, channels[0]) <= 1);
  cv::Mat repeated;
  cv::cvtColor(gray.pixels, repeated, cv::COLOR_GRAY2RGB);
  CHECK(equal(read_image(picture("gray.jpg")), repeated));
}

TEST_CASE("CMYK and YCCK become the colours that Pillow makes of them") {
  CHECK(distance(read_image(picture("cmyk.jpg")), read_image(picture("cmyk_as_rgb.png"))) <= 1);
  CHECK(distance(read_image(picture("ycck.jpg")), read_image(picture("ycck_as_rgb.png"))) <= 1);
  CHECK(read_raw(picture("cmyk.jpg")).pixels.type() == CV_8UC3);
  CHECK(probe_image(picture("ycck.jpg")).cmyk);
}

TEST_CASE("a JPEG is decoded at the smallest scale that is large enough") {
  const Size stored{101, 67};
  const std::string jpeg = encode_jpeg(smooth(stored));
  const auto size_for = [&](Size at_least) {
    const cv::Mat pixels = decode_image(jpeg, {.at_least = at_least});
    return Size{pixels.cols, pixels.rows};
  };
  CHECK(size_for({1, 1}) == Size{13, 9});
  CHECK(size_for({13, 9}) == Size{13, 9});
  CHECK(size_for({14, 9}) == Size{26, 17});
  CHECK(size_for({13, 10}) == Size{26, 17});
  CHECK(size_for({27, 1}) == Size{51, 34});
  CHECK(size_for({52, 34}) == stored);
  CHECK(size_for(stored) == stored);
  CHECK(size_for({1000, 1000}) == stored);
  CHECK(size_for({0, 0}) == Size{13, 9});
}

TEST_CASE("a scaled decode shows the same picture") {
  Random random({6});
  for (int round = 0; round < 20; ++round) {
    const Size stored{static_cast<int>(1 + random.below(300)), static_cast<int>(1 + random.below(200))};
    const Size wanted{static_cast<int>(1 + random.below(150)), static_cast<int>(1 + random.below(100))};
    const std::string jpeg = encode_jpeg(smooth(stored), 95);
    const cv::Mat full = decode_image(jpeg), scaled = decode_image(jpeg, {.at_least = wanted});
    CHECK(scaled.cols >= std::min(wanted.width, stored.width));
    CHECK(scaled.rows >= std::min(wanted.height, stored.height));
    CHECK(cv::norm(cv::mean(full), cv::mean(scaled), cv::NORM_INF) < 12);
  }
}

TEST_CASE("the size asked for counts pixels as displayed") {
  // Stored 16 x 24, displayed 24 x 16: half of it suffices for 12 x 8, not for 8 x 12.
  CHECK(read_image(picture("orientation6.jpg"), {.at_least = Size{12, 8}}).size() == cv::Size(12, 8));
  CHECK(read_image(picture("orientation6.jpg"), {.at_least = Size{8, 12}}).size() == cv::Size(24, 16));
  CHECK(read_image(picture("orientation6.jpg"), {.at_least = Size{8, 12}, .orient = false}).size() ==
        cv::Size(8, 12));
}

TEST_CASE("a written JPEG comes back about as it was") {
  const cv::Mat pixels = smooth({80, 60});
  CHECK(distance(decode_image(encode_jpeg(pixels, 95)), pixels) <= 8);
  cv::Mat gray;
  cv::extractChannel(pixels, gray, 1);
  CHECK(distance(decode_raw(encode_jpeg(gray, 95)).pixels, gray) <= 4);
  CHECK(encode_jpeg(pixels, 20).size() < encode_jpeg(pixels, 95).size());
  const cv::Mat part = pixels(cv::Rect(10, 10, 40, 30));
  CHECK(encode_jpeg(part) == encode_jpeg(part.clone()));
}

TEST_CASE("what is no JPEG's content is not written as one") {
  CHECK(thrown_by([] { encode_jpeg(cv::Mat()); }).code() == Code::bad_value);
  CHECK(thrown_by([] { encode_jpeg(cv::Mat(4, 4, CV_16UC1, cv::Scalar(0))); }).code() == Code::bad_value);
  CHECK(thrown_by([] { encode_jpeg(cv::Mat(4, 4, CV_8UC3, cv::Scalar(0)), 0); }).code() == Code::bad_value);
  CHECK(thrown_by([] { encode_jpeg(cv::Mat(1, 70000, CV_8UC1, cv::Scalar(0))); }).code() == Code::bad_value);
}

TEST_CASE("threads that decode at the same time do not disturb each other") {
  const std::string jpeg = picture_bytes("ramp.jpg"), damaged = jpeg.substr(0, jpeg.size() - 40);
  const cv::Mat expected = decode_image(jpeg);
  parallel_for(200, [&](std::size_t i) {
    if (i % 3 == 0) {
      try {
        decode_image(damaged);
      } catch (const Error&) {
        return;
      }
      throw Error(Code::bug, "a damaged JPEG was read");
    }
    if (!equal(decode_image(jpeg), expected)) throw Error(Code::bug, "other pixels");
  });
}

}  // namespace maskmill::tests
