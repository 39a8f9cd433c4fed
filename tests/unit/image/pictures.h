// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <string>

#include "base/path.h"
#include "base/random.h"
#include "image/image.h"

namespace maskmill::tests {

/// A file of tests/data/image; its make.py says what it shows.
Path picture(const std::string& name);
std::string picture_bytes(const std::string& name);

/// The size of make.py's PNG, BMP, TIFF and WebP files, and the formulas of their pixels.
inline constexpr Size kPictureSize{13, 9};
unsigned value_at(int x, int y, int bits);
Rgb colour_at(int x, int y);
/// CV_8UC1 (CV_16UC1 of 16 bits) and CV_8UC3 made by them.
cv::Mat values(int bits);
cv::Mat colours();

/// Same type, size and samples.
bool equal(const cv::Mat& a, const cv::Mat& b);
/// The largest difference of two samples; the type and size must agree.
double distance(const cv::Mat& a, const cv::Mat& b);
cv::Mat noise(Random& random, Size size, int type);

/// Bytes that this process has read so far, or nothing where the system does not say.
std::optional<long long> bytes_read();

}  // namespace maskmill::tests
