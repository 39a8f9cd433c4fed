// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <set>

#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

// A JPEG's first bytes with this EXIF block, and those of a picture behind it.
std::string with_exif(const std::string& tiff) {
  const std::string jpeg = picture_bytes("ramp.jpg"), payload = std::string("Exif\0\0", 6) + tiff;
  const std::size_t length = payload.size() + 2;
  return jpeg.substr(0, 2) + "\xFF\xE1" + static_cast<char>(length >> 8) + static_cast<char>(length & 0xFF) +
         payload + jpeg.substr(2);
}

int orientation_of(const std::string& tiff) {
  return probe_image_bytes(with_exif(tiff)).orientation;
}

// One entry: orientation, SHORT, one value.
const std::string kLittle("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0", 26);
const std::string kBig("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 26);

}  // namespace

TEST_CASE("pictures stored in all eight orientations display equal") {
  const cv::Mat upright = read_image(picture("orientation1.jpg"));
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Path path = picture(fmt::format("orientation{}.jpg", orientation));
    const ImageInfo info = probe_image(path);
    INFO(path);
    CHECK(info.orientation == orientation);
    CHECK(info.stored == (orientation >= 5 ? Size{16, 24} : Size{24, 16}));
    CHECK(info.size() == Size{24, 16});
    CHECK(distance(read_image(path), upright) <= 1);
    const cv::Mat stored = read_image(path, {.orient = false});
    CHECK(Size{stored.cols, stored.rows} == info.stored);
    CHECK(equal(read_raw(path).pixels, stored));
  }
}

TEST_CASE("the eight orientations differ and each is undone by its inverse") {
  Random random({7});
  const cv::Mat pixels = noise(random, {5, 3}, CV_8UC3);
  std::set<std::string> seen;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const cv::Mat turned = oriented(pixels, orientation);
    CHECK(turned.cols == (orientation >= 5 ? 3 : 5));
    seen.emplace(reinterpret_cast<const char*>(turned.data), turned.total() * 3);
    const int inverse = orientation == 6 ? 8 : orientation == 8 ? 6 : orientation;
    CHECK(equal(oriented(turned, inverse), pixels));
  }
  CHECK(seen.size() == 8);
  CHECK(thrown_by([&] { oriented(pixels, 9); }).code() == Code::bad_value);
}

TEST_CASE("a PNG's EXIF turns its colours and leaves its samples") {
  const Path path = picture("orientation6.png");
  CHECK(probe_image(path).size() == Size{9, 13});
  CHECK(equal(read_image(path), oriented(colours(), 6)));
  CHECK(equal(read_raw(path).pixels, colours()));
}

TEST_CASE("EXIF is read in both byte orders") {
  CHECK(orientation_of(kLittle) == 6);
  CHECK(orientation_of(kBig) == 6);
}

TEST_CASE("EXIF that is cut off, points outside or says nonsense leaves the picture as it lies") {
  for (std::size_t length = 0; length < kLittle.size(); ++length) {
    const int orientation = orientation_of(kLittle.substr(0, length));
    CHECK((orientation == 1 || orientation == 6));
  }
  std::string nonsense = kLittle;
  nonsense[18] = 9;
  CHECK(orientation_of(nonsense) == 1);
  std::string far_away = kLittle;
  far_away[7] = '\x7F';
  CHECK(orientation_of(far_away) == 1);
  std::string many = kLittle;  // 65535 entries, the first of which is another tag
  many[8] = many[9] = '\xFF';
  many[10] = 0;
  CHECK(orientation_of(many) == 1);
  std::string indirect = kLittle;  // three values, which lie behind the end
  indirect[14] = 3;
  CHECK(orientation_of(indirect) == 1);

  std::string short_segment = with_exif(kLittle);  // its length ends it inside the mark
  short_segment[5] = 5;
  CHECK(thrown_by([&] { probe_image_bytes(short_segment); }).code() == Code::bad_format);

  Random random({8});
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = round % 2 == 0 ? kLittle : kBig;
    for (int i = 0; i < 3; ++i) damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    const int orientation = orientation_of(damaged);
    CHECK((orientation >= 1 && orientation <= 8));
  }
}

}  // namespace maskmill::tests
