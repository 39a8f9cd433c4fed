// SPDX-License-Identifier: Apache-2.0
#include "pictures.h"

#include <cstring>
#include <fstream>
#include <opencv2/core.hpp>

#include "support/scratch.h"

namespace maskmill::tests {

Path picture(const std::string& name) {
  return Path(MASKMILL_SOURCE_DIR) / "tests" / "data" / "image" / name;
}
std::string picture_bytes(const std::string& name) {
  return read_file(picture(name));
}

unsigned value_at(int x, int y, int bits) {
  const auto sum = static_cast<unsigned>(bits == 16 ? x * 5003 + y * 2017 : x * 7 + y * 31);
  return sum % (1U << bits);
}

Rgb colour_at(int x, int y) {
  return {static_cast<std::uint8_t>(x * 19), static_cast<std::uint8_t>(y * 28),
          static_cast<std::uint8_t>((x + y) * 11)};
}

cv::Mat values(int bits) {
  cv::Mat pixels(kPictureSize.height, kPictureSize.width, bits == 16 ? CV_16UC1 : CV_8UC1);
  for (int y = 0; y < pixels.rows; ++y)
    for (int x = 0; x < pixels.cols; ++x) {
      if (bits == 16)
        pixels.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(value_at(x, y, bits));
      else
        pixels.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(value_at(x, y, bits));
    }
  return pixels;
}

cv::Mat colours() {
  cv::Mat pixels(kPictureSize.height, kPictureSize.width, CV_8UC3);
  for (int y = 0; y < pixels.rows; ++y)
    for (int x = 0; x < pixels.cols; ++x) {
      const Rgb colour = colour_at(x, y);
      pixels.at<cv::Vec3b>(y, x) = {colour.r, colour.g, colour.b};
    }
  return pixels;
}

bool equal(const cv::Mat& a, const cv::Mat& b) {
  return a.type() == b.type() && a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
}

double distance(const cv::Mat& a, const cv::Mat& b) {
  REQUIRE(a.type() == b.type());
  REQUIRE(a.size() == b.size());
  return cv::norm(a, b, cv::NORM_INF);
}

cv::Mat noise(Random& random, Size size, int type) {
  cv::Mat pixels(size.height, size.width, type);
  for (int y = 0; y < pixels.rows; ++y)
    for (std::size_t i = 0; i < static_cast<std::size_t>(pixels.cols) * pixels.elemSize(); ++i)
      pixels.ptr<std::uint8_t>(y)[i] = static_cast<std::uint8_t>(random.below(256));
  return pixels;
}

std::optional<long long> bytes_read() {
  std::ifstream file("/proc/self/io");
  std::string name;
  long long count = 0;
  if (file >> name >> count && name == "rchar:") return count;
  return std::nullopt;
}

}  // namespace maskmill::tests
