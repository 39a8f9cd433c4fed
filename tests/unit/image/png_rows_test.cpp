// SPDX-License-Identifier: Apache-2.0
#include "image/png_rows.h"

#include <spng.h>

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

TEST_CASE("a PNG with anything out of order is left to the general decoder") {
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
