// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "image/codecs.h"

#if MASKMILL_IMGCODECS
#include <dlfcn.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#endif

namespace maskmill {
namespace {

using codecs::byte_at;
using codecs::little16;
using codecs::little32;

constexpr int kMostChunks = 1000;
constexpr std::size_t kMostExifBytes = 65536;

Error cut_off(FileKind kind) {
  return Error(Code::bad_format, fmt::format("the {} ends early", to_string(kind)))
      .hint("copy or download it again");
}

Error not_read(std::string what) {
  return Error(Code::unsupported, std::move(what) + " is not read").hint("convert it to PNG");
}

std::string_view whole(ByteSource& file, std::uint64_t offset, std::size_t count, FileKind kind) {
  const std::string_view bytes = file.at(offset, count);
  if (bytes.size() < count) throw cut_off(kind);
  return bytes;
}

ImageInfo probe_gif(ByteSource& file) {
  const std::string_view head = whole(file, 0, 10, FileKind::gif);
  ImageInfo info;
  info.stored = {static_cast<int>(little16(head, 6)), static_cast<int>(little16(head, 8))};
  info.channels = 1;
  info.palette = true;
  return info;
}

// True where the colours of the table are 0, 1, 2, ... in gray, so that an index is its own colour.
bool is_gray_ramp(std::string_view table, std::size_t entry_bytes) {
  for (std::size_t i = 0; i * entry_bytes < table.size(); ++i)
    for (std::size_t channel = 0; channel < 3; ++channel)
      if (byte_at(table, i * entry_bytes + channel) != i) return false;
  return true;
}

ImageInfo probe_bmp(ByteSource& file) {
  constexpr std::size_t kFileHeader = 14;
  const std::uint32_t header_bytes = little32(whole(file, 0, 18, FileKind::bmp), 14);
  const bool core = header_bytes == 12;  // OS/2 1.x: 16-bit sizes, no compression, three bytes a colour
  const std::string_view head = whole(file, 0, kFileHeader + (core ? 12 : 40), FileKind::bmp);
  const std::uint32_t data_offset = little32(head, 10);
  ImageInfo info;
  std::uint32_t bits = 0, compression = 0, colours = 0;
  if (core) {
    info.stored = {static_cast<int>(little16(head, 18)), static_cast<int>(little16(head, 20))};
    bits = little16(head, 24);
  } else {
    const auto width = static_cast<std::int32_t>(little32(head, 18)),
               height = static_cast<std::int32_t>(little32(head, 22));
    info.stored = {width,
                   height == INT32_MIN ? 0 : std::abs(height)};  // negative: the first row is the top one
    bits = little16(head, 28);
    compression = little32(head, 30);
    colours = little32(head, 46);
  }
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
    throw not_read(fmt::format("BMP of {} bits a pixel", bits));
  if (compression > 3) throw not_read("BMP that wraps JPEG or PNG");
  info.channels = bits <= 8 ? 1 : 3;
  info.bit_depth = bits <= 8 ? static_cast<int>(bits) : 8;
  if (bits <= 8) {
    const std::size_t entry_bytes = core ? 3 : 4;
    const std::size_t count = colours == 0 || colours > 256 ? std::size_t{1} << bits : colours;
    info.palette = !is_gray_ramp(whole(file, kFileHeader + header_bytes, count * entry_bytes, FileKind::bmp),
                                 entry_bytes);
  }
  const bool run_lengths = compression == 1 || compression == 2;
  const std::uint64_t row_bytes = (static_cast<std::uint64_t>(info.stored.width) * bits + 31) / 32 * 4;
  if (info.stored.width > 0 && !run_lengths &&
      data_offset + row_bytes * static_cast<std::uint64_t>(info.stored.height) > file.size())
    throw cut_off(FileKind::bmp);
  return info;
}

ImageInfo probe_tiff(ByteSource& file) {
  const std::string_view mark = file.at(2, 2);
  if (mark.find('+') != std::string_view::npos) throw not_read("BigTIFF");
  const auto tags = codecs::read_tiff_tags(file);
  if (!tags || tags->width > INT32_MAX || tags->height > INT32_MAX)
    throw Error(Code::bad_format, "the TIFF's first directory is broken").hint("copy or download it again");
  if (tags->bits != 1 && tags->bits != 2 && tags->bits != 4 && tags->bits != 8 && tags->bits != 16)
    throw not_read(fmt::format("TIFF of {} bits a sample", tags->bits));
  if (tags->samples < 1 || tags->samples > 4)
    throw not_read(fmt::format("TIFF of {} channels", tags->samples));
  constexpr std::uint32_t kPalette = 3, kSeparated = 5;
  ImageInfo info;
  info.stored = {static_cast<int>(tags->width), static_cast<int>(tags->height)};
  info.channels = static_cast<int>(tags->samples);
  info.bit_depth = static_cast<int>(tags->bits);
  info.palette = tags->photometric == kPalette;
  info.cmyk = tags->photometric == kSeparated;
  if (tags->orientation >= 1 && tags->orientation <= 8)
    info.orientation = static_cast<int>(tags->orientation);
  return info;
}

int webp_orientation(ByteSource& file) {
  std::uint64_t offset = 12;
  for (int i = 0; i < kMostChunks; ++i) {
    const std::string_view head = file.at(offset, 8);
    if (head.size() < 8) break;
    const std::uint32_t length = little32(head, 4);
    if (head.starts_with("EXIF")) {
      std::string_view exif = file.at(offset + 8, std::min<std::size_t>(length, kMostExifBytes));
      if (exif.starts_with("Exif")) exif.remove_prefix(std::min<std::size_t>(exif.size(), 6));
      return codecs::exif_orientation(exif);
    }
    offset += 8 + std::uint64_t{length} + (length & 1U);
  }
  return 1;
}

// RFC 9649.
ImageInfo probe_webp(ByteSource& file) {
  const std::string_view head = whole(file, 0, 30, FileKind::webp);
  if (std::uint64_t{little32(head, 4)} + 8 > file.size()) throw cut_off(FileKind::webp);
  const auto size = [](std::uint32_t width, std::uint32_t height) {
    return Size{static_cast<int>(width), static_cast<int>(height)};
  };
  const std::string_view chunk = head.substr(12, 4);
  ImageInfo info;
  info.channels = 3;
  if (chunk == "VP8 ") {
    info.stored = size(little16(head, 26) & 0x3FFF, little16(head, 28) & 0x3FFF);
  } else if (chunk == "VP8L") {
    const std::uint32_t bits = little32(head, 21);
    info.stored = size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
    if ((bits >> 28 & 1U) != 0) info.channels = 4;
  } else if (chunk == "VP8X") {
    constexpr std::uint32_t kAnimation = 0x02, kExif = 0x08, kAlpha = 0x10;
    const std::uint32_t flags = byte_at(head, 20);
    if ((flags & kAnimation) != 0) throw not_read("animated WebP");
    info.stored = size((little32(head, 24) & 0xFFFFFF) + 1, (little32(head, 26) >> 8) + 1);
    if ((flags & kAlpha) != 0) info.channels = 4;
    if ((flags & kExif) != 0) info.orientation = webp_orientation(file);
  } else {
    throw Error(Code::bad_format, "the WebP's header is broken").hint("copy or download it again");
  }
  return info;
}

#if MASKMILL_IMGCODECS

int inverse_of(int orientation) {
  return orientation == 6 ? 8 : orientation == 8 ? 6 : orientation;
}

using Imdecode = void (*)(const cv::Mat& bytes, int flags, cv::Mat& pixels);

/// Of the library that opencv_imgcodecs.cpp makes, which is never unloaded.
Imdecode load_imdecode() {
  void* const library = ::dlopen(MASKMILL_IMGCODECS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  void* const function = library ? ::dlsym(library, "maskmill_imdecode") : nullptr;
  if (!function)
    throw Error(Code::unsupported, fmt::format("TIFF, BMP and WebP cannot be read: {}", ::dlerror()))
        .hint("install maskmill whole: " MASKMILL_IMGCODECS_LIBRARY " is a part of it");
  return reinterpret_cast<Imdecode>(function);
}

cv::Mat imdecode(const cv::Mat& bytes, int flags) {
  static const Imdecode decode = load_imdecode();
  cv::Mat pixels;
  decode(bytes, flags, pixels);
  return pixels;
}

cv::Mat opencv_pixels(std::string_view bytes, const ImageInfo& info, int flags) {
  cv::Mat pixels;
  std::string reason;
  try {
    const cv::Mat input(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
    pixels = imdecode(input, flags | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception& exception) {
    reason = ": " + exception.err;
  }
  // OpenCV turns TIFFs whatever the flags say.
  if (!pixels.empty() && info.kind == FileKind::tiff) pixels = oriented(pixels, inverse_of(info.orientation));
  if (Size{pixels.cols, pixels.rows} != info.stored)
    throw Error(Code::bad_format,
                fmt::format("the {} is damaged or ends early{}", to_string(info.kind), reason))
        .hint("copy or download it again");
  return pixels;
}

// OpenCV looks palettes up, scales low bit depths, inverts a TIFF whose 0 is white and multiplies by its
// alpha.
void require_samples_as_stored(std::string_view bytes, const ImageInfo& info) {
  const std::string_view kind = to_string(info.kind);
  if (info.palette) throw not_read(fmt::format("a {} mask with a palette", kind));
  if (info.bit_depth < 8) throw not_read(fmt::format("a {} mask of {} bits", kind, info.bit_depth));
  if (info.kind != FileKind::tiff) return;
  constexpr std::uint32_t kBlackIsZero = 1, kRgb = 2;
  ByteSource file(bytes);
  const auto tags = codecs::read_tiff_tags(file);
  const bool gray = tags && tags->photometric == kBlackIsZero && info.channels == 1;
  const bool rgb = tags && tags->photometric == kRgb && info.channels == 3;
  if (!gray && !rgb) throw not_read("a TIFF mask that is neither RGB nor gray with 0 for black");
}

#endif

}  // namespace

ImageInfo codecs::probe_other(ByteSource& file, FileKind kind) {
  ImageInfo info;
  if (kind == FileKind::gif) info = probe_gif(file);
  if (kind == FileKind::bmp) info = probe_bmp(file);
  if (kind == FileKind::tiff) info = probe_tiff(file);
  if (kind == FileKind::webp) info = probe_webp(file);
  info.kind = kind;
  return info;
}

#if MASKMILL_IMGCODECS

cv::Mat codecs::decode_other(std::string_view bytes, const ImageInfo& info, Samples samples) {
  if (info.kind == FileKind::gif) throw not_read("GIF");
  if (bytes.size() > INT32_MAX) throw not_read(fmt::format("{} of more than 2 GB", to_string(info.kind)));
  if (samples == Samples::as_stored) require_samples_as_stored(bytes, info);
  cv::Mat pixels =
      opencv_pixels(bytes, info, samples == Samples::colour ? cv::IMREAD_COLOR : cv::IMREAD_UNCHANGED);
  if (samples == Samples::as_stored &&
      (pixels.channels() != info.channels || pixels.depth() != (info.bit_depth == 16 ? CV_16U : CV_8U) ||
       (info.bit_depth == 16 && info.channels != 1)))
    throw not_read(fmt::format("a {} mask of {} channels with {} bits", to_string(info.kind), info.channels,
                               info.bit_depth));
  if (pixels.channels() == 3) cv::cvtColor(pixels, pixels, cv::COLOR_BGR2RGB);
  if (pixels.channels() == 4) cv::cvtColor(pixels, pixels, cv::COLOR_BGRA2RGBA);
  return pixels;
}

#else

cv::Mat codecs::decode_other(std::string_view, const ImageInfo& info, Samples) {
  if (info.kind == FileKind::gif) throw not_read("GIF");
  throw Error(Code::unsupported, fmt::format("this build of maskmill reads no {}", to_string(info.kind)))
      .hint("convert it to PNG, or build with -DMASKMILL_IMGCODECS=ON");
}

#endif

}  // namespace maskmill
