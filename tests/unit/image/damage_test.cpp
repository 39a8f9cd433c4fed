// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

// What reading gives: nothing where it throws an Error that is no bug of ours.
std::optional<cv::Mat> tried(const std::function<cv::Mat()>& read) {
  try {
    return read();
  } catch (const Error& error) {
    REQUIRE(error.code() != Code::bug);
    return std::nullopt;
  }
}

const char* const kPictures[] = {"gray1.png",        "gray2_interlaced.png",
                                 "palette4.png",     "gray8_interlaced.png",
                                 "gray16.png",       "rgba.png",
                                 "ramp.jpg",         "ramp_progressive.jpg",
                                 "orientation6.jpg", "cmyk.jpg",
                                 "gray.jpg",         "int32.npy"};

}  // namespace

TEST_CASE("a picture cut off at any byte is an error or whole") {
  std::vector<std::string> names(std::begin(kPictures), std::end(kPictures));
  names.insert(names.end(), {"stored.npz", "deflated.npz"});
  for (const std::string& name : names) {
    const std::string bytes = picture_bytes(name);
    const cv::Mat raw = decode_raw(bytes).pixels, colours = decode_image(bytes);
    int whole = 0;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      INFO(name << " cut after " << length << " of " << bytes.size());
      const std::string cut = bytes.substr(0, length);
      const auto cut_raw = tried([&] { return decode_raw(cut).pixels; });
      const auto cut_colours = tried([&] { return decode_image(cut); });
      if (cut_raw) CHECK(equal(*cut_raw, raw));
      if (cut_colours) CHECK(equal(*cut_colours, colours));
      if (cut_raw || cut_colours) ++whole;
      tried([&] { return decode_image(cut, {.at_least = Size{3, 2}}); });
    }
    INFO(name);
    CHECK(whole <= 4);  // a PNG's last four bytes are the checksum of its end mark, which holds nothing
  }
}

TEST_CASE("bytes behind a picture's end do no harm") {
  for (const std::string name : kPictures) {
    const std::string bytes = picture_bytes(name);
    INFO(name);
    CHECK(equal(decode_image(bytes + "trailing bytes" + bytes), decode_image(bytes)));
  }
}

TEST_CASE("a changed byte in a PNG's picture is an error") {
  for (const std::string name : {"palette4.png", "gray8_interlaced.png", "rgb16.png"}) {
    const std::string bytes = picture_bytes(name);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
      INFO(name << ", byte " << i);
      CHECK_FALSE(tried([&] { return decode_image(damaged); }));
    }
  }
}

TEST_CASE("damaged bytes never crash a decoder, and the size stays what the header says") {
  Random random({9});
  for (const std::string name :
       {"palette4_transparent.png", "ramp.jpg", "ramp_progressive.jpg", "cmyk.jpg", "orientation5.jpg",
        "palette8.bmp", "rgb.webp", "lossy.webp", "rgb.gif", "stored.npz", "deflated.npz"}) {
    const std::string bytes = picture_bytes(name);
    for (int round = 0; round < 300; ++round) {
      std::string damaged = bytes;
      for (std::uint64_t i = 1 + random.below(3); i > 0; --i)
        damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
      ImageInfo info;
      if (!tried([&] { return info = probe_image_bytes(damaged), cv::Mat(); })) continue;
      if (info.stored.area() > 1'000'000) continue;  // true to its header, and slow
      const auto pixels = tried([&] { return decode_image(damaged); });
      if (pixels) CHECK(Size{pixels->cols, pixels->rows} == info.size());
    }
  }
}

}  // namespace maskmill::tests
