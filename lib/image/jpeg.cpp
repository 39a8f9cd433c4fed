// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <memory>

// clang-format off: jerror.h numbers its messages by what jpeglib.h defines.
#include <jerror.h>
#include <jpeglib.h>
// clang-format on

#include "base/error.h"
#include "image/codecs.h"

namespace maskmill {
namespace {

// Photographs carry up to some dozens of segments before the frame header, Photoshop's some hundreds.
constexpr int kMostSegments = 1000;
constexpr std::string_view kExifMark("Exif\0\0", 6);
// A scan costs time and hardly any bytes, so their number is bounded; a progressive picture has about ten.
constexpr int kMostScans = 500;
constexpr unsigned kRowsAtATime = 16;

struct TurboJpegDeleter {
  void operator()(void* handle) const { tjDestroy(handle); }
};

// A handle holds tables and scratch memory worth keeping, and serves one thread at a time.
tjhandle compressor() {
  thread_local std::unique_ptr<void, TurboJpegDeleter> handle;
  if (!handle) handle.reset(tjInitCompress());
  if (!handle) throw Error(Code::unsupported, "there is not enough memory for the JPEG library");
  return handle.get();
}

// How libjpeg's errors and warnings get out of it: by a jump over its frames, which have no destructors.
struct JpegErrors : jpeg_error_mgr {
  std::jmp_buf back;
  std::array<char, JMSG_LENGTH_MAX> text;
};

[[noreturn]] void give_up(j_common_ptr picture) {
  auto* errors = static_cast<JpegErrors*>(picture->err);
  errors->format_message(picture, errors->text.data());
  std::longjmp(errors->back, 1);
}

// True of the warnings after which the pixels are what was stored: of a version or a code in the header that
// libjpeg does not know and does not need, and of bytes behind the data. Such bytes before a restart marker
// are another matter: what lies before it was read as something else than was written.
bool is_harmless(const jpeg_error_mgr& warning) {
  switch (warning.msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
      return true;
    case JWRN_EXTRANEOUS_DATA: {
      const int next_marker = warning.msg_parm.i[1];
      return next_marker < JPEG_RST0 || next_marker > JPEG_RST0 + 7;
    }
    default:
      return false;
  }
}

// A level below 0 is a warning; the others are traces.
void on_message(j_common_ptr picture, int level) {
  if (level < 0 && !is_harmless(*picture->err)) give_up(picture);
}

void count_scans(j_common_ptr picture) {
  if (reinterpret_cast<j_decompress_ptr>(picture)->input_scan_number <= kMostScans) return;
  auto* errors = static_cast<JpegErrors*>(picture->err);
  std::snprintf(errors->text.data(), errors->text.size(), "it has more than %d scans", kMostScans);
  std::longjmp(errors->back, 1);
}

// One picture, by libjpeg's own interface: TurboJPEG says only the first of a picture's warnings, and a
// harmless one would hide what follows it.
class JpegDecoder {
 public:
  JpegDecoder() {
    picture_.err = jpeg_std_error(&errors_);
    errors_.error_exit = give_up;
    errors_.emit_message = on_message;
    progress_.progress_monitor = count_scans;
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&picture_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  // Fills `pixels`, which have the size that the scale gives. False: error() says why.
  bool decode(std::string_view bytes, J_COLOR_SPACE colours, int scale_denominator, cv::Mat& pixels) {
    if (setjmp(errors_.back) != 0) return false;
    read(bytes, colours, scale_denominator, pixels);
    return true;
  }

  const char* error() const { return errors_.text.data(); }

 private:
  // May be left by a jump: nothing here or in what it calls has a destructor.
  void read(std::string_view bytes, J_COLOR_SPACE colours, int scale_denominator, cv::Mat& pixels) {
    jpeg_create_decompress(&picture_);
    picture_.progress = &progress_;
    jpeg_mem_src(&picture_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&picture_, TRUE);
    picture_.out_color_space = colours;
    picture_.scale_num = 1;
    picture_.scale_denom = static_cast<unsigned>(scale_denominator);
    jpeg_start_decompress(&picture_);
    if (picture_.output_width != static_cast<unsigned>(pixels.cols) ||
        picture_.output_height != static_cast<unsigned>(pixels.rows)) {
      std::snprintf(errors_.text.data(), errors_.text.size(), "its header states two sizes");
      std::longjmp(errors_.back, 1);
    }
    while (picture_.output_scanline < picture_.output_height) {
      const unsigned left = picture_.output_height - picture_.output_scanline;
      const unsigned count = std::min(kRowsAtATime, left);
      std::array<JSAMPROW, kRowsAtATime> rows;
      for (unsigned i = 0; i < count; ++i)
        rows[i] = pixels.data + pixels.step[0] * (picture_.output_scanline + i);
      jpeg_read_scanlines(&picture_, rows.data(), count);
    }
    jpeg_finish_decompress(&picture_);
  }

  jpeg_decompress_struct picture_{};
  JpegErrors errors_{};
  jpeg_progress_mgr progress_{};
};

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

// A scale's result is rounded up, as libjpeg does.
Size scaled_size(Size stored, int denominator) {
  return {(stored.width + denominator - 1) / denominator, (stored.height + denominator - 1) / denominator};
}

int scale_denominator(Size stored, const Size& at_least) {
  for (const int denominator : {8, 4, 2}) {
    const Size size = scaled_size(stored, denominator);
    if (size.width >= at_least.width && size.height >= at_least.height) return denominator;
  }
  return 1;
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

ImageInfo codecs::probe_jpeg(ByteSource& file, ExifBlock* exif) {
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
        file.at(offset + 4, kExifMark.size()) == kExifMark) {
      const ExifBlock block{offset + 4 + kExifMark.size(), payload - kExifMark.size()};
      info.orientation = exif_orientation(file.at(block.offset, block.size));
      if (exif) *exif = block;
    }
    offset += 2 + length;
  }
  throw Error(Code::bad_format, fmt::format("the JPEG's header has more than {} segments", kMostSegments));
}

cv::Mat codecs::decode_jpeg(std::string_view bytes, const ImageInfo& info, Samples samples,
                            const std::optional<Size>& at_least) {
  const int denominator = at_least ? scale_denominator(info.stored, *at_least) : 1;
  const bool gray = samples == Samples::as_stored && info.channels == 1;
  const J_COLOR_SPACE colours = info.cmyk ? JCS_CMYK : gray ? JCS_GRAYSCALE : JCS_RGB;
  cv::Mat pixels = new_pixels(scaled_size(info.stored, denominator), info.cmyk ? CV_8UC4
                                                                     : gray    ? CV_8UC1
                                                                               : CV_8UC3);
  // The library warns of data that end early and goes on in gray: such a warning is an error here.
  JpegDecoder decoder;
  if (!decoder.decode(bytes, colours, denominator, pixels))
    throw Error(Code::bad_format, fmt::format("the JPEG is damaged or ends early: {}", decoder.error()))
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
