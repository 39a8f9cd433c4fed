// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"

namespace maskmill {

/// Width and height in pixels.
struct Size {
  int width = 0, height = 0;
  std::int64_t area() const { return std::int64_t{width} * height; }
  friend bool operator==(const Size&, const Size&) = default;
};
std::string to_string(Size size);  ///< "640x480"

struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;
  friend auto operator<=>(const Rgb&, const Rgb&) = default;
};

enum class FileKind { unknown, jpeg, png, gif, bmp, tiff, webp, npy, npz };

/// "JPEG", "PNG", "NumPy array", ...; "unknown".
std::string_view to_string(FileKind kind);

/// From the first bytes, whatever the file's name says. A zip file is npz where its first entry, whose name
/// must be among the bytes, is an array.
FileKind file_kind(std::string_view bytes);
/// What a lower-case extension promises: "jpg", "jpeg", "jpe", "jfif" -> jpeg; unknown for what is no image.
FileKind kind_of_extension(std::string_view extension);
/// True for the extensions that an image folder's files are taken by: those of kind_of_extension.
bool has_image_extension(const Path& path);

/// What a file's header says; nothing is decoded.
struct ImageInfo {
  FileKind kind = FileKind::unknown;
  Size stored;          ///< as the samples lie in the file
  int orientation = 1;  ///< EXIF, 1 to 8
  int channels = 0;     ///< as stored: 1 gray or palette, 2 gray+alpha, 3, 4 (RGBA or CMYK)
  int bit_depth = 8;    ///< a sample: 1, 2, 4, 8 or 16
  bool palette = false;
  bool cmyk = false;

  /// As displayed: turned by the orientation. Annotations are in these pixels unless a format says otherwise.
  Size size() const { return orientation >= 5 ? Size{stored.height, stored.width} : stored; }
};

/// Reads the header only. Throws Error(not_found | unreadable | bad_format | unsupported): an empty file, a
/// file that is no image, one whose header is broken, more than 2^30 pixels.
ImageInfo probe_image(const Path& path);
ImageInfo probe_image_bytes(std::string_view bytes);

struct ReadImage {
  /// Decode no larger than needed to be at least this big in both directions: a JPEG is decoded at 1/2, 1/4
  /// or 1/8. Its entropy coding is read all the same, so that saves a quarter of the time for a small
  /// detailed photograph and three quarters for a large smooth one. The result may be larger than asked,
  /// never smaller unless the image is.
  std::optional<Size> at_least = std::nullopt;
  /// Turn by the EXIF orientation.
  bool orient = true;
};

/// Colours for a model or a picture: CV_8UC3, **RGB** order, EXIF-turned. Gray is repeated, a palette is
/// looked up, alpha is dropped, 16 bits are scaled to 8, CMYK is converted. Throws what probe_image throws,
/// and Error(bad_format) for data that end early or do not decode: a picture that is only half there is not
/// returned.
cv::Mat read_image(const Path& path, const ReadImage& options = {});
cv::Mat decode_image(std::string_view bytes, const ReadImage& options = {});

/// A mask as it is stored: samples, never colours.
struct RawImage {
  cv::Mat pixels;  ///< CV_8UC1, CV_16UC1 (indices or gray), CV_8UC2, CV_8UC3 (RGB) or CV_8UC4 (RGBA)
  std::vector<Rgb> palette;  ///< of a palette PNG; empty otherwise
  int bit_depth = 8;         ///< as stored; 1, 2 and 4-bit samples keep their values 0..2^bits-1 in CV_8UC1
};

/// Index-exact: palette indices are not expanded, low bit depths are not scaled, no gamma, no EXIF turn
/// (masks do not carry it; a JPEG mask is decoded to its gray or RGB samples). Throws as read_image.
RawImage read_raw(const Path& path);
RawImage decode_raw(std::string_view bytes);

/// PNG of CV_8UC1 or CV_16UC1 indices. A palette (CV_8UC1 only; at most 256 colours) makes it a palette PNG.
/// The bytes depend on nothing but the arguments. Throws Error(bad_value) for other types, or an index past
/// the palette.
std::string encode_index_png(const cv::Mat& indices, const std::vector<Rgb>& palette = {});
/// PNG of CV_8UC1, CV_8UC3 (RGB), CV_8UC4 or CV_16UC1 samples.
std::string encode_png(const cv::Mat& pixels);
/// A NumPy array file of CV_8UC1 or CV_16UC1 samples, byte for byte as numpy.save writes it. Throws
/// Error(bug) for other types.
std::string encode_npy(const cv::Mat& samples);
/// JPEG of CV_8UC3 RGB or CV_8UC1. `quality` 1..100.
std::string encode_jpeg(const cv::Mat& pixels, int quality = 90);

/// Turns pixels as EXIF orientation 1..8 says; the result has ImageInfo::size().
cv::Mat oriented(const cv::Mat& pixels, int orientation);

/// By the number of each new pixel along a side, that of the stored one on which its middle lies.
std::vector<int> nearest_pixels(int stored_length, int length);

/// Another size for a mask of one channel of 8 or 16 bits: each new pixel is the stored one on which its
/// middle lies. cv::INTER_NEAREST_EXACT means the same, and overflows from 32768 pixels a side. Throws
/// Error(bug) for other types, and where there is no pixel to take; Error(unsupported) where memory does not
/// suffice.
cv::Mat resize_nearest(const cv::Mat& pixels, Size size);

/// Another size for a picture of any number of channels of 8 or 16 bits: by area averaging along a side that
/// shrinks, bilinearly along one that grows. Throws as resize_nearest.
cv::Mat resize_picture(const cv::Mat& pixels, Size size);

/// The colour a label gets when nothing gives it one: Pascal VOC's colour map, by index.
Rgb voc_colour(int index);
std::vector<Rgb> voc_palette(int count);

}  // namespace maskmill
