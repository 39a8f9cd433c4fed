// SPDX-License-Identifier: Apache-2.0
#include "learn/augment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <opencv2/core/matx.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "dataset/shape_geometry.h"
#include "image/image.h"

namespace maskmill::learn {
namespace {

/// out = m * (x, y, 1), in the coordinates of dataset/shapes.h.
using Affine = cv::Matx23d;

constexpr double kLeastArea = 1;  // square pixels

/// First `inner`, then `outer`.
Affine combined(const Affine& outer, const Affine& inner) {
  const auto square_of = [](const Affine& m) {
    return cv::Matx33d(m(0, 0), m(0, 1), m(0, 2), m(1, 0), m(1, 1), m(1, 2), 0, 0, 1);
  };
  return outer * square_of(inner);
}

Affine turning(cv::Size size, double angle_degrees, double scale, double shift_x, double shift_y) {
  const double angle = angle_degrees * std::numbers::pi / 180;
  // With y pointing down, this turns clockwise as seen.
  const double cosine = scale * std::cos(angle), sine = scale * std::sin(angle);
  const double x = size.width / 2.0, y = size.height / 2.0;
  return {cosine, -sine,  x + shift_x - cosine * x + sine * y,  //
          sine,   cosine, y + shift_y - sine * x - cosine * y};
}

Affine mirroring(cv::Size size, bool horizontally, bool vertically) {
  return {horizontally ? -1.0 : 1.0,
          0,
          horizontally ? size.width : 0.0,  //
          0,
          vertically ? -1.0 : 1.0,
          vertically ? size.height : 0.0};
}

/// Enlarges the window at (x, y) that has this share of the width and of the height.
Affine enlarging(double share, double x, double y) {
  return {1 / share, 0, -x / share, 0, 1 / share, -y / share};
}

Point moved(const Affine& m, Point point) {
  return {m(0, 0) * point.x + m(0, 1) * point.y + m(0, 2), m(1, 0) * point.x + m(1, 1) * point.y + m(1, 2)};
}

template <class Change>
void change_points(Polygon& polygon, Change&& change) {
  for (PolygonPart& part : polygon.parts) {
    for (Point& point : part.exterior) point = change(point);
    for (Ring& hole : part.holes)
      for (Point& point : hole) point = change(point);
  }
}

Box around(const std::vector<Point>& points) {
  constexpr double far = std::numeric_limits<double>::infinity();
  double left = far, top = far, right = -far, bottom = -far;
  for (const Point& point : points) {
    left = std::min(left, point.x), right = std::max(right, point.x);
    top = std::min(top, point.y), bottom = std::max(bottom, point.y);
  }
  return {left, top, right - left, bottom - top};
}

Box whole(cv::Size size) {
  return {0, 0, static_cast<double>(size.width), static_cast<double>(size.height)};
}

/// False where too little is left of the object.
bool move_object(SampleObject& object, const Affine& m, cv::Size size) {
  std::vector<Point> outline;
  if (object.polygon.parts.empty()) {
    const auto& [x, y, width, height] = object.box;
    outline = {moved(m, {x, y}), moved(m, {x + width, y}), moved(m, {x + width, y + height}),
               moved(m, {x, y + height})};
  } else {
    change_points(object.polygon, [&](Point point) { return moved(m, point); });
    object.polygon = clipped(object.polygon, whole(size));
    if (area(object.polygon) < kLeastArea) return false;
    for (const PolygonPart& part : object.polygon.parts)
      outline.insert(outline.end(), part.exterior.begin(), part.exterior.end());
  }
  object.box = clipped(around(outline), whole(size));
  return object.box.area() >= kLeastArea;
}

void warp(Sample& sample, const Affine& m) {
  const cv::Size size = sample.image.size();
  // OpenCV counts from the centre of the first pixel, shapes from its corner: half a pixel in both
  // directions.
  Affine centred = m;
  centred(0, 2) += (m(0, 0) + m(0, 1) - 1) / 2;
  centred(1, 2) += (m(1, 0) + m(1, 1) - 1) / 2;
  cv::Mat image;
  cv::warpAffine(sample.image, image, centred, size, cv::INTER_LINEAR, cv::BORDER_CONSTANT,
                 cv::Scalar::all(0));
  sample.image = image;
  if (!sample.mask.empty()) {
    cv::Mat mask;
    cv::warpAffine(sample.mask, mask, centred, size, cv::INTER_NEAREST, cv::BORDER_CONSTANT,
                   cv::Scalar::all(kIgnored));
    sample.mask = mask;
  }
  std::erase_if(sample.objects, [&](SampleObject& object) { return !move_object(object, m, size); });
}

constexpr int kQuantileBits = 12;

/// Standard normal numbers that are equally likely: a bit pattern picks one, many times as fast as drawing
/// it.
const std::vector<double>& normal_quantiles() {
  static const std::vector<double> quantiles = [] {
    constexpr std::size_t count = std::size_t{1} << kQuantileBits;
    std::vector<double> found(count);
    for (std::size_t i = 0; i < count; ++i) {
      const double chance = (static_cast<double>(i) + 0.5) / count;
      double low = -5, high = 5;
      for (int halving = 0; halving < 50; ++halving) {
        const double middle = (low + high) / 2;
        (std::erfc(-middle / std::numbers::sqrt2) / 2 < chance ? low : high) = middle;
      }
      found[i] = (low + high) / 2;
    }
    return found;
  }();
  return quantiles;
}

enum class Mirror { vertical = 0, horizontal = 1 };  // the numbers are cv::flip's

void flip(Sample& sample, Mirror mirror) {
  for (cv::Mat* pixels : {&sample.image, &sample.mask}) {
    if (pixels->empty()) continue;
    cv::Mat flipped;
    cv::flip(*pixels, flipped, static_cast<int>(mirror));
    *pixels = flipped;
  }
  const double width = sample.image.cols, height = sample.image.rows;
  for (SampleObject& object : sample.objects) {
    if (mirror == Mirror::horizontal) {
      object.box.x = width - object.box.x - object.box.width;
      change_points(object.polygon, [&](Point p) { return Point{width - p.x, p.y}; });
    } else {
      object.box.y = height - object.box.y - object.box.height;
      change_points(object.polygon, [&](Point p) { return Point{p.x, height - p.y}; });
    }
  }
}

}  // namespace

void validate(const AugmentSettings& settings) {
  if (settings.scale_low > settings.scale_high)
    throw Error(Code::usage, fmt::format("{} is above augment.scale-high, which is {}", settings.scale_low,
                                         settings.scale_high))
        .at_field("augment.scale-low");
}

void augment(Sample& sample, const AugmentSettings& settings, Random& random) {
  if (!settings.enabled) return;
  const auto either_way = [&](double most) { return most > 0 ? random.uniform(-most, most) : 0.0; };
  const auto happens = [&](double probability) { return probability > 0 && random.chance(probability); };

  const double gain = 1 + either_way(settings.contrast);
  const double offset = 255 * either_way(settings.brightness);
  if (gain != 1 || offset != 0) change_intensity(sample, gain, offset);

  const double saturation = 1 + either_way(settings.saturation);
  const double hue_degrees = either_way(settings.hue);
  if (saturation != 1 || hue_degrees != 0) change_colour(sample, saturation, hue_degrees);

  const bool horizontally = happens(settings.horizontal_flip), vertically = happens(settings.vertical_flip);
  const bool scales = settings.scale_low != 1 || settings.scale_high != 1,
             frames = settings.crop < 1 || settings.pad > 0;
  if (scales || frames || settings.rotation > 0 || settings.translation > 0) {
    const cv::Size size = sample.image.size();
    const double scale = scales ? random.uniform(settings.scale_low, settings.scale_high) : 1;
    const double angle_degrees = either_way(settings.rotation);
    const double shift_x = size.width * either_way(settings.translation);
    const double shift_y = size.height * either_way(settings.translation);
    Affine whole_way = combined(turning(size, angle_degrees, scale, shift_x, shift_y),
                                mirroring(size, horizontally, vertically));
    if (frames) {
      const double share = random.uniform(settings.crop, 1 + settings.pad);
      const auto place = [&] { return random.uniform(std::min(0.0, 1 - share), std::max(0.0, 1 - share)); };
      const double x = size.width * place(), y = size.height * place();
      whole_way = combined(enlarging(share, x, y), whole_way);
    }
    warp(sample, whole_way);
  } else {
    if (horizontally) flip_horizontally(sample);
    if (vertically) flip_vertically(sample);
  }
  if (settings.blur > 0) blur(sample, random.uniform(0, settings.blur));
  if (settings.noise > 0) {
    const double standard_deviation = 255 * random.uniform(0, settings.noise);
    Random pixels(random.next());
    add_noise(sample, standard_deviation, pixels);
  }
}

void augment(Sample& sample, const AugmentSettings& settings, std::uint64_t seed, int epoch,
             std::size_t index) {
  Random random{stable_hash("augmentation"), seed, static_cast<std::uint64_t>(epoch), index};
  augment(sample, settings, random);
}

void change_intensity(Sample& sample, double gain, double offset) {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t value = 0; value < table.size(); ++value)
    table[value] = static_cast<std::uint8_t>(
        std::lround(std::clamp(static_cast<double>(value) * gain + offset, 0.0, 255.0)));
  cv::Mat image;
  cv::LUT(sample.image, cv::Mat(1, 256, CV_8UC1, table.data()), image);
  sample.image = image;
}

void change_colour(Sample& sample, double saturation, double hue_degrees) {
  const double s = saturation, angle = hue_degrees * std::numbers::pi / 180;
  const double c = std::cos(angle), t = std::sin(angle);
  const cv::Matx33d saturate{0.213 + 0.787 * s, 0.715 - 0.715 * s, 0.072 - 0.072 * s,  //
                             0.213 - 0.213 * s, 0.715 + 0.285 * s, 0.072 - 0.072 * s,  //
                             0.213 - 0.213 * s, 0.715 - 0.715 * s, 0.072 + 0.928 * s};
  const cv::Matx33d rotate{
      0.213 + 0.787 * c - 0.213 * t, 0.715 - 0.715 * c - 0.715 * t, 0.072 - 0.072 * c + 0.928 * t,
      0.213 - 0.213 * c + 0.143 * t, 0.715 + 0.285 * c + 0.140 * t, 0.072 - 0.072 * c - 0.283 * t,
      0.213 - 0.213 * c - 0.787 * t, 0.715 - 0.715 * c + 0.715 * t, 0.072 + 0.928 * c + 0.072 * t};
  cv::Mat image;
  cv::transform(sample.image, image, cv::Mat(rotate * saturate));
  sample.image = image;
}

void flip_horizontally(Sample& sample) {
  flip(sample, Mirror::horizontal);
}

void flip_vertically(Sample& sample) {
  flip(sample, Mirror::vertical);
}

void turn_scale_shift(Sample& sample, double angle_degrees, double scale, double shift_x, double shift_y) {
  if (!(scale > 0)) throw Error(Code::bug, fmt::format("a scale of {}", scale));
  warp(sample, turning(sample.image.size(), angle_degrees, scale, shift_x, shift_y));
}

void blur(Sample& sample, double standard_deviation) {
  if (!(standard_deviation > 0)) return;
  cv::Mat image;
  cv::GaussianBlur(sample.image, image, {}, standard_deviation);
  sample.image = image;
}

void add_noise(Sample& sample, double standard_deviation, Random& random) {
  const std::vector<double>& normal = normal_quantiles();
  cv::Mat image = sample.image.clone();
  std::uint64_t bits = 0;
  int left = 0;
  for (int y = 0; y < image.rows; ++y) {
    auto* row = image.ptr<std::uint8_t>(y);
    for (int x = 0; x < image.cols * image.channels(); ++x) {
      if (left < kQuantileBits) bits = random.next(), left = 64;
      const double drawn = normal[bits & (normal.size() - 1)];
      bits >>= kQuantileBits, left -= kQuantileBits;
      row[x] = cv::saturate_cast<std::uint8_t>(row[x] + standard_deviation * drawn);
    }
  }
  sample.image = image;
}

void resize(Sample& sample, Size size) {
  const cv::Size from = sample.image.size(), to(size.width, size.height);
  if (from.empty() || to.empty()) throw Error(Code::bug, "a picture without pixels cannot be resized");
  if (!sample.mask.empty() && sample.mask.size() != to) sample.mask = resize_nearest(sample.mask, size);
  if (from == to) return;
  sample.image = resize_picture(sample.image, size);
  const double x = static_cast<double>(to.width) / from.width,
               y = static_cast<double>(to.height) / from.height;
  for (SampleObject& object : sample.objects) {
    object.box = {object.box.x * x, object.box.y * y, object.box.width * x, object.box.height * y};
    change_points(object.polygon, [&](Point p) { return Point{p.x * x, p.y * y}; });
  }
}

}  // namespace maskmill::learn
