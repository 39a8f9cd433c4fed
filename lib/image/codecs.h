// SPDX-License-Identifier: Apache-2.0
#pragma once

// Between image.cpp and the codecs beside it; other libraries include image.h alone.

#include <cstddef>
#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_source.h"
#include "image/image.h"

namespace maskmill::codecs {

inline std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}
inline std::uint32_t big16(std::string_view bytes, std::size_t i) {
  return byte_at(bytes, i) << 8 | byte_at(bytes, i + 1);
}
inline std::uint32_t big32(std::string_view bytes, std::size_t i) {
  return big16(bytes, i) << 16 | big16(bytes, i + 2);
}
inline std::uint32_t little16(std::string_view bytes, std::size_t i) {
  return byte_at(bytes, i) | byte_at(bytes, i + 1) << 8;
}
inline std::uint32_t little32(std::string_view bytes, std::size_t i) {
  return little16(bytes, i) | little16(bytes, i + 2) << 16;
}

/// What the first directory of a TIFF says; EXIF is such a directory too. What it does not say has TIFF's
/// default.
struct TiffTags {
  std::uint32_t width = 0, height = 0;
  std::uint32_t bits = 1;  ///< of the first sample
  std::uint32_t photometric = 0;
  std::uint32_t orientation = 1;
  std::uint32_t samples = 1;
};
/// Nothing where the header or the directory is broken.
std::optional<TiffTags> read_tiff_tags(ByteSource& tiff);
/// Of a TIFF block as EXIF stores it. 1 where it is broken, says nothing or says a number that means nothing:
/// viewers then show the picture as it lies.
int exif_orientation(std::string_view tiff);

/// Where a file has its EXIF, a TIFF block; of no size where it has none.
struct ExifBlock {
  std::uint64_t offset = 0, size = 0;
};

/// Each throws Error(bad_format | unsupported) without a place.
ImageInfo probe_jpeg(ByteSource& file, ExifBlock* exif = nullptr);
ImageInfo probe_png(ByteSource& file, ExifBlock* exif = nullptr);
ImageInfo probe_npy(ByteSource& file);
ImageInfo probe_npz(ByteSource& file);
/// GIF, BMP, TIFF and WebP.
ImageInfo probe_other(ByteSource& file, FileKind kind);

enum class Samples { colour, as_stored };

/// The decoders take what probe_image_bytes said of the same bytes, and do not turn by the orientation.
/// CV_8UC3; CV_8UC1 of a gray JPEG as stored. `at_least` counts stored pixels.
cv::Mat decode_jpeg(std::string_view bytes, const ImageInfo& info, Samples samples,
                    const std::optional<Size>& at_least = std::nullopt);
cv::Mat decode_png(std::string_view bytes, const ImageInfo& info);
RawImage decode_png_raw(std::string_view bytes, const ImageInfo& info);
/// One, three or four channels: CV_8U where no sample exceeds 255, else CV_16UC1. Throws also
/// Error(bad_value) for a sample that is not a whole number from 0 to 65535.
cv::Mat decode_npy(std::string_view bytes);
/// The same of the one array in a NumPy archive.
cv::Mat decode_npz(std::string_view bytes);
cv::Mat decode_other(std::string_view bytes, const ImageInfo& info, Samples samples);

/// Uninitialised pixels. Throws Error(unsupported) where memory does not suffice.
cv::Mat new_pixels(Size size, int type);

}  // namespace maskmill::codecs
