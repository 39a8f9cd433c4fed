// SPDX-License-Identifier: Apache-2.0
#include "learn/augment.h"

#include <cmath>
#include <functional>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::thrown_by;
using maskmill::tests::WithinAbs;

namespace {

/// 255 where a pixel's centre lies inside, by the number of edges to its right. COCO's rasteriser is a tenth
/// of a pixel off, which would hide what is looked for here.
cv::Mat filled(const Polygon& polygon, cv::Size size) {
  std::vector<Ring> rings;
  for (const PolygonPart& part : polygon.parts) {
    rings.push_back(part.exterior);
    rings.insert(rings.end(), part.holes.begin(), part.holes.end());
  }
  cv::Mat mask(size, CV_8UC1);
  for (int row = 0; row < size.height; ++row)
    for (int column = 0; column < size.width; ++column) {
      const double x = column + 0.5, y = row + 0.5;
      bool inside = false;
      for (const Ring& ring : rings)
        for (std::size_t i = 0; i < ring.size(); ++i) {
          const Point a = ring[i], b = ring[(i + 1) % ring.size()];
          if ((a.y > y) != (b.y > y) && x < a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x)) inside = !inside;
        }
      mask.at<std::uint8_t>(row, column) = inside ? 255 : 0;
    }
  return mask;
}

/// A flower of five leaves with a round hole, as one object: image, mask and polygon say the same. It has no
/// straight edges, whose pixels would all be wrong at once.
Sample drawn_flower(Size size, Point centre, double radius) {
  PolygonPart part{{}, {{}}};
  for (int i = 0; i < 180; ++i) {
    const double angle = std::numbers::pi * i / 90, leaf = radius * (0.75 + 0.25 * std::cos(5 * angle + 0.3));
    const double hole = radius / 4;
    part.exterior.push_back({centre.x + leaf * std::cos(angle), centre.y + leaf * std::sin(angle)});
    part.holes[0].push_back({centre.x + hole * std::cos(angle), centre.y + hole * std::sin(angle)});
  }
  Sample sample;
  SampleObject flower{.label = 1, .box = {}, .polygon = {{part}}};
  flower.box = *bounding_box(Shape(flower.polygon));
  const cv::Mat inside = filled(flower.polygon, {size.width, size.height});
  sample.objects.push_back(flower);
  inside.convertTo(sample.mask, CV_16U, 1.0 / 255);
  cv::cvtColor(inside, sample.image, cv::COLOR_GRAY2RGB);
  return sample;
}

cv::Mat ones(const cv::Mat& mask) {
  return mask == 1;
}

cv::Mat bright(const cv::Mat& image) {
  cv::Mat channel;
  cv::extractChannel(image, channel, 0);
  return channel >= 128;
}

double iou(const cv::Mat& a, const cv::Mat& b) {
  return static_cast<double>(cv::countNonZero(a & b)) / cv::countNonZero(a | b);
}

Point centre_of(const cv::Mat& mask) {
  const cv::Moments moments = cv::moments(mask, true);
  return {moments.m10 / moments.m00 + 0.5, moments.m01 / moments.m00 + 0.5};
}

bool same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && (a.empty() || cv::norm(a, b, cv::NORM_INF) == 0);
}

/// Noise all over, a mask of many classes, one box and one polygon.
Sample busy_sample(Size size = {60, 40}) {
  Sample sample;
  sample.image.create(size.height, size.width, CV_8UC3);
  sample.mask.create(size.height, size.width, CV_16UC1);
  cv::RNG rng(7);
  rng.fill(sample.image, cv::RNG::UNIFORM, 0, 256);
  rng.fill(sample.mask, cv::RNG::UNIFORM, 0, 30);
  sample.objects.push_back({.label = 2, .box = {10, 5, 20, 30}, .polygon = {}});
  sample.objects.push_back(
      {.label = 3, .box = {30, 10, 20, 20}, .polygon = {{{{{30, 10}, {50, 20}, {40, 30}}, {}}}}});
  return sample;
}

bool same(const Sample& a, const Sample& b) {
  if (!same(a.image, b.image) || !same(a.mask, b.mask) || a.objects.size() != b.objects.size()) return false;
  for (std::size_t i = 0; i < a.objects.size(); ++i)
    if (a.objects[i].box != b.objects[i].box || a.objects[i].polygon != b.objects[i].polygon) return false;
  return true;
}

AugmentSettings nothing_on() {
  AugmentSettings settings;
  settings.horizontal_flip = 0;
  return settings;
}

}  // namespace

TEST_CASE("image, mask, polygon and box stay on each other through turns, scales and shifts") {
  struct Turn {
    double angle, scale, x, y;
  };
  for (const Turn turn : {Turn{0, 1, 0, 0},
                          {30, 1, 0, 0},
                          {-77.5, 1.2, 4.3, -7.8},
                          {180, 0.8, 0, 0},
                          {45, 1, 0.5, 0.5},
                          {3, 0.7, -20.25, 11}}) {
    INFO(turn.angle << " degrees, scale " << turn.scale << ", shift " << turn.x << ", " << turn.y);
    Sample sample = drawn_flower({241, 200}, {120, 96}, 60);
    turn_scale_shift(sample, turn.angle, turn.scale, turn.x, turn.y);
    REQUIRE(sample.objects.size() == 1);
    const cv::Mat mask = ones(sample.mask), image = bright(sample.image);
    const cv::Mat polygon = filled(sample.objects[0].polygon, sample.mask.size());
    CHECK(iou(mask, polygon) > 0.97);
    CHECK(iou(mask, image) > 0.97);
    // Half a pixel off would still pass the overlap; it shows in the centres. Nearest sampling itself is off
    // by up to an eighth of a pixel where the scale is a simple fraction.
    for (const cv::Mat& other : {image, polygon}) {
      CHECK_THAT(centre_of(other).x, WithinAbs(centre_of(mask).x, 0.2));
      CHECK_THAT(centre_of(other).y, WithinAbs(centre_of(mask).y, 0.2));
    }
    const Box box = sample.objects[0].box, around = *bounding_box(Shape(sample.objects[0].polygon));
    CHECK_THAT(box.x, WithinAbs(around.x, 1e-9));
    CHECK_THAT(box.height, WithinAbs(around.height, 1e-9));
  }
}

TEST_CASE("a quarter turn is the quarter turn, clockwise, to the pixel") {
  Sample sample = busy_sample({40, 40});
  const cv::Mat image = sample.image, mask = sample.mask;
  turn_scale_shift(sample, 90, 1, 0, 0);
  cv::Mat expected;
  cv::rotate(image, expected, cv::ROTATE_90_CLOCKWISE);
  CHECK(same(sample.image, expected));
  cv::rotate(mask, expected, cv::ROTATE_90_CLOCKWISE);
  CHECK(same(sample.mask, expected));
  // (x, y) goes to (40 - y, x).
  CHECK_THAT(sample.objects[0].box.x, WithinAbs(5, 1e-9));
  CHECK_THAT(sample.objects[0].box.y, WithinAbs(10, 1e-9));
  CHECK_THAT(sample.objects[0].box.width, WithinAbs(30, 1e-9));
  CHECK_THAT(sample.objects[0].box.height, WithinAbs(20, 1e-9));
}

TEST_CASE("a shift by whole pixels moves pixels; what comes in is black and ignored") {
  Sample sample = busy_sample();
  const cv::Mat image = sample.image, mask = sample.mask;
  turn_scale_shift(sample, 0, 1, 7, -3);
  const cv::Rect from(0, 3, 53, 37), to(7, 0, 53, 37);
  CHECK(same(sample.image(to), image(from)));
  CHECK(same(sample.mask(to), mask(from)));
  CHECK(cv::countNonZero(sample.mask.colRange(0, 7) != kIgnored) == 0);
  CHECK(cv::countNonZero(sample.mask.rowRange(37, 40) != kIgnored) == 0);
  CHECK(cv::norm(sample.image.colRange(0, 7), cv::NORM_INF) == 0);
  CHECK_THAT(sample.objects[0].box.x, WithinAbs(17, 1e-9));
  CHECK_THAT(sample.objects[0].box.y, WithinAbs(2, 1e-9));
}

TEST_CASE("objects are cut at the picture's edge, and dropped when they are outside") {
  Sample sample = busy_sample();
  turn_scale_shift(sample, 0, 1, -20, 0);  // the box from 10 to 30 keeps its right half
  REQUIRE(sample.objects.size() == 2);
  CHECK_THAT(sample.objects[0].box.x, WithinAbs(0, 1e-9));
  CHECK_THAT(sample.objects[0].box.width, WithinAbs(10, 1e-9));
  turn_scale_shift(sample, 0, 1, -20, 0);  // and leaves; the triangle from 30 to 50 keeps its half
  REQUIRE(sample.objects.size() == 1);
  CHECK(sample.objects[0].label == 3);
  for (const Point& point : sample.objects[0].polygon.parts.at(0).exterior) CHECK(point.x >= 0);
  CHECK_THAT(sample.objects[0].box.width, WithinAbs(10, 1e-9));
  turn_scale_shift(sample, 0, 1, -9.9, 0);  // a corner of a tenth of a pixel is nothing to learn from
  CHECK(sample.objects.empty());
}

TEST_CASE("the parts of a polygon that are outside go, with their holes") {
  Sample sample = drawn_flower({200, 100}, {50, 50}, 40);
  PolygonPart far = sample.objects[0].polygon.parts[0];
  for (Point& point : far.exterior) point.x += 100;
  for (Point& point : far.holes[0]) point.x += 100;
  sample.objects[0].polygon.parts.push_back(far);
  turn_scale_shift(sample, 0, 1, 100, 0);
  REQUIRE(sample.objects.size() == 1);
  REQUIRE(sample.objects[0].polygon.parts.size() == 1);
  CHECK(sample.objects[0].polygon.parts[0].holes.size() == 1);
  CHECK(iou(ones(sample.mask), filled(sample.objects[0].polygon, sample.mask.size())) > 0.999);
}

TEST_CASE("a flip is exact, and twice it is nothing") {
  for (const auto& [flip, code] : {std::pair(&flip_horizontally, 1), std::pair(&flip_vertically, 0)}) {
    const Sample before = busy_sample();
    Sample sample = before;
    flip(sample);
    cv::Mat expected;
    cv::flip(before.mask, expected, code);
    CHECK(same(sample.mask, expected));
    cv::flip(before.image, expected, code);
    CHECK(same(sample.image, expected));
    CHECK_FALSE(same(sample, before));
    flip(sample);
    CHECK(same(sample, before));

    Sample flower = drawn_flower({101, 80}, {40, 33}, 30);
    flip(flower);
    CHECK(iou(ones(flower.mask), filled(flower.objects[0].polygon, flower.mask.size())) > 0.97);
  }
}

TEST_CASE("intensities are scaled, moved, rounded and clamped; the mask is not") {
  Sample sample = busy_sample();
  const Sample before = sample;
  change_intensity(sample, 1.5, -20);
  CHECK(same(sample.mask, before.mask));
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 180; ++x) {
      const int in = before.image.ptr(y)[x];
      const double exact = std::min(255.0, std::max(0.0, in * 1.5 - 20));
      if (std::abs(sample.image.ptr(y)[x] - exact) > 0.5)
        FAIL(in << " became " << int{sample.image.ptr(y)[x]});
    }
}

TEST_CASE("a resized mask holds the value under each new pixel's centre") {
  for (const Size to : {Size{30, 20}, {20, 40}, {97, 13}, {60, 41}, {1, 1}, {240, 160}}) {
    INFO(to_string(to));
    Sample sample = busy_sample();
    const cv::Mat mask = sample.mask;
    resize(sample, to);
    REQUIRE(sample.mask.size() == cv::Size(to.width, to.height));
    CHECK(sample.image.size() == sample.mask.size());
    for (int y = 0; y < to.height; ++y)
      for (int x = 0; x < to.width; ++x) {
        const int from_x = static_cast<int>(std::floor((x + 0.5) * 60 / to.width + 1e-9));
        const int from_y = static_cast<int>(std::floor((y + 0.5) * 40 / to.height + 1e-9));
        if (sample.mask.at<std::uint16_t>(y, x) != mask.at<std::uint16_t>(from_y, from_x))
          FAIL(x << ", " << y);
      }
  }
}

TEST_CASE("a shrunk image is the average, a grown one lies between its pixels") {
  Sample sample = busy_sample();
  const cv::Mat image = sample.image;
  resize(sample, {30, 40});  // pairs of columns become one
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 30; ++x) {
      const double mean = (image.ptr(y)[6 * x] + image.ptr(y)[6 * x + 3]) / 2.0;
      if (std::abs(sample.image.ptr(y)[3 * x] - mean) > 0.5) FAIL(x << ", " << y);
    }
  Sample flat = busy_sample();
  flat.image.setTo(cv::Scalar(10, 20, 30));
  resize(flat, {17, 200});  // one side shrinks, the other grows
  cv::Mat expected(200, 17, CV_8UC3, cv::Scalar(10, 20, 30));
  CHECK(same(flat.image, expected));
}

TEST_CASE("objects stay on their pixels when a sample is resized") {
  for (const Size to : {Size{120, 100}, {400, 333}, {100, 300}}) {
    // Of odd sides, no new centre falls between two pixels.
    Sample sample = drawn_flower({241, 201}, {120, 96}, 80);
    resize(sample, to);
    const cv::Mat mask = ones(sample.mask), polygon = filled(sample.objects[0].polygon, sample.mask.size());
    CHECK(iou(mask, polygon) > 0.95);
    for (const cv::Mat& other : {polygon, bright(sample.image)}) {
      CHECK_THAT(centre_of(other).x, WithinAbs(centre_of(mask).x, 0.2));
      CHECK_THAT(centre_of(other).y, WithinAbs(centre_of(mask).y, 0.2));
    }
  }
}

TEST_CASE("what is switched off draws nothing and changes nothing") {
  const Sample before = busy_sample();
  const auto leaves_alone = [&](const AugmentSettings& settings) {
    Sample sample = before;
    Random random(5);
    augment(sample, settings, random);
    CHECK(same(sample, before));
    CHECK(random.next() == Random(5).next());
  };
  leaves_alone(nothing_on());
  AugmentSettings off;
  off.enabled = false;
  off.rotation = 45, off.brightness = 1, off.scale_low = 0.5;
  leaves_alone(off);
}

TEST_CASE("each operation draws only for itself") {
  const auto draws = [](const std::function<void(AugmentSettings&)>& change) {
    AugmentSettings settings = nothing_on();
    change(settings);
    Sample sample = busy_sample();
    Random random(5);
    augment(sample, settings, random);
    const std::uint64_t next = random.next();
    Random counting(5);
    int count = 0;
    while (counting.next() != next) ++count;
    return count;
  };
  CHECK(draws([](auto& s) { s.horizontal_flip = 0.5; }) == 1);
  CHECK(draws([](auto& s) { s.vertical_flip = 1; }) == 1);
  CHECK(draws([](auto& s) { s.rotation = 10; }) == 1);
  CHECK(draws([](auto& s) { s.translation = 0.1; }) == 2);
  CHECK(draws([](auto& s) { s.scale_high = 2; }) == 1);
  CHECK(draws([](auto& s) { s.brightness = 0.1; }) == 1);
  CHECK(draws([](auto& s) { s.contrast = 0.1; }) == 1);
  CHECK(draws([](auto& s) { s.saturation = 0.1; }) == 1);
  CHECK(draws([](auto& s) { s.hue = 20; }) == 1);
  CHECK(draws([](auto& s) { s.crop = 0.5; }) == 3);
  CHECK(draws([](auto& s) { s.pad = 0.5; }) == 3);
  CHECK(draws([](auto& s) { s.crop = 0.5, s.pad = 0.5; }) == 3);
  CHECK(draws([](auto& s) { s.blur = 2; }) == 1);
  CHECK(draws([](auto& s) { s.noise = 0.1; }) == 2);
  CHECK(draws([](auto& s) { s.contrast = 0.1, s.rotation = 10, s.translation = 0.1; }) == 4);
}

TEST_CASE("a crop is a window enlarged to the whole, and never reaches outside") {
  AugmentSettings settings = nothing_on();
  settings.crop = 0.4;
  bool cropped = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Sample whole = drawn_flower({240, 200}, {120, 100}, 60);
    Sample sample = whole;
    Random random(seed), replayed(seed);
    augment(sample, settings, random);
    CHECK(cv::countNonZero(sample.mask == kIgnored) == 0);
    const double share = replayed.uniform(0.4, 1);
    const double x = 240 * replayed.uniform(0, 1 - share), y = 200 * replayed.uniform(0, 1 - share);
    cv::Mat expected;
    const cv::Rect window(static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)),
                          static_cast<int>(240 * share), static_cast<int>(200 * share));
    cv::resize(whole.mask(window), expected, sample.mask.size(), 0, 0, cv::INTER_NEAREST);
    cropped = cropped || share < 0.6;
    CHECK(iou(ones(sample.mask), ones(expected)) > 0.9);
    CHECK(iou(ones(sample.mask), bright(sample.image)) > 0.95);
  }
  CHECK(cropped);
}

TEST_CASE("a padded picture lies whole in its frame, and the frame is ignored") {
  AugmentSettings settings = nothing_on();
  settings.pad = 1;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Sample whole = drawn_flower({240, 200}, {120, 100}, 60);
    Sample sample = whole;
    Random random(seed), replayed(seed);
    augment(sample, settings, random);
    const double share = replayed.uniform(1, 2);
    const double x = 240 * replayed.uniform(1 - share, 0), y = 200 * replayed.uniform(1 - share, 0);
    cv::Mat inside(sample.mask.size(), CV_8UC1, cv::Scalar(0));
    const cv::Rect2d picture(-x / share, -y / share, 240 / share, 200 / share);
    cv::rectangle(inside, cv::Rect(picture), cv::Scalar(255), cv::FILLED);
    CHECK(iou(sample.mask != kIgnored, inside) > 0.97);
    CHECK(std::abs(cv::countNonZero(ones(sample.mask)) * share * share - cv::countNonZero(ones(whole.mask))) <
          0.03 * cv::countNonZero(ones(whole.mask)));
    CHECK(iou(ones(sample.mask), bright(sample.image)) > 0.93);
  }
}

TEST_CASE("a saturation of 0 leaves the luminance, and gray has no colour to change") {
  Sample sample = busy_sample();
  const cv::Mat before = sample.image.clone();
  change_colour(sample, 0, 0);
  for (int y = 0; y < before.rows; ++y)
    for (int x = 0; x < before.cols; ++x) {
      const auto colour = before.at<cv::Vec3b>(y, x), gray = sample.image.at<cv::Vec3b>(y, x);
      const double luminance = 0.213 * colour[0] + 0.715 * colour[1] + 0.072 * colour[2];
      for (int channel = 0; channel < 3; ++channel) CHECK(std::abs(gray[channel] - luminance) <= 0.6);
    }
  Sample gray = sample;
  change_colour(gray, 1.7, 70);
  CHECK(cv::norm(gray.image, sample.image, cv::NORM_INF) <= 1);
}

TEST_CASE("a hue turned all the way round is itself, and a third of the way another") {
  Sample sample = busy_sample();
  const cv::Mat before = sample.image.clone();
  change_colour(sample, 1, 360);
  CHECK(same(sample.image, before));
  // Pale enough that nothing is clamped: the luminance stays, the colour does not.
  sample.image.setTo(cv::Scalar(140, 120, 110));
  change_colour(sample, 1, 120);
  const auto turned = sample.image.at<cv::Vec3b>(0, 0);
  CHECK_THAT(0.213 * turned[0] + 0.715 * turned[1] + 0.072 * turned[2],
             WithinAbs(0.213 * 140 + 0.715 * 120 + 0.072 * 110, 1));
  CHECK(turned[1] > turned[0]);
}

TEST_CASE("a blur keeps what is even, and spreads a point as far as it says") {
  Sample sample = busy_sample();
  sample.image.setTo(cv::Scalar(10, 200, 90));
  const cv::Mat even = sample.image.clone();
  blur(sample, 3);
  CHECK(same(sample.image, even));
  sample.image = cv::Mat::zeros(41, 41, CV_8UC3);
  sample.image.at<cv::Vec3b>(20, 20) = {255, 255, 255};
  blur(sample, 1);
  CHECK_THAT(sample.image.at<cv::Vec3b>(20, 20)[0] / 255.0, WithinAbs(1 / (2 * 3.14159265), 0.005));
}

TEST_CASE("noise has the deviation that it says, and no mean") {
  Sample sample = busy_sample({200, 150});
  sample.image.setTo(cv::Scalar::all(128));
  Random random(3);
  add_noise(sample, 20, random);
  cv::Scalar mean, deviation;
  cv::meanStdDev(sample.image.reshape(1), mean, deviation);
  CHECK_THAT(mean[0], WithinAbs(128, 0.3));
  CHECK_THAT(deviation[0], WithinAbs(20, 0.3));
}

TEST_CASE("the same random stream gives the same sample, another one another") {
  AugmentSettings settings;
  settings.rotation = 20, settings.translation = 0.1, settings.scale_low = 0.8, settings.scale_high = 1.2;
  settings.brightness = 0.2, settings.contrast = 0.2, settings.vertical_flip = 0.5;
  settings.crop = 0.5, settings.saturation = 0.3, settings.hue = 20, settings.blur = 1, settings.noise = 0.1;
  Sample first = busy_sample(), again = busy_sample(), other = busy_sample();
  Random one(1), same_one(1), two(2);
  augment(first, settings, one);
  augment(again, settings, same_one);
  augment(other, settings, two);
  CHECK(same(first, again));
  CHECK_FALSE(same(first, other));
  CHECK(first.image.size() == cv::Size(60, 40));
}

TEST_CASE("a flip with a turn in one resampling is the flip, then the turn") {
  AugmentSettings settings = nothing_on();
  settings.horizontal_flip = 1, settings.vertical_flip = 1;
  settings.rotation = 40, settings.scale_low = settings.scale_high = 1.1;
  Sample together = drawn_flower({241, 200}, {90, 80}, 50), apart = drawn_flower({241, 200}, {90, 80}, 50);
  Random random(3), replayed(3);
  augment(together, settings, random);
  replayed.uniform(), replayed.uniform(), replayed.uniform();  // two flips and the scale
  flip_horizontally(apart);
  flip_vertically(apart);
  turn_scale_shift(apart, replayed.uniform(-40, 40), 1.1, 0, 0);
  CHECK(iou(ones(together.mask), ones(apart.mask)) > 0.995);
  CHECK_THAT(together.objects.at(0).box.x, WithinAbs(apart.objects.at(0).box.x, 1e-6));
  CHECK_THAT(together.objects.at(0).box.height, WithinAbs(apart.objects.at(0).box.height, 1e-6));
}

TEST_CASE("pixels that a sample shares with a cache are not written to") {
  const Sample cached = busy_sample();
  const cv::Mat image = cached.image.clone(), mask = cached.mask.clone();
  AugmentSettings settings;
  settings.horizontal_flip = settings.vertical_flip = 1;
  settings.brightness = settings.contrast = settings.saturation = settings.noise = 0.5;
  settings.hue = 90, settings.blur = 2;
  for (const double rotation : {0.0, 30.0}) {
    settings.rotation = rotation;
    Sample sample = cached;
    Random random(1);
    augment(sample, settings, random);
    resize(sample, {20, 20});
  }
  CHECK(same(cached.image, image));
  CHECK(same(cached.mask, mask));
}

TEST_CASE("a sample without a mask or objects is changed all the same") {
  AugmentSettings settings;
  settings.horizontal_flip = settings.vertical_flip = 1;
  settings.brightness = 0.5, settings.rotation = 20;
  Sample sample = busy_sample();
  sample.mask.release();
  sample.objects.clear();
  Random random(1);
  augment(sample, settings, random);
  flip_vertically(sample);
  resize(sample, {16, 16});
  CHECK(sample.mask.empty());
  CHECK(sample.image.size() == cv::Size(16, 16));
}
