// SPDX-License-Identifier: Apache-2.0
// Bytes as an image: what is decoded has the size its header said, and a mask comes back from its PNG.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "image/image.h"

using namespace maskmill;

namespace {

constexpr std::int64_t kMostPixels = 1 << 22;  // more takes the fuzzer's time, not its insight

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

Size size_of(const cv::Mat& pixels) {
  return {pixels.cols, pixels.rows};
}

void decode(std::string_view bytes) {
  const ImageInfo info = probe_image_bytes(bytes);
  if (info.stored.area() > kMostPixels) return;
  try {
    const cv::Mat colours = decode_image(bytes);
    require(size_of(colours) == info.size() && colours.type() == CV_8UC3,
            "a picture is not what its header says");
    const Size half{(info.size().width + 1) / 2, (info.size().height + 1) / 2};
    const cv::Mat smaller = decode_image(bytes, {.at_least = half});
    require(smaller.cols >= half.width && smaller.rows >= half.height,
            "a picture is smaller than was asked for");
  } catch (const Error& error) {
    require(error.code() != Code::bug, error.what());
  }
  const RawImage raw = decode_raw(bytes);
  require(size_of(raw.pixels) == info.stored, "a mask is not what its header says");
  if (raw.pixels.channels() != 1 || !raw.palette.empty()) return;
  const cv::Mat again = decode_raw(encode_index_png(raw.pixels)).pixels;
  require(again.type() == raw.pixels.type() && cv::countNonZero(again != raw.pixels) == 0,
          "a mask does not come back from its PNG");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    decode({reinterpret_cast<const char*>(data), size});
  } catch (const Error& error) {
    require(error.code() != Code::bug, error.what());
  }
  return 0;
}
