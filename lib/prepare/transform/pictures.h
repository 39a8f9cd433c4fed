// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

#include "base/enum_names.h"
#include "base/settings.h"
#include "image/image.h"

namespace maskmill {

/// How an image is stored whose pixels are made anew.
enum class PictureKind {
  automatic,  ///< a JPEG as JPEG, everything else as PNG, without loss
  png,
  jpeg
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<PictureKind>{"auto", "png", "jpeg"};

struct PictureSettings {
  PictureKind kind = PictureKind::automatic;
  int quality = 95;

  static void visit(auto& self, auto&& setting) {
    setting("image-format", self.kind,
            "how images are stored that are made anew; auto: a JPEG as JPEG, everything else as PNG");
    setting("quality", self.quality, "of such a JPEG", between(1, 100));
  }
};

/// What an image of the stored kind becomes.
FileKind made_kind(FileKind stored, PictureKind wanted);
/// The file's name with an extension of that kind; its own stays where it says so already.
std::string with_kind(const std::string& file_name, FileKind kind);

/// The samples as they are displayed, upright: CV_8UC1, CV_16UC1, CV_8UC3 (RGB) or CV_8UC4 where they are
/// stored so; else CV_8UC3 as decode_image has them (palettes, CMYK, fewer than 8 bits, 16-bit colours).
/// Throws Error as decode_image.
cv::Mat decode_samples(std::string_view bytes);
/// As PNG or JPEG, without an orientation. A JPEG loses alpha and all but 8 bits.
std::string encode_samples(const cv::Mat& samples, FileKind kind, int quality);

/// The pixels of the window; those outside the picture are `beyond`.
cv::Mat window_of(const cv::Mat& pixels, int x, int y, Size size, double beyond);

}  // namespace maskmill
