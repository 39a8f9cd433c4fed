// SPDX-License-Identifier: Apache-2.0
// Bytes as an image: what is decoded has the size its header said, and a mask comes back from its PNG.
#include <cstdint>
#include <opencv2/core.hpp>

#include "image/image.h"
#include "target.h"

using namespace maskmill;
using namespace maskmill::fuzz;

namespace {

constexpr std::int64_t kMostPixels = 1 << 22;  // more takes the fuzzer's time, not its insight

Size size_of(const cv::Mat& pixels) {
  return {pixels.cols, pixels.rows};
}

void decode(std::string_view bytes) {
  const ImageInfo info = probe_image_bytes(bytes);
  if (info.stored.area() > kMostPixels) return;
  answers([&] {
    const cv::Mat colours = decode_image(bytes);
    require(size_of(colours) == info.size() && colours.type() == CV_8UC3,
            "a picture is not what its header says");
    const Size half{(info.size().width + 1) / 2, (info.size().height + 1) / 2};
    const cv::Mat smaller = decode_image(bytes, {.at_least = half});
    require(smaller.cols >= half.width && smaller.rows >= half.height,
            "a picture is smaller than was asked for");
  });
  const RawImage raw = decode_raw(bytes);
  require(size_of(raw.pixels) == info.stored, "a mask is not what its header says");
  if (raw.pixels.channels() != 1 || !raw.palette.empty()) return;
  const cv::Mat again = decode_raw(encode_index_png(raw.pixels)).pixels;
  require(again.type() == raw.pixels.type() && cv::countNonZero(again != raw.pixels) == 0,
          "a mask does not come back from its PNG");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  answers([&] { decode({reinterpret_cast<const char*>(data), size}); });
  return 0;
}
