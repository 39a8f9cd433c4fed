// SPDX-License-Identifier: Apache-2.0
#include "image/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/text.h"
#include "image/codecs.h"

namespace maskmill {
namespace {

using codecs::Samples;

constexpr std::int64_t kMostPixels = std::int64_t{1} << 30;
// Enough for file_kind, with a zip file's first name, and for a word on what an unknown file begins with.
constexpr std::size_t kMagicBytes = 512;

// Windows and OS/2 headers that stand behind "BM"; the two letters alone also begin many a text.
constexpr std::array<std::uint32_t, 7> kBmpHeaderSizes{12, 40, 52, 56, 64, 108, 124};

bool is_bmp(std::string_view bytes) {
  return bytes.size() >= 18 && bytes.starts_with("BM") &&
         std::find(kBmpHeaderSizes.begin(), kBmpHeaderSizes.end(), codecs::little32(bytes, 14)) !=
             kBmpHeaderSizes.end();
}

bool is_npz(std::string_view bytes) {
  constexpr std::size_t kNameLength = 26, kName = 30;  // in the heading of a zip file's entry
  if (!bytes.starts_with("PK\x03\x04") || bytes.size() < kName) return false;
  const std::size_t length = codecs::little16(bytes, kNameLength);
  return bytes.size() >= kName + length && bytes.substr(kName, length).ends_with(".npy");
}

ImageInfo probe(ByteSource& file) {
  const std::string_view start = file.at(0, kMagicBytes);
  if (start.empty())
    throw Error(Code::bad_format, "the file is empty").hint("copy or download it again, or delete it");
  const FileKind kind = file_kind(start);
  ImageInfo info;
  switch (kind) {
    case FileKind::unknown:
      throw Error(Code::bad_format,
                  fmt::format("is no image; it begins with {}", in_quotes(start.substr(0, 16))))
          .hint("JPEG, PNG, TIFF, BMP, WebP and NumPy arrays (.npy, .npz) are read");
    case FileKind::jpeg:
      info = codecs::probe_jpeg(file);
      break;
    case FileKind::png:
      info = codecs::probe_png(file);
      break;
    case FileKind::npy:
      info = codecs::probe_npy(file);
      break;
    case FileKind::npz:
      info = codecs::probe_npz(file);
      break;
    default:
      info = codecs::probe_other(file, kind);
  }
  if (info.stored.width < 1 || info.stored.height < 1)
    throw Error(Code::bad_format, fmt::format("the header gives the size {}", to_string(info.stored)));
  if (info.stored.area() > kMostPixels)
    throw Error(Code::unsupported,
                fmt::format("the picture is {}, more than 2^30 pixels", to_string(info.stored)))
        .hint("cut it into tiles with another program first");
  return info;
}

// Runs `action` on a file, and says in what it throws which file it was and, where the name promises another
// kind of picture than `start` begins, what the file really is.
template <class Action>
auto naming(const Path& path, Action&& action) {
  std::string start;
  try {
    return action(start);
  } catch (Error& error) {
    const FileKind promised = kind_of_extension(lower_extension(path)), found = file_kind(start);
    if (promised == found || promised == FileKind::unknown || found == FileKind::unknown) {
      error.at_file(path);
      throw;
    }
    throw Error(error.code(), fmt::format("{} (the name says {}, the content is {})", error.message(),
                                          to_string(promised), to_string(found)))
        .at_file(path)
        .hint(error.hint_text());
  }
}

template <class Sample>
void copy_nearest(const cv::Mat& stored, cv::Mat& pixels) {
  const std::vector<int> columns = nearest_pixels(stored.cols, pixels.cols);
  const std::vector<int> rows = nearest_pixels(stored.rows, pixels.rows);
  for (int y = 0; y < pixels.rows; ++y) {
    const auto* from = stored.ptr<Sample>(rows[static_cast<std::size_t>(y)]);
    auto* to = pixels.ptr<Sample>(y);
    for (const int column : columns) *to++ = from[column];
  }
}

/// What an array holds, as a picture: gray is repeated, alpha is dropped, 16 bits are scaled to 8.
cv::Mat as_colours(const cv::Mat& samples) {
  cv::Mat colours;
  if (samples.depth() == CV_16U)
    samples.convertTo(colours, CV_8U, 255.0 / 65535);
  else
    colours = samples;
  if (colours.channels() == 1) cv::cvtColor(colours, colours, cv::COLOR_GRAY2RGB);
  if (colours.channels() == 4) cv::cvtColor(colours, colours, cv::COLOR_RGBA2RGB);
  return colours;
}

template <class Decode>
auto decode_file(const Path& path, Decode&& decode) {
  return naming(path, [&](std::string& start) {
    const std::string bytes = read_file(path);
    start = bytes.substr(0, kMagicBytes);
    return decode(bytes);
  });
}

}  // namespace

namespace codecs {

cv::Mat new_pixels(Size size, int type) {
  try {
    return cv::Mat(size.height, size.width, type);
  } catch (const cv::Exception&) {
    throw Error(Code::unsupported, fmt::format("there is not enough memory for {} pixels", to_string(size)));
  }
}

}  // namespace codecs

std::string to_string(Size size) {
  return fmt::format("{}x{}", size.width, size.height);
}

std::string_view to_string(FileKind kind) {
  switch (kind) {
    case FileKind::jpeg:
      return "JPEG";
    case FileKind::png:
      return "PNG";
    case FileKind::gif:
      return "GIF";
    case FileKind::bmp:
      return "BMP";
    case FileKind::tiff:
      return "TIFF";
    case FileKind::webp:
      return "WebP";
    case FileKind::npy:
      return "NumPy array";
    case FileKind::npz:
      return "NumPy archive";
    case FileKind::unknown:
      break;
  }
  return "unknown";
}

FileKind file_kind(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xD8\xFF")) return FileKind::jpeg;
  if (bytes.starts_with("\x89PNG\r\n\x1A\n")) return FileKind::png;
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return FileKind::gif;
  // "+" instead of "*" is BigTIFF.
  for (const std::string_view mark : {std::string_view("II*\0", 4), std::string_view("MM\0*", 4),
                                      std::string_view("II+\0", 4), std::string_view("MM\0+", 4)})
    if (bytes.starts_with(mark)) return FileKind::tiff;
  if (bytes.starts_with("\x93NUMPY")) return FileKind::npy;
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") return FileKind::webp;
  if (is_npz(bytes)) return FileKind::npz;
  return is_bmp(bytes) ? FileKind::bmp : FileKind::unknown;
}

FileKind kind_of_extension(std::string_view extension) {
  if (extension == "jpg" || extension == "jpeg" || extension == "jpe" || extension == "jfif")
    return FileKind::jpeg;
  if (extension == "png") return FileKind::png;
  if (extension == "gif") return FileKind::gif;
  if (extension == "bmp") return FileKind::bmp;
  if (extension == "tif" || extension == "tiff") return FileKind::tiff;
  if (extension == "webp") return FileKind::webp;
  if (extension == "npy") return FileKind::npy;
  if (extension == "npz") return FileKind::npz;
  return FileKind::unknown;
}

bool has_image_extension(const Path& path) {
  return kind_of_extension(lower_extension(path)) != FileKind::unknown;
}

ImageInfo probe_image(const Path& path) {
  return naming(path, [&](std::string& start) {
    ByteSource file(path);
    start = file.at(0, kMagicBytes);
    return probe(file);
  });
}

ImageInfo probe_image_bytes(std::string_view bytes) {
  ByteSource file(bytes);
  return probe(file);
}

cv::Mat decode_image(std::string_view bytes, const ReadImage& options) {
  const ImageInfo info = probe_image_bytes(bytes);
  std::optional<Size> at_least = options.at_least;
  if (at_least && options.orient && info.orientation >= 5) std::swap(at_least->width, at_least->height);
  cv::Mat pixels;
  switch (info.kind) {
    case FileKind::jpeg:
      pixels = codecs::decode_jpeg(bytes, info, Samples::colour, at_least);
      break;
    case FileKind::png:
      pixels = codecs::decode_png(bytes, info);
      break;
    case FileKind::npy:
      pixels = as_colours(codecs::decode_npy(bytes));
      break;
    case FileKind::npz:
      pixels = as_colours(codecs::decode_npz(bytes));
      break;
    default:
      pixels = codecs::decode_other(bytes, info, Samples::colour);
  }
  return options.orient ? oriented(pixels, info.orientation) : pixels;
}

RawImage decode_raw(std::string_view bytes) {
  const ImageInfo info = probe_image_bytes(bytes);
  if (info.kind == FileKind::png) return codecs::decode_png_raw(bytes, info);
  RawImage raw;
  raw.bit_depth = info.bit_depth;
  if (info.kind == FileKind::npy || info.kind == FileKind::npz) {
    raw.pixels = info.kind == FileKind::npy ? codecs::decode_npy(bytes) : codecs::decode_npz(bytes);
    return raw;
  }
  raw.pixels = info.kind == FileKind::jpeg ? codecs::decode_jpeg(bytes, info, Samples::as_stored)
                                           : codecs::decode_other(bytes, info, Samples::as_stored);
  return raw;
}

cv::Mat read_image(const Path& path, const ReadImage& options) {
  return decode_file(path, [&](std::string_view bytes) { return decode_image(bytes, options); });
}

RawImage read_raw(const Path& path) {
  return decode_file(path, decode_raw);
}

cv::Mat oriented(const cv::Mat& pixels, int orientation) {
  cv::Mat turned;
  switch (orientation) {
    case 1:
      return pixels;
    case 2:
      cv::flip(pixels, turned, 1);
      break;
    case 3:
      cv::rotate(pixels, turned, cv::ROTATE_180);
      break;
    case 4:
      cv::flip(pixels, turned, 0);
      break;
    case 5:
      cv::transpose(pixels, turned);
      break;
    case 6:
      cv::rotate(pixels, turned, cv::ROTATE_90_CLOCKWISE);
      break;
    case 7:
      cv::rotate(pixels, turned, cv::ROTATE_90_CLOCKWISE);
      cv::flip(turned, turned, 0);
      break;
    case 8:
      cv::rotate(pixels, turned, cv::ROTATE_90_COUNTERCLOCKWISE);
      break;
    default:
      throw Error(Code::bad_value, fmt::format("an orientation is 1 to 8, not {}", orientation));
  }
  return turned;
}

std::vector<int> nearest_pixels(int stored_length, int length) {
  std::vector<int> stored(static_cast<std::size_t>(length));
  for (int i = 0; i < length; ++i)
    stored[static_cast<std::size_t>(i)] =
        static_cast<int>((2 * std::int64_t{i} + 1) * stored_length / (2 * std::int64_t{length}));
  return stored;
}

cv::Mat resize_nearest(const cv::Mat& pixels, Size size) {
  if (pixels.type() != CV_8UC1 && pixels.type() != CV_16UC1)
    throw Error(Code::bug, "a mask to resize has one channel of 8 or 16 bits");
  if (pixels.empty() && size.area() > 0) throw Error(Code::bug, "a mask to resize has no pixels");
  cv::Mat resized = codecs::new_pixels(size, pixels.type());
  if (pixels.depth() == CV_8U)
    copy_nearest<std::uint8_t>(pixels, resized);
  else
    copy_nearest<std::uint16_t>(pixels, resized);
  return resized;
}

cv::Mat resize_picture(const cv::Mat& pixels, Size size) {
  if (pixels.empty() || size.area() == 0) throw Error(Code::bug, "a picture to resize has no pixels");
  const cv::Size from = pixels.size(), to(size.width, size.height);
  const cv::Size least(std::min(from.width, to.width), std::min(from.height, to.height));
  cv::Mat resized = pixels;
  for (const auto& [step, method] : {std::pair(least, cv::INTER_AREA), std::pair(to, cv::INTER_LINEAR)}) {
    if (resized.size() == step) continue;
    cv::Mat next = codecs::new_pixels({step.width, step.height}, pixels.type());
    cv::resize(resized, next, step, 0, 0, method);
    resized = next;
  }
  return resized;
}

}  // namespace maskmill
