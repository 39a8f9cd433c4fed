// SPDX-License-Identifier: Apache-2.0
#include "learn/augment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/core/matx.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "base/error.h"
#include "dataset/shape_geometry.h"
#include "image/image.h"
#include "learn/polygon_points.h"

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

/// From a picture of one size to the same one of another.
Affine resizing(cv::Size from, cv::Size to) {
  return {static_cast<double>(to.width) / from.width,   0, 0, 0,
          static_cast<double>(to.height) / from.height, 0};
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

Box whole(cv::Size size) {
  return {0, 0, static_cast<double>(size.width), static_cast<double>(size.height)};
}

/// Around the object after `m`: around its polygon or, of one without, around the corners of its box.
Box box_after(const SampleObject& object, const Affine& m) {
  if (!object.polygon.parts.empty())
    return box_around(object.polygon, [&](const Point& point) { return moved(m, point); });
  const auto& [x, y, width, height] = object.box;
  PointExtent extent;
  for (const Point& corner : {Point{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}})
    extent.add(moved(m, corner));
  return extent.box();
}

/// False where too little is left of the object.
bool move_object(SampleObject& object, const Affine& m, cv::Size size) {
  if (object.polygon.parts.empty()) {
    object.box = clipped(box_after(object, m), whole(size));
  } else {
    change_points(object.polygon, [&](const Point& point) { return moved(m, point); });
    object.polygon = clipped(object.polygon, whole(size));
    if (area(object.polygon) < kLeastArea) return false;
    object.box = clipped(box_around(object.polygon), whole(size));
  }
  return object.box.area() >= kLeastArea;
}

/// Bilinear sampling sees two pixels a side: where `m` makes one of more than two, they are averaged first,
/// by halving sides, and `m` becomes the way from there.
cv::Mat reduced(const cv::Mat& image, Affine& m) {
  const auto divided = [](int side, double scale) {
    int divisor = 1;
    while (scale * divisor < 0.5 && divisor < side) divisor *= 2;
    return std::max(1, side / divisor);
  };
  const cv::Size smaller(divided(image.cols, std::hypot(m(0, 0), m(1, 0))),
                         divided(image.rows, std::hypot(m(0, 1), m(1, 1))));
  if (smaller == image.size()) return image;
  m = combined(m, resizing(smaller, image.size()));
  return resize_picture(image, {smaller.width, smaller.height});
}

void move_objects(Sample& sample, const Affine& m, cv::Size size) {
  std::erase_if(sample.objects, [&](SampleObject& object) { return !move_object(object, m, size); });
}

/// To where `m` takes it in a picture of `size`. The image is sampled under `of_image`, which is `m` unless
/// it was reduced before.
void warp(Sample& sample, const Affine& m, const Affine& of_image, cv::Size size) {
  // OpenCV counts from the centre of the first pixel, shapes from its corner: half a pixel in both
  // directions.
  const auto centred = [](Affine map) {
    map(0, 2) += (map(0, 0) + map(0, 1) - 1) / 2;
    map(1, 2) += (map(1, 0) + map(1, 1) - 1) / 2;
    return map;
  };
  cv::Mat image;
  cv::warpAffine(sample.image, image, centred(of_image), size, cv::INTER_LINEAR, cv::BORDER_CONSTANT,
                 cv::Scalar::all(0));
  sample.image = image;
  if (!sample.mask.empty()) {
    cv::Mat mask;
    cv::warpAffine(sample.mask, mask, centred(m), size, cv::INTER_NEAREST, cv::BORDER_CONSTANT,
                   cv::Scalar::all(kIgnored));
    sample.mask = mask;
  }
  move_objects(sample, m, size);
}

/// To another size, where nothing else is done to it.
void resize_bilinearly(Sample& sample, cv::Size size) {
  const Affine m = resizing(sample.image.size(), size);
  Affine of_image = m;
  cv::Mat image;
  cv::resize(reduced(sample.image, of_image), image, size, 0, 0, cv::INTER_LINEAR);
  sample.image = image;
  if (!sample.mask.empty()) sample.mask = resize_nearest(sample.mask, {size.width, size.height});
  move_objects(sample, m, size);
}

/// The part of the picture around what of the objects is in it after `m`; nothing where none is.
std::optional<Box> around_objects(const Sample& sample, const Affine& m) {
  std::optional<Box> all;
  for (const SampleObject& object : sample.objects) {
    const Box box = clipped(box_after(object, m), whole(sample.image.size()));
    if (box.area() > 0) all = all ? around(*all, box) : box;
  }
  return all;
}

/// Of a picture: a share of its width and height, and where that lies.
struct CropWindow {
  double share = 1, x = 0, y = 0;
};

/// The least window of the picture's proportions around what is drawn: the objects' box, each side moved
/// towards the picture's edge by a share of the way there.
CropWindow safe_window(const Box& objects, cv::Size size, const std::array<double, 4>& shares) {
  const double left = objects.x * (1 - shares[0]), top = objects.y * (1 - shares[1]);
  const double object_right = objects.x + objects.width, object_bottom = objects.y + objects.height;
  const double right = object_right + (size.width - object_right) * shares[2],
               bottom = object_bottom + (size.height - object_bottom) * shares[3];
  CropWindow window;
  window.share = std::min(1.0, std::max((right - left) / size.width, (bottom - top) / size.height));
  const auto placed = [&](double from, double to, double length) {
    const double kept = window.share * length;
    return std::clamp((from + to - kept) / 2, 0.0, length - kept);
  };
  window.x = placed(left, right, size.width);
  window.y = placed(top, bottom, size.height);
  return window;
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

void augment(Sample& sample, const AugmentSettings& settings, Random& random,
             const std::optional<DetectorSize>& bounds) {
  const cv::Size size = sample.image.size();
  const Size fitting = bounds ? detector_size({size.width, size.height}, *bounds) : Size{};
  const cv::Size new_size = bounds ? cv::Size(fitting.width, fitting.height) : size;
  if (!settings.enabled) {
    if (new_size != size) resize_bilinearly(sample, new_size);
    return;
  }
  const auto either_way = [&](double most) { return most > 0 ? random.uniform(-most, most) : 0.0; };
  const auto happens = [&](double probability) { return probability > 0 && random.chance(probability); };

  const double gain = 1 + either_way(settings.contrast);
  const double offset = 255 * either_way(settings.brightness);
  if (gain != 1 || offset != 0) change_intensity(sample, gain, offset);

  const double saturation = 1 + either_way(settings.saturation);
  const double hue_degrees = either_way(settings.hue);
  if (saturation != 1 || hue_degrees != 0) change_colour(sample, saturation, hue_degrees);

  if (settings.rgb_shift > 0) {
    std::array<double, 3> levels{};
    for (double& level : levels) level = 255 * either_way(settings.rgb_shift);
    shift_channels(sample, levels);
  }

  const bool horizontally = happens(settings.horizontal_flip), vertically = happens(settings.vertical_flip);
  const bool scales = settings.scale_low != 1 || settings.scale_high != 1,
             frames = settings.crop < 1 || settings.pad > 0;
  bool warps = scales || frames || settings.rotation > 0 || settings.translation > 0;
  Affine whole_way = mirroring(size, horizontally, vertically);
  if (warps) {
    const double scale = scales ? random.uniform(settings.scale_low, settings.scale_high) : 1;
    const double angle_degrees = either_way(settings.rotation);
    const double shift_x = size.width * either_way(settings.translation);
    const double shift_y = size.height * either_way(settings.translation);
    whole_way = combined(turning(size, angle_degrees, scale, shift_x, shift_y), whole_way);
    if (frames) {
      const double share = random.uniform(settings.crop, 1 + settings.pad);
      const auto place = [&] { return random.uniform(std::min(0.0, 1 - share), std::max(0.0, 1 - share)); };
      const double x = size.width * place(), y = size.height * place();
      whole_way = combined(enlarging(share, x, y), whole_way);
    }
  }
  if (happens(settings.safe_crop)) {
    std::array<double, 4> shares{};
    for (double& share : shares) share = random.uniform();
    if (const auto objects = around_objects(sample, whole_way)) {
      const CropWindow window = safe_window(*objects, size, shares);
      whole_way = combined(enlarging(window.share, window.x, window.y), whole_way);
      warps = warps || window.share < 1;
    }
  }
  if (warps) {
    Affine of_image = whole_way;
    if (bounds) {
      of_image = whole_way = combined(resizing(size, new_size), whole_way);
      sample.image = reduced(sample.image, of_image);
    }
    warp(sample, whole_way, of_image, new_size);
  } else {
    if (horizontally) flip_horizontally(sample);
    if (vertically) flip_vertically(sample);
    if (new_size != size) resize_bilinearly(sample, new_size);
  }
  if (settings.blur > 0) blur(sample, random.uniform(0, settings.blur));
  if (settings.noise > 0) {
    const double standard_deviation = 255 * random.uniform(0, settings.noise);
    Random pixels(random.next());
    add_noise(sample, standard_deviation, pixels);
  }
}

void augment(Sample& sample, const AugmentSettings& settings, std::uint64_t seed, int epoch,
             std::size_t index, const std::optional<DetectorSize>& bounds) {
  Random random{stable_hash("augmentation"), seed, static_cast<std::uint64_t>(epoch), index};
  augment(sample, settings, random, bounds);
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

void shift_channels(Sample& sample, const std::array<double, 3>& levels) {
  cv::Mat table(1, 256, CV_8UC3), image;
  for (int value = 0; value < 256; ++value)
    for (int channel = 0; channel < 3; ++channel)
      table.at<cv::Vec3b>(value)[channel] =
          cv::saturate_cast<std::uint8_t>(value + levels[static_cast<std::size_t>(channel)]);
  cv::LUT(sample.image, table, image);
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
  const Affine m = turning(sample.image.size(), angle_degrees, scale, shift_x, shift_y);
  warp(sample, m, m, sample.image.size());
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
