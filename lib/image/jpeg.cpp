// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <turbojpeg.h>

#include <memory>

#include "base/error.h"
#include "image/codecs.h"

namespace maskmill {
namespace {

// Photographs carry up to some dozens of segments before the frame header, Photoshop's some hundreds.
constexpr int kMostSegments = 1000;
constexpr std::string_view kExifMark("Exif\0\0", 6);

struct TurboJpegDeleter {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using TurboJpeg = std::unique_ptr<void, TurboJpegDeleter>;

// A handle holds tables and scratch memory worth keeping, and serves one thread at a time.
tjhandle kept(TurboJpeg& handle, tjhandle (*make)()) {
  if (!handle) handle.reset(make());
  if (!handle) throw Error(Code::unsupported, "there is not enough memory for the JPEG library");
  return handle.get();
}

tjhandle decompressor() {
  thread_local TurboJpeg handle;
  return kept(handle, tjInitDecompress);
}

tjhandle compressor() {
  thread_local TurboJpeg handle;
  return kept(handle, tjInitCompress);
}

bool is_frame_header(unsigned marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// Huffman or arithmetic coding, sequential or progressive; not lossless or hierarchical.
bool is_decodable_frame(unsigned marker) {
  return marker <= 0xC2 || marker == 0xC9 || marker == 0xCA;
}

void read_frame_header(std::string_view frame, unsigned marker, ImageInfo& info) {
  if (frame.size() < 6) throw Error(Code::bad_format, "the JPEG's frame header is cut off");
  const unsigned precision = codecs::byte_at(frame, 0);
  info.stored = {static_cast<int>(codecs::big16(frame, 3)), static_cast<int>(codecs::big16(frame, 1))};
  info.channels = static_cast<int>(codecs::byte_at(frame, 5));
  info.cmyk = info.channels == 4;
  if (!is_decodable_frame(marker))
    throw Error(Code::unsupported, "lossless and hierarchical JPEG are not read").hint("convert it to PNG");
  if (precision != 8)
    throw Error(Code::unsupported, fmt::format("JPEG of {} bits a sample is not read", precision))
        .hint("convert it to PNG");
  if (info.stored.height == 0)
    throw Error(Code::unsupported, "the JPEG states its height behind the picture, which is not read")
        .hint("save it again with another program");
  if (info.channels != 1 && info.channels != 3 && info.channels != 4)
    throw Error(Code::unsupported, fmt::format("JPEG of {} channels is not read", info.channels));
}

// A scale's result is rounded up, as TJSCALED does.
Size scaled_size(Size stored, int denominator) {
  return {(stored.width + denominator - 1) / denominator, (stored.height + denominator - 1) / denominator};
}

Size smallest_size(Size stored, const Size& at_least) {
  for (const int denominator : {8, 4, 2}) {
    const Size size = scaled_size(stored, denominator);
    if (size.width >= at_least.width && size.height >= at_least.height) return size;
  }
  return stored;
}

// Without a colour profile: ink is subtracted. Samples are stored inverted, 255 is no ink, as Photoshop
// writes them and every common reader takes them.
cv::Mat rgb_from_cmyk(const cv::Mat& cmyk) {
  cv::Mat rgb = codecs::new_pixels({cmyk.cols, cmyk.rows}, CV_8UC3);
  for (int y = 0; y < cmyk.rows; ++y) {
    const auto* from = cmyk.ptr<std::uint8_t>(y);
    auto* to = rgb.ptr<std::uint8_t>(y);
    for (int x = 0; x < cmyk.cols; ++x, from += 4, to += 3)
      for (int channel = 0; channel < 3; ++channel)
        to[channel] = static_cast<std::uint8_t>((from[channel] * from[3] + 127) / 255);
  }
  return rgb;
}

}  // namespace

ImageInfo codecs::probe_jpeg(HeaderBytes& file) {
  ImageInfo info;
  info.kind = FileKind::jpeg;
  std::uint64_t offset = 2;
  for (int segment = 0; segment < kMostSegments; ++segment) {
    const std::string_view head = file.at(offset, 4);
    if (head.size() < 4) throw Error(Code::bad_format, "the JPEG ends inside its header");
    if (byte_at(head, 0) != 0xFF) throw Error(Code::bad_format, "the JPEG's header is broken");
    const unsigned marker = byte_at(head, 1);
    if (marker == 0xFF) {  // a fill byte
      ++offset;
      continue;
    }
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7)) {  // these stand alone
      offset += 2;
      continue;
    }
    if (marker == 0 || (marker >= 0xD8 && marker <= 0xDA))
      throw Error(Code::bad_format, "the JPEG's header does not say how large the picture is");
    const std::size_t length = big16(head, 2);
    if (length < 2) throw Error(Code::bad_format, "the JPEG's header is broken");
    if (is_frame_header(marker)) {
      read_frame_header(file.at(offset + 4, length - 2), marker, info);
      return info;
    }
    const std::size_t payload = length - 2;
    if (marker == 0xE1 && payload > kExifMark.size() && info.orientation == 1 &&
        file.at(offset + 4, kExifMark.size()) == kExifMark)
      info.orientation = exif_orientation(file.at(offset + 4 + kExifMark.size(), payload - kExifMark.size()));
    offset += 2 + length;
  }
  throw Error(Code::bad_format, fmt::format("the JPEG's header has more than {} segments", kMostSegments));
}

cv::Mat codecs::decode_jpeg(std::string_view bytes, const ImageInfo& info, Samples samples,
                            const std::optional<Size>& at_least) {
  const Size size = at_least ? smallest_size(info.stored, *at_least) : info.stored;
  const bool gray = samples == Samples::as_stored && info.channels == 1;
  const TJPF layout = info.cmyk ? TJPF_CMYK : gray ? TJPF_GRAY : TJPF_RGB;
  cv::Mat pixels = new_pixels(size, CV_8UC(tjPixelSize[layout]));
  // The library warns of data that end early and goes on in gray: its warnings are errors here, at the first
  // of which it stops. A scan costs time and hardly any bytes, so their number is bounded.
  const tjhandle handle = decompressor();
  if (tjDecompress2(handle, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), pixels.data,
                    size.width, static_cast<int>(pixels.step[0]), size.height, layout,
                    TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0)
    throw Error(Code::bad_format,
                fmt::format("the JPEG is damaged or ends early: {}", tjGetErrorStr2(handle)))
        .hint("copy or download it again; if other programs show it whole, save it again with one of them");
  return info.cmyk ? rgb_from_cmyk(pixels) : pixels;
}

std::string encode_jpeg(const cv::Mat& pixels, int quality) {
  if (pixels.empty() || (pixels.type() != CV_8UC1 && pixels.type() != CV_8UC3))
    throw Error(Code::bad_value, "a JPEG is written of 8-bit gray or RGB pixels");
  if (quality < 1 || quality > 100)
    throw Error(Code::bad_value, fmt::format("a JPEG's quality is 1 to 100, not {}", quality));
  const bool gray = pixels.channels() == 1;
  const tjhandle handle = compressor();
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  const int failed = tjCompress2(handle, pixels.data, pixels.cols, static_cast<int>(pixels.step[0]),
                                 pixels.rows, gray ? TJPF_GRAY : TJPF_RGB, &buffer, &size,
                                 gray ? TJSAMP_GRAY : TJSAMP_420, quality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owner(buffer, tjFree);
  if (failed != 0)
    throw Error(Code::bad_value, fmt::format("{}x{} pixels cannot be written as JPEG: {}", pixels.cols,
                                             pixels.rows, tjGetErrorStr2(handle)));
  return {reinterpret_cast<const char*>(buffer), size};
}

}  // namespace maskmill
