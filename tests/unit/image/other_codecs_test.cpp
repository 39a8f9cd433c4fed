// SPDX-License-Identifier: Apache-2.0
#include <opencv2/core.hpp>

#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {

TEST_CASE("BMP, TIFF and WebP give RGB colours") {
  for (const std::string name : {"rgb.bmp", "rgb.tif", "rgb.webp"}) {
    INFO(name);
    const ImageInfo info = probe_image(picture(name));
    CHECK(info.stored == kPictureSize);
    CHECK(info.channels == 3);
    CHECK(equal(read_image(picture(name)), colours()));
    CHECK(equal(read_raw(picture(name)).pixels, colours()));
  }
  CHECK(probe_image(picture("lossy.webp")).stored == kPictureSize);
  CHECK(distance(read_image(picture("lossy.webp")), colours()) < 60);
}

TEST_CASE("gray BMP and TIFF keep their samples") {
  CHECK(equal(read_raw(picture("gray8.bmp")).pixels, values(8)));
  CHECK(equal(read_raw(picture("gray8.tif")).pixels, values(8)));
  const RawImage deep = read_raw(picture("gray16.tif"));
  CHECK(equal(deep.pixels, values(16)));
  CHECK(deep.bit_depth == 16);
  CHECK(probe_image(picture("gray16.tif")).bit_depth == 16);
}

TEST_CASE("a TIFF's and a WebP's orientation turn colours and leave samples") {
  const Path tiff = picture("gray8_orientation6.tif");
  CHECK(probe_image(tiff).size() == Size{9, 13});
  CHECK(equal(read_raw(tiff).pixels, values(8)));
  cv::Mat red;
  cv::extractChannel(read_image(tiff), red, 0);
  CHECK(equal(red, oriented(values(8), 6)));
  CHECK(equal(read_image(picture("orientation8.webp")), oriented(colours(), 8)));
}

TEST_CASE("masks whose indices would be lost are refused with a hint") {
  for (const std::string name :
       {"palette8.bmp", "palette8.tif", "gray1.bmp", "white_is_zero.tif", "rgba.tif", "rgb.gif"}) {
    const Error error = thrown_by([&] { read_raw(picture(name)); });
    INFO(name);
    CHECK(error.code() == Code::unsupported);
    CHECK_THAT(error.hint_text(), contains("PNG"));
  }
  CHECK(probe_image(picture("palette8.bmp")).palette);
  CHECK(read_image(picture("palette8.bmp")).type() == CV_8UC3);
}

TEST_CASE("animated WebP is refused") {
  CHECK(thrown_by([] { read_image(picture("animated.webp")); }).code() == Code::unsupported);
}

TEST_CASE("a BMP, TIFF or WebP that ends early is refused") {
  for (const std::string name : {"rgb.bmp", "gray8.bmp", "gray16.tif", "rgb.tif", "rgb.webp", "lossy.webp"}) {
    const std::string bytes = picture_bytes(name);
    for (const std::size_t length : {bytes.size() - 1, bytes.size() / 2, std::size_t{20}}) {
      INFO(name << " cut after " << length);
      CHECK(thrown_by([&] { decode_image(bytes.substr(0, length)); }).code() == Code::bad_format);
    }
  }
}

}  // namespace maskmill::tests
