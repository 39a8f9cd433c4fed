// SPDX-License-Identifier: Apache-2.0
#include "image/png_rows.h"

#include <spng.h>

#include <functional>
#include <memory>

#include "catch.h"
#include "image/codecs.h"
#include "pictures.h"

namespace maskmill::tests {
namespace {

// As libspng writes it, with one filter for all rows or, where several are allowed, the best for each.
std::string encoded(const cv::Mat& pixels, int filters) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(SPNG_CTX_ENCODER), spng_ctx_free);
  std::string png;
  const auto append = [](spng_ctx*, void* to, void* bytes, std::size_t count) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), count);
    return 0;
  };
  REQUIRE(spng_set_png_stream(context.get(), append, &png) == 0);
  spng_ihdr header{};
  header.width = static_cast<std::uint32_t>(pixels.cols);
  header.height = static_cast<std::uint32_t>(pixels.rows);
  header.bit_depth = pixels.depth() == CV_16U ? 16 : 8;
  header.color_type = SPNG_COLOR_TYPE_GRAYSCALE;
  REQUIRE(spng_set_ihdr(context.get(), &header) == 0);
  REQUIRE(spng_set_option(context.get(), SPNG_FILTER_CHOICE, filters) == 0);
  REQUIRE(spng_encode_image(context.get(), pixels.data, pixels.total() * pixels.elemSize(), SPNG_FMT_PNG,
                            SPNG_ENCODE_FINALIZE) == 0);
  return png;
}

std::optional<cv::Mat> rows_of(const std::string& png, const cv::Mat& like) {
  return codecs::decode_gray_rows(png, like.rows, like.cols, static_cast<int>(like.elemSize()));
}

constexpr std::size_t kHeaderEnd = 33;

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xFF);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
  std::uint32_t crc = 0xFFFFFFFF;  // PNG 1.2, annex D
  for (const char c : type + data) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return big_endian(static_cast<std::uint32_t>(data.size())) + type + data + big_endian(~crc);
}

std::string bytes_of(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes += static_cast<char>(value);
  return bytes;
}

// Two rows of two pixels, 7 0 and 9 0, in one block that is stored (RFC 1950 and 1951).
struct Pieces {
  std::string header = bytes_of({0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 0});
  std::string pixels = bytes_of({0x78, 1, 1, 6, 0, 0xF9, 0xFF, 0, 7, 0, 0, 9, 0, 0, 0x3B, 0, 0x11});
  std::string before, behind, end;
  std::string png() const {
    return std::string("\x89PNG\r\n\x1a\n") + chunk("IHDR", header) + before + chunk("IDAT", pixels) +
           behind + chunk("IEND", end);
  }
};

}  // namespace

TEST_CASE("each filter of a PNG is undone, at any width") {
  Random random(7);
  for (const int type : {CV_8UC1, CV_16UC1})
    for (const int filter : {SPNG_FILTER_CHOICE_NONE, SPNG_FILTER_CHOICE_SUB, SPNG_FILTER_CHOICE_UP,
                             SPNG_FILTER_CHOICE_AVG, SPNG_FILTER_CHOICE_PAETH, SPNG_FILTER_CHOICE_ALL})
      for (const int width : {1, 2, 15, 16, 17, 33, 200}) {
        INFO(type << " " << filter << " " << width);
        const cv::Mat pixels = noise(random, {width, 150}, type);
        const auto rows = rows_of(encoded(pixels, filter), pixels);
        REQUIRE(rows);
        CHECK(equal(*rows, pixels));
      }
}

TEST_CASE("a PNG whose chunks are out of order is left to the general decoder") {
  const cv::Mat expected = (cv::Mat_<std::uint8_t>(2, 2) << 7, 0, 9, 0);
  const auto rows = rows_of(Pieces().png(), expected);
  REQUIRE(rows);
  CHECK(equal(*rows, expected));
  const auto is_left = [&](const std::function<void(Pieces&)>& change) {
    Pieces pieces;
    change(pieces);
    return !rows_of(pieces.png(), expected);
  };
  const std::string palette = chunk("PLTE", std::string(768, 'p'));
  CHECK_FALSE(is_left([](Pieces& p) { p.before = p.behind = chunk("tEXt", "a"); }));
  CHECK_FALSE(is_left([&](Pieces& p) { p.header[9] = 3, p.before = palette; }));
  CHECK(is_left([](Pieces& p) { p.before = chunk("ABCD", "critical"); }));
  CHECK(is_left([](Pieces& p) { p.behind = chunk("ABCD", "critical"); }));
  CHECK(is_left([](Pieces& p) { p.before = chunk("IHDR", p.header); }));
  CHECK(is_left([](Pieces& p) { p.behind = chunk("tEXt", "a") + chunk("IDAT", ""); }));
  CHECK(is_left([](Pieces& p) { p.header[10] = 1; }));  // compression
  CHECK(is_left([](Pieces& p) { p.header[11] = 1; }));  // filtering
  CHECK(is_left([](Pieces& p) { p.header[12] = 1; }));  // interlaced
  CHECK(is_left([](Pieces& p) { p.end = "not empty"; }));
  CHECK(is_left([](Pieces& p) { p.pixels += "behind"; }));
  CHECK(is_left([](Pieces& p) { p.header[9] = 3; }));  // no palette
  CHECK(is_left([&](Pieces& p) { p.header[9] = 3, p.behind = palette; }));
  CHECK(is_left([&](Pieces& p) { p.header[9] = 3, p.before = palette + palette; }));
  CHECK(is_left([](Pieces& p) { p.header[9] = 3, p.before = chunk("PLTE", "1234"); }));
  CHECK(is_left([](Pieces& p) { p.header[9] = 3, p.before = chunk("PLTE", std::string(771, 'p')); }));
}

TEST_CASE("a damaged PNG is left to the general decoder") {
  Random random(8);
  const cv::Mat pixels = noise(random, {300, 200}, CV_8UC1);
  const std::string png = encoded(pixels, SPNG_FILTER_CHOICE_SUB);
  REQUIRE(rows_of(png, pixels));
  for (int i = 0; i < 200; ++i) {
    std::string changed = png;
    changed[kHeaderEnd + random.below(png.size() - kHeaderEnd)] ^= static_cast<char>(1 + random.below(255));
    CHECK_FALSE(rows_of(changed, pixels));
    CHECK_FALSE(rows_of(png.substr(0, random.below(png.size())), pixels));
  }
  CHECK_FALSE(rows_of(png, cv::Mat(201, 300, CV_8UC1)));
  CHECK_FALSE(rows_of(png, cv::Mat(199, 300, CV_8UC1)));
  CHECK_FALSE(rows_of(png, cv::Mat(100000, 20000, CV_8UC1)));
}

}  // namespace maskmill::tests
