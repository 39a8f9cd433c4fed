// SPDX-License-Identifier: Apache-2.0
#include "render/areas.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <opencv2/imgproc.hpp>

#include "base/error.h"

namespace maskmill {
namespace {

using Pixel = cv::Vec3b;

/// share * colour + (1 - share) * pixel to the nearest integer, in 16-bit fixed point.
class Mixer {
 public:
  Mixer(Rgb colour, double share) : kept_(kOne - static_cast<int>(std::lround(share * kOne))) {
    const std::array<int, 3> channels{colour.r, colour.g, colour.b};
    for (std::size_t c = 0; c < 3; ++c) added_[c] = channels[c] * (kOne - kept_) + kOne / 2;
  }
  void apply(Pixel& pixel) const {
    for (int c = 0; c < 3; ++c)
      pixel[c] = static_cast<std::uint8_t>((pixel[c] * kept_ + added_[static_cast<std::size_t>(c)]) / kOne);
  }

 private:
  static constexpr int kOne = 1 << 16;
  int kept_;
  std::array<int, 3> added_;
};

/// Everything the inner loop needs of one ink.
struct Brush {
  Ink::Kind kind;
  bool outlined;
  Mixer fill, line, shadow;
  Pixel pure;
  Brush(const Ink& ink, double opacity)
      : kind(ink.kind),
        outlined(ink.outlined),
        fill(ink.colour, opacity),
        line(ink.colour, 0.8),
        shadow({0, 0, 0}, 0.35),
        pure(ink.colour.r, ink.colour.g, ink.colour.b) {}
};

}  // namespace

std::vector<Ink> inks_of(const LabelMap& labels) {
  std::vector<Ink> inks;
  for (int i = 0; i < labels.size(); ++i) {
    const Role role = labels[i].role;
    inks.push_back(role == Role::ignore       ? kVoidInk
                   : role == Role::background ? Ink{}
                                              : Ink{Ink::Kind::blend, labels.colour(i)});
  }
  return inks;
}

Size size_of(const cv::Mat& picture) {
  return {picture.cols, picture.rows};
}

void require_picture(const cv::Mat& rgb) {
  if (rgb.empty() || rgb.type() != CV_8UC3) throw Error(Code::bug, "a picture to draw on is CV_8UC3");
}

cv::Mat fitted_mask(const cv::Mat& mask, const cv::Mat& rgb, Size expected) {
  if (mask.type() != CV_16UC1) throw Error(Code::bug, "a mask to draw is CV_16UC1");
  if (size_of(mask) == size_of(rgb)) return mask;
  if (size_of(mask) != expected)
    throw Error(Code::bad_value, fmt::format("the mask has {} pixels, its image {}", to_string(size_of(mask)),
                                             to_string(expected)));
  return resize_nearest(mask, size_of(rgb));
}

cv::Mat edges_of(const cv::Mat& numbers, int width_px) {
  const cv::Mat square = cv::getStructuringElement(cv::MORPH_RECT, {2 * width_px + 1, 2 * width_px + 1});
  cv::Mat highest, lowest;
  cv::dilate(numbers, highest, square);
  cv::erode(numbers, lowest, square);
  return highest != lowest;
}

void draw_areas(cv::Mat& rgb, const cv::Mat& numbers, const cv::Mat& edges, std::span<const Ink> inks,
                double opacity, int line_px) {
  std::vector<Brush> brushes;
  brushes.reserve(inks.size());
  for (const Ink& ink : inks) brushes.emplace_back(ink, opacity);
  const int period = 8 * line_px;
  for (int y = 0; y < rgb.rows; ++y) {
    auto* pixels = rgb.ptr<Pixel>(y);
    const auto* row = numbers.ptr<std::uint16_t>(y);
    const std::uint8_t* edge = edges.empty() ? nullptr : edges.ptr<std::uint8_t>(y);
    for (int x = 0; x < rgb.cols; ++x) {
      if (row[x] >= brushes.size()) continue;
      const Brush& brush = brushes[row[x]];
      if (brush.kind == Ink::Kind::none) continue;
      if (edge && edge[x] && brush.outlined) {
        pixels[x] = brush.pure;
      } else if (brush.kind == Ink::Kind::blend) {
        brush.fill.apply(pixels[x]);
      } else {
        const int phase = (x + y) % period / line_px;
        if (phase < 2) (phase == 0 ? brush.line : brush.shadow).apply(pixels[x]);
      }
    }
  }
}

Rgb instance_colour(std::int64_t index) {
  // Steps of the golden ratio spread any number of hues evenly; three strengths tell close hues apart.
  const double hue = std::fmod(static_cast<double>(index & 0xFFFFFF) * 0.6180339887498949 + 0.962, 1.0) * 6;
  const double value = std::array{0.95, 0.8, 1.0}[static_cast<std::size_t>(index & 0xFFFFFF) % 3];
  const double saturation = std::array{0.85, 0.9, 0.55}[static_cast<std::size_t>(index & 0xFFFFFF) % 3];
  const auto channel = [&](double n) {
    const double k = std::fmod(n + hue, 6.0);
    const double c = value - value * saturation * std::clamp(std::min(k, 4 - k), 0.0, 1.0);
    return static_cast<std::uint8_t>(std::lround(255 * c));
  };
  return {channel(5), channel(3), channel(1)};
}

}  // namespace maskmill
