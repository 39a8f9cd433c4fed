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

std::string noisy_jpeg() {
  Random random({11});
  return encode_jpeg(noise(random, {64, 48}, CV_8UC3));
}

std::size_t marker_at(const std::string& jpeg, char code) {
  const std::size_t at = jpeg.find(std::string{'\xFF', code});
  REQUIRE(at != std::string::npos);
  return at;
}

std::size_t length_at(const std::string& jpeg, std::size_t marker) {
  return static_cast<unsigned char>(jpeg[marker + 2]) * 256U + static_cast<unsigned char>(jpeg[marker + 3]);
}

std::string of_unknown_jfif_version(std::string jpeg) {
  jpeg[marker_at(jpeg, '\xE0') + 9] = 3;
  return jpeg;
}

// Pictures at which libjpeg warns, and whose pixels are all there.
std::vector<std::string> with_harmless_warnings(const std::string& jpeg) {
  std::string left_over = jpeg;
  left_over.insert(jpeg.size() - 2, 20, '\x11');
  std::string spectral_end = jpeg;
  const std::size_t scan = marker_at(jpeg, '\xDA');
  spectral_end[scan + length_at(jpeg, scan)] = 0;
  std::string adobe = jpeg;
  const std::size_t jfif = marker_at(jpeg, '\xE0');
  const std::string unknown_transform("\xFF\xEE\0\x0E\x41\x64obe\0\x64\0\0\0\0\5", 16);  // of "Adobe"
  adobe.replace(jfif, 2 + length_at(jpeg, jfif), unknown_transform);
  return {left_over, spectral_end, adobe, of_unknown_jfif_version(jpeg)};
}

// Two blocks of one gray, one below the other and each a restart interval, with `left_over` behind the first
// one's data.
std::string two_intervals(const std::string& left_over) {
  std::string jpeg = encode_jpeg(cv::Mat(8, 8, CV_8UC1, cv::Scalar(90)));
  jpeg[marker_at(jpeg, '\xC0') + 6] = 16;  // the height
  const std::size_t scan = marker_at(jpeg, '\xDA'), begin = scan + 2 + length_at(jpeg, scan);
  const std::string data = jpeg.substr(begin, jpeg.size() - 2 - begin);
  return jpeg.substr(0, scan) + std::string("\xFF\xDD\0\4\0\1", 6) + jpeg.substr(scan, begin - scan) + data +
         left_over + "\xFF\xD0" + data + "\xFF\xD9";
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

TEST_CASE("a JPEG at which the library warns, and whose pixels are all there, is read") {
  const std::string jpeg = noisy_jpeg();
  int number = 0;
  for (const std::string& warned : with_harmless_warnings(jpeg)) {
    INFO("picture " << number++);
    CHECK(equal(decode_image(warned), decode_image(jpeg)));
    CHECK(equal(decode_raw(warned).pixels, decode_image(jpeg)));
    CHECK(equal(decode_image(warned, {.at_least = Size{20, 10}}),
                decode_image(jpeg, {.at_least = Size{20, 10}})));
  }
}

TEST_CASE("pixels that are missing or wrong are found behind a warning that does no harm") {
  const std::string jpeg = of_unknown_jfif_version(noisy_jpeg());
  const auto code_of = [](const std::string& bytes) {
    return thrown_by([&] { decode_image(bytes); }).code();
  };
  CHECK(code_of(jpeg.substr(0, jpeg.size() - 40)) == Code::bad_format);
  CHECK(code_of(std::string(jpeg).replace(jpeg.size() * 2 / 3, 2, "\xFF\xD9")) == Code::bad_format);
}

TEST_CASE("bytes left over inside a scan mean that it was decoded wrongly") {
  CHECK(distance(decode_raw(two_intervals("")).pixels, cv::Mat(16, 8, CV_8UC1, cv::Scalar(90))) <= 1);
  const Error error = thrown_by([] { decode_raw(two_intervals(std::string(20, '\x11'))); });
  CHECK(error.code() == Code::bad_format);
  CHECK_THAT(error.message(), contains("extraneous"));
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
