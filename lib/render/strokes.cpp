// SPDX-License-Identifier: Apache-2.0
#include "render/strokes.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "render/markup.h"

namespace maskmill {
namespace {

constexpr int kSubpixelBits = 4;

cv::Scalar scalar(Rgb colour) {
  return {double(colour.r), double(colour.g), double(colour.b)};
}

/// A pixel's centre lies at .5 in annotations and at 0 in OpenCV's drawing.
cv::Point fixed_point(Point at) {
  return {static_cast<int>(std::lround((at.x - 0.5) * (1 << kSubpixelBits))),
          static_cast<int>(std::lround((at.y - 0.5) * (1 << kSubpixelBits)))};
}

/// A number, and small enough that the difference of two is one.
bool is_drawable(Point at) {
  return std::abs(at.x) <= 1e300 && std::abs(at.y) <= 1e300;
}

struct Segment {
  Point from, to;
};

/// Liang and Barsky, "A new concept and method for line clipping", 1984. Keeps OpenCV's fixed-point numbers
/// from overflowing.
std::optional<Segment> clipped(Point a, Point b, const cv::Rect2d& to) {
  if (!is_drawable(a) || !is_drawable(b)) return std::nullopt;
  double enter = 0, leave = 1;
  const auto cut = [&](double start, double end, double low, double high) {
    const double run = end - start;
    if (run == 0) return start >= low && start <= high;
    double first = (low - start) / run, second = (high - start) / run;
    if (first > second) std::swap(first, second);
    enter = std::max(enter, first), leave = std::min(leave, second);
    return enter <= leave;
  };
  if (!cut(a.x, b.x, to.x, to.x + to.width) || !cut(a.y, b.y, to.y, to.y + to.height)) return std::nullopt;
  const auto at = [&](double t) {
    return Point{std::clamp(a.x + t * (b.x - a.x), to.x, to.x + to.width),
                 std::clamp(a.y + t * (b.y - a.y), to.y, to.y + to.height)};
  };
  return Segment{at(enter), at(leave)};
}

void fill(cv::Mat& rgb, const cv::Rect& area, Rgb colour) {
  const cv::Rect inside = area & cv::Rect(0, 0, rgb.cols, rgb.rows);
  if (!inside.empty()) rgb(inside).setTo(scalar(colour));
}

void fill_ring(cv::Mat& rgb, int left, int top, int right, int bottom, int width, Rgb colour) {
  if (right <= left || bottom <= top) return;
  const int w = std::min({width, right - left, bottom - top});
  fill(rgb, {left, top, right - left, w}, colour);
  fill(rgb, {left, bottom - w, right - left, w}, colour);
  fill(rgb, {left, top, w, bottom - top}, colour);
  fill(rgb, {right - w, top, w, bottom - top}, colour);
}

}  // namespace

Pen pen_for(Size picture, double scale) {
  const double side = std::sqrt(static_cast<double>(picture.area()));
  return {.line_px = std::max(1, static_cast<int>(std::lround(side / 400 * scale))),
          .text_px = std::max(10.0, std::round(side / 36 * scale))};
}

void draw_line(cv::Mat& rgb, std::span<const Point> points, bool closed, Rgb colour, int width_px) {
  const double margin = 4.0 * width_px + 4;
  const cv::Rect2d reach(-margin, -margin, rgb.cols + 2 * margin, rgb.rows + 2 * margin);
  std::vector<Segment> segments;
  const std::size_t count = points.size();
  for (std::size_t i = 0; i + 1 < count + (closed && count > 2 ? 1 : 0); ++i)
    if (const auto segment = clipped(points[i], points[(i + 1) % count], reach)) segments.push_back(*segment);
  const int rim = std::max(1, width_px / 3);
  for (const auto& [ink, width] :
       {std::pair{ink_on(colour), width_px + 2 * rim}, std::pair{colour, width_px}})
    for (const Segment& segment : segments)
      cv::line(rgb, fixed_point(segment.from), fixed_point(segment.to), scalar(ink), width, cv::LINE_AA,
               kSubpixelBits);
}

void draw_frame(cv::Mat& rgb, const Box& box, Rgb colour, int width_px) {
  const auto pixel = [&](double value, int size, auto&& round) {
    return static_cast<int>(round(std::clamp(value, -4.0 * width_px - 4, size + 4.0 * width_px + 4)));
  };
  if (!std::isfinite(box.x + box.y + box.width + box.height)) return;
  const auto down = [](double v) { return std::floor(v); };
  const auto up = [](double v) { return std::ceil(v); };
  const int left = pixel(box.x, rgb.cols, down), right = pixel(box.x + box.width, rgb.cols, up);
  const int top = pixel(box.y, rgb.rows, down), bottom = pixel(box.y + box.height, rgb.rows, up);
  const int rim = std::max(1, width_px / 3);
  fill_ring(rgb, left, top, right, bottom, width_px + rim, ink_on(colour));
  fill_ring(rgb, left, top, right, bottom, width_px, colour);
}

void draw_dot(cv::Mat& rgb, Point at, Rgb colour, int width_px, bool hollow) {
  const int radius = 2 * width_px + 1, rim = std::max(1, width_px / 2);
  if (!is_drawable(at) || at.x < -radius || at.y < -radius || at.x > rgb.cols + radius ||
      at.y > rgb.rows + radius)
    return;
  const cv::Point centre = fixed_point(at);
  const auto disc = [&](int r, Rgb ink) {
    cv::circle(rgb, centre, r << kSubpixelBits, scalar(ink), cv::FILLED, cv::LINE_AA, kSubpixelBits);
  };
  disc(radius + rim, ink_on(colour));
  disc(radius, colour);
  if (hollow) disc(std::max(1, radius - width_px), ink_on(colour));
}

}  // namespace maskmill
