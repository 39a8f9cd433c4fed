// SPDX-License-Identifier: Apache-2.0
#include "render/lettering.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "render/cutout.h"
#include "render/markup.h"
#include "render/unicode.h"

namespace maskmill {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
// Of the font at scale 1: a capital is 21 units high, a descender reaches 7 below the line.
constexpr double kCapital = 21, kWhole = 28;

/// Small text is drawn larger and shrunk: strokes of a fraction of a pixel keep their weight.
int oversampling(double height_px) {
  return height_px < 48 ? 4 : 1;
}

double scale_of(double height_px) {
  return height_px / kWhole;
}
int thickness_of(double height_px) {
  return std::max(1, static_cast<int>(std::lround(height_px / 9.5)));
}

int width_of(const std::string& ascii, double height_px) {
  int base_line = 0;
  const int thickness = thickness_of(height_px);
  return cv::getTextSize(ascii, kFont, scale_of(height_px), thickness, &base_line).width;
}

}  // namespace

cv::Size text_size(std::string_view text, double height_px) {
  const int more = oversampling(height_px);
  const double width = width_of(to_ascii(text), height_px * more) / static_cast<double>(more);
  return {static_cast<int>(std::ceil(width)), static_cast<int>(std::ceil(height_px))};
}

std::string fitted(std::string_view text, double height_px, int width_px) {
  std::string ascii = to_ascii(text);
  if (text_size(ascii, height_px).width <= width_px) return ascii;
  // A letter is at least a sixth of its height wide, which bounds the work for a text of any length.
  std::size_t fits = 0, most = std::min(ascii.size(),
                                        static_cast<std::size_t>(6.0 * std::max(0, width_px) / height_px));
  while (fits < most) {
    const std::size_t middle = (fits + most + 1) / 2;
    if (text_size(ascii.substr(0, middle) + "..", height_px).width <= width_px)
      fits = middle;
    else
      most = middle - 1;
  }
  return fits > 0 ? ascii.substr(0, fits) + ".." : "";
}

void draw_text(cv::Mat& rgb, std::string_view text, cv::Point top_left, double height_px, Rgb ink) {
  const std::string ascii = to_ascii(text);
  const cv::Size size = text_size(ascii, height_px);
  const cv::Rect place = cv::Rect(top_left, size) & cv::Rect(0, 0, rgb.cols, rgb.rows);
  if (place.empty()) return;
  const int more = oversampling(height_px);
  const double drawn_height = height_px * more;
  cv::Mat coverage = cv::Mat::zeros(size * more, CV_8UC1);
  const int base_line = static_cast<int>(std::lround(drawn_height * kCapital / kWhole));
  cv::putText(coverage, ascii, {0, base_line}, kFont, scale_of(drawn_height), 255, thickness_of(drawn_height),
              cv::LINE_AA);
  if (more > 1) cv::resize(coverage, coverage, size, 0, 0, cv::INTER_AREA);
  const std::array<int, 3> channels{ink.r, ink.g, ink.b};
  for (int y = place.y; y < place.y + place.height; ++y) {
    const auto* alpha = coverage.ptr<std::uint8_t>(y - top_left.y);
    auto* pixels = rgb.ptr<cv::Vec3b>(y);
    for (int x = place.x; x < place.x + place.width; ++x)
      for (int c = 0; c < 3; ++c) {
        const int a = alpha[x - top_left.x];
        pixels[x][c] = static_cast<std::uint8_t>(
            (channels[static_cast<std::size_t>(c)] * a + pixels[x][c] * (255 - a) + 127) / 255);
      }
  }
}

void Captions::keep_clear(const Box& area) {
  taken_.push_back(pixels_around(area, 0, {rgb_.cols, rgb_.rows}));
}

void Captions::place(std::string_view text, const Box& around, Rgb ground) {
  const int pad = std::max(2, static_cast<int>(std::lround(height_px_ * 0.25)));
  const std::string words = fitted(text, height_px_, rgb_.cols - 2 * pad);
  const cv::Size letters = text_size(words, height_px_);
  const cv::Size plate(letters.width + 2 * pad, letters.height + pad + pad / 2);
  if (words.empty() || plate.height > rgb_.rows) return;

  const auto pixel = [](double value, int limit) {
    return value > 0 ? static_cast<int>(std::lround(std::min<double>(value, limit))) : 0;
  };
  const int free_x = rgb_.cols - plate.width, free_y = rgb_.rows - plate.height;
  const int left = pixel(around.x, free_x), right = pixel(around.x + around.width - plate.width, free_x);
  const double bottom = around.y + around.height;
  const int above = pixel(around.y - plate.height, free_y), top = pixel(around.y, free_y);
  const int foot = pixel(bottom - plate.height, free_y), below = pixel(bottom, free_y);
  const int middle_x = pixel(around.x + around.width / 2 - plate.width / 2.0, free_x);
  const int middle_y = pixel(around.y + around.height / 2 - plate.height / 2.0, free_y);
  for (const cv::Point corner : {cv::Point(left, above), cv::Point(left, top), cv::Point(right, above),
                                 cv::Point(right, top), cv::Point(left, below), cv::Point(left, foot),
                                 cv::Point(right, foot), cv::Point(middle_x, middle_y)}) {
    const cv::Rect spot(corner, plate);
    if (std::any_of(taken_.begin(), taken_.end(),
                    [&](const cv::Rect& other) { return !(spot & other).empty(); }))
      continue;
    taken_.push_back(spot);
    rgb_(spot).setTo(cv::Scalar(ground.r, ground.g, ground.b));
    draw_text(rgb_, words, corner + cv::Point(pad, pad), height_px_, ink_on(ground));
    return;
  }
}

}  // namespace maskmill
