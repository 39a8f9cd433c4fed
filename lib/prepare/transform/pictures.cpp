// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/pictures.h"

#include <opencv2/core.hpp>

#include "base/error.h"

namespace maskmill {

FileKind made_kind(FileKind stored, PictureKind wanted) {
  if (wanted == PictureKind::automatic) return stored == FileKind::jpeg ? FileKind::jpeg : FileKind::png;
  return wanted == PictureKind::png ? FileKind::png : FileKind::jpeg;
}

std::string with_kind(const std::string& file_name, FileKind kind) {
  const Path path(file_name);
  if (kind_of_extension(lower_extension(path)) == kind) return file_name;
  const std::string extension = has_image_extension(path) ? path.extension().string() : "";
  return file_name.substr(0, file_name.size() - extension.size()) +
         (kind == FileKind::jpeg ? ".jpg" : ".png");
}

cv::Mat decode_samples(std::string_view bytes) {
  const ImageInfo info = probe_image_bytes(bytes);
  const bool as_stored = !info.palette && !info.cmyk && info.bit_depth >= 8 && info.channels != 2 &&
                         (info.bit_depth == 8 || info.channels == 1);
  if (!as_stored) return decode_image(bytes);
  const RawImage raw = decode_raw(bytes);
  const int type = raw.pixels.type();
  if (type != CV_8UC1 && type != CV_16UC1 && type != CV_8UC3 && type != CV_8UC4) return decode_image(bytes);
  return oriented(raw.pixels, info.orientation);
}

std::string encode_samples(const cv::Mat& samples, FileKind kind, int quality) {
  if (kind == FileKind::png) return encode_png(samples);
  if (kind != FileKind::jpeg) throw Error(Code::bug, "pictures are made as PNG or JPEG");
  cv::Mat plain = samples;
  if (samples.depth() == CV_16U) samples.convertTo(plain, CV_8U, 255.0 / 65535);
  if (plain.channels() == 4) {
    const cv::Mat colours(plain.size(), CV_8UC3);
    cv::mixChannels({plain}, {colours}, {0, 0, 1, 1, 2, 2});
    plain = colours;
  }
  return encode_jpeg(plain, quality);
}

cv::Mat window_of(const cv::Mat& pixels, int x, int y, Size size, double beyond) {
  const cv::Rect wanted(x, y, size.width, size.height);
  const cv::Rect inside = wanted & cv::Rect(0, 0, pixels.cols, pixels.rows);
  if (inside == wanted) return pixels(wanted);
  cv::Mat window(size.height, size.width, pixels.type(), cv::Scalar::all(beyond));
  if (!inside.empty()) pixels(inside).copyTo(window(inside - wanted.tl()));
  return window;
}

}  // namespace maskmill
