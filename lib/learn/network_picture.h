// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <string_view>

#include "base/error.h"
#include "dataset/item.h"
#include "image/image.h"
#include "learn/detector_size.h"

namespace maskmill::learn {

/// A picture as a network sees it. Training and prediction both make it here, so that a network meets in use
/// what it was trained on.
struct NetworkPicture {
  cv::Mat pixels;  ///< CV_8UC3, RGB, of the network's size
  Size size;       ///< of the picture itself, EXIF-turned
};

/// From a file's bytes; a JPEG is decoded no larger than needed. Throws as decode_image.
NetworkPicture network_picture(std::string_view bytes, Size network);
/// From pixels, CV_8UC3 RGB.
NetworkPicture network_picture(const cv::Mat& picture, Size network);

/// The same for a detector, whose input is as large as detector_size() says: bilinear, each new pixel from
/// the four around its centre, as torchvision's transform does, rounded to whole levels.
NetworkPicture detector_picture(std::string_view bytes, const DetectorSize& bounds);
NetworkPicture detector_picture(const cv::Mat& picture, const DetectorSize& bounds);

/// For an item that cannot be looked at.
Error without_image(const Item& item);

}  // namespace maskmill::learn
