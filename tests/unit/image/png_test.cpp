// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <opencv2/core.hpp>

#include "base/parallel.h"
#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

std::vector<Rgb> palette_of_make_py(int count) {
  std::vector<Rgb> palette;
  for (int i = 0; i < count; ++i)
    palette.push_back({static_cast<std::uint8_t>(37 * i), static_cast<std::uint8_t>(91 * i + 5),
                       static_cast<std::uint8_t>(255 - i)});
  return palette;
}

cv::Mat repeated(const cv::Mat& gray) {
  cv::Mat rgb;
  cv::merge(std::vector<cv::Mat>{gray, gray, gray}, rgb);
  return rgb;
}

}  // namespace

TEST_CASE("a gray PNG keeps its samples at each bit depth, interlaced or not") {
  const int bits = GENERATE(1, 2, 4, 8, 16);
  const std::string suffix = GENERATE("", "_interlaced");
  const RawImage raw = read_raw(picture(fmt::format("gray{}{}.png", bits, suffix)));
  INFO(bits << suffix);
  CHECK(equal(raw.pixels, values(bits)));
  CHECK(raw.bit_depth == bits);
  CHECK(raw.palette.empty());
}

TEST_CASE("a palette PNG is its indices and its palette, never its colours") {
  const int bits = GENERATE(1, 2, 4, 8);
  const std::string suffix = GENERATE("", "_interlaced");
  const Path path = picture(fmt::format("palette{}{}.png", bits, suffix));
  const RawImage raw = read_raw(path);
  INFO(path);
  CHECK(equal(raw.pixels, values(bits)));
  CHECK(raw.bit_depth == bits);
  const std::vector<Rgb> palette = palette_of_make_py(1 << bits);
  CHECK(raw.palette == palette);

  cv::Mat looked_up(raw.pixels.size(), CV_8UC3);
  for (int y = 0; y < looked_up.rows; ++y)
    for (int x = 0; x < looked_up.cols; ++x) {
      const Rgb colour = palette[value_at(x, y, bits)];
      looked_up.at<cv::Vec3b>(y, x) = {colour.r, colour.g, colour.b};
    }
  CHECK(equal(read_image(path), looked_up));
}

TEST_CASE("transparency changes neither indices nor colours") {
  CHECK(equal(read_raw(picture("palette4_transparent.png")).pixels, values(4)));
  CHECK(equal(read_raw(picture("gray8_transparent.png")).pixels, values(8)));
  CHECK(equal(read_image(picture("gray8_transparent.png")), repeated(values(8))));
}

TEST_CASE("channels of a PNG come in file order, and colours without alpha") {
  CHECK(equal(read_raw(picture("rgb.png")).pixels, colours()));
  CHECK(equal(read_raw(picture("rgb_interlaced.png")).pixels, colours()));
  CHECK(equal(read_image(picture("rgb_interlaced.png")), colours()));

  const cv::Mat rgba = read_raw(picture("rgba.png")).pixels;
  REQUIRE(rgba.type() == CV_8UC4);
  CHECK(rgba.at<cv::Vec4b>(2, 3) == cv::Vec4b(57, 56, 55, 255 - 27));
  CHECK(equal(read_image(picture("rgba.png")), colours()));

  const cv::Mat gray_alpha = read_raw(picture("gray_alpha.png")).pixels;
  REQUIRE(gray_alpha.type() == CV_8UC2);
  CHECK(gray_alpha.at<cv::Vec2b>(2, 3) == cv::Vec2b(83, 255 - 27));
  CHECK(equal(read_image(picture("gray_alpha.png")), repeated(values(8))));
}

TEST_CASE("colours of low and high bit depths are scaled to 8 bits") {
  const int bits = GENERATE(1, 2, 4);
  CHECK(equal(read_image(picture(fmt::format("gray{}.png", bits))),
              repeated(values(bits) * (255 / ((1 << bits) - 1)))));
  CHECK(equal(read_image(picture("rgb16.png")), colours()));
  cv::Mat high;
  values(16).convertTo(high, CV_32F, 1.0 / 256, -0.5);
  high.convertTo(high, CV_8U);
  CHECK(distance(read_image(picture("gray16.png")), repeated(high)) <= 1);
}

TEST_CASE("a 16-bit mask of several channels is refused with a hint") {
  const Error error = thrown_by([] { read_raw(picture("rgb16.png")); });
  CHECK(error.code() == Code::unsupported);
  CHECK_FALSE(error.hint_text().empty());
}

TEST_CASE("what is written as an index PNG comes back, whatever its size and type") {
  Random random({1, 2});
  for (int round = 0; round < 60; ++round) {
    const Size size{static_cast<int>(1 + random.below(70)), static_cast<int>(1 + random.below(40))};
    const cv::Mat around =
        noise(random, {size.width + 5, size.height + 2}, round % 2 == 0 ? CV_8UC1 : CV_16UC1);
    const cv::Mat mask = around(cv::Rect(3, 1, size.width, size.height));  // its rows do not lie side by side
    CHECK(equal(decode_raw(encode_index_png(mask)).pixels, mask));
  }
}

TEST_CASE("a written palette comes back with the indices") {
  Random random({3});
  const cv::Mat mask = noise(random, {31, 17}, CV_8UC1) & 15;
  const RawImage raw = decode_raw(encode_index_png(mask, voc_palette(16)));
  CHECK(equal(raw.pixels, mask));
  CHECK(raw.palette == voc_palette(16));
}

TEST_CASE("an index PNG depends on its pixels alone") {
  Random random({4});
  const cv::Mat mask = noise(random, {64, 48}, CV_8UC1);
  const std::string once = encode_index_png(mask);
  parallel_for(16, [&](std::size_t) {
    if (encode_index_png(mask.clone()) != once) throw Error(Code::bug, "other bytes");
  });
}

TEST_CASE("an index past the palette, a palette for 16 bits and colours are refused") {
  const cv::Mat mask(4, 4, CV_8UC1, cv::Scalar(3));
  CHECK(thrown_by([&] { encode_index_png(mask, voc_palette(3)); }).code() == Code::bad_value);
  CHECK_NOTHROW(encode_index_png(mask, voc_palette(4)));
  CHECK(thrown_by([&] { encode_index_png(mask, voc_palette(257)); }).code() == Code::bad_value);
  CHECK(thrown_by([] { encode_index_png(cv::Mat(4, 4, CV_16UC1, cv::Scalar(0)), voc_palette(3)); }).code() ==
        Code::bad_value);
  CHECK(thrown_by([] { encode_index_png(cv::Mat(4, 4, CV_8UC3, cv::Scalar(0))); }).code() == Code::bad_value);
  CHECK(thrown_by([] { encode_index_png(cv::Mat()); }).code() == Code::bad_value);
  CHECK(thrown_by([] { encode_png(cv::Mat(4, 4, CV_32FC1, cv::Scalar(0))); }).code() == Code::bad_value);
}

TEST_CASE("what is written as a PNG of colours comes back") {
  Random random({5});
  const int type = GENERATE(CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1);
  for (int round = 0; round < 10; ++round) {
    const Size size{static_cast<int>(1 + random.below(50)), static_cast<int>(1 + random.below(30))};
    const cv::Mat pixels = noise(random, size, type);
    CHECK(equal(decode_raw(encode_png(pixels)).pixels, pixels));
  }
}

TEST_CASE("Pascal VOC's colours are those of its development kit") {
  CHECK(voc_colour(0) == Rgb{0, 0, 0});
  CHECK(voc_colour(1) == Rgb{128, 0, 0});
  CHECK(voc_colour(2) == Rgb{0, 128, 0});
  CHECK(voc_colour(15) == Rgb{192, 128, 128});
  CHECK(voc_colour(20) == Rgb{0, 64, 128});
  CHECK(voc_colour(255) == Rgb{224, 224, 192});
  CHECK(voc_palette(21).at(20) == voc_colour(20));
  CHECK(voc_palette(0).empty());
}

}  // namespace maskmill::tests
