// SPDX-License-Identifier: Apache-2.0
// Augmentation of detectors' samples: objects and their masks, safe crops, another size in the same
// resampling.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "catch.h"
#include "learn/augment.h"
#include "learn/object_masks.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::thrown_by;
using maskmill::tests::WithinAbs;

namespace {

/// A wavy ring: its outline crosses pixels at every angle.
Polygon wavy_ring(Point centre, double radius, double phase) {
  PolygonPart part{{}, {{}}};
  for (int i = 0; i < 90; ++i) {
    const double angle = std::numbers::pi * i / 45, wave = radius * (0.8 + 0.2 * std::cos(3 * angle + phase));
    part.exterior.push_back({centre.x + wave * std::cos(angle), centre.y + wave * std::sin(angle)});
    part.holes[0].push_back(
        {centre.x + radius / 3 * std::cos(angle), centre.y + radius / 3 * std::sin(angle)});
  }
  return {{part}};
}

/// Objects whose pixels, put together, are the sample's mask and, white on black, its image: so that after
/// any change the three can be held against each other.
Sample rings(Size size, std::uint64_t seed) {
  Random random(seed);
  Sample sample;
  sample.image = cv::Mat::zeros(size.height, size.width, CV_8UC3);
  sample.mask = cv::Mat::zeros(size.height, size.width, CV_16UC1);
  const double cell = std::min(size.width / 3.0, size.height / 2.0);
  for (int i = 0; i < 6; ++i) {
    if (i > 0 && random.chance(0.4)) continue;
    const Point centre{(i % 3 + 0.5) * size.width / 3, (i / 3 + 0.5) * size.height / 2};
    SampleObject object{.label = i + 1, .box = {}, .polygon = {}};
    object.polygon = wavy_ring(centre, cell * random.uniform(0.25, 0.48), random.uniform(0, 6));
    object.box = *bounding_box(Shape(object.polygon));
    sample.objects.push_back(object);
  }
  Sample drawn = sample;
  const std::vector<Rle> masks = object_pixels(drawn);
  for (std::size_t i = 0; i < masks.size(); ++i) {
    cv::Mat plane(size.height, size.width, CV_8UC1);
    write_mask(masks[i], plane);
    sample.mask.setTo(drawn.objects[i].label, plane);
    sample.image.setTo(cv::Scalar::all(255), plane);
  }
  return sample;
}

cv::Mat plane_of(const Rle& pixels) {
  cv::Mat plane(pixels.size.height, pixels.size.width, CV_8UC1);
  write_mask(pixels, plane);
  return plane;
}

/// Pixels of which one value is another's neighbour's.
cv::Mat border_of(const cv::Mat& inside) {
  cv::Mat grown, shrunk;
  const cv::Mat square = cv::Mat::ones(3, 3, CV_8UC1);
  cv::dilate(inside, grown, square);
  cv::erode(inside, shrunk, square);
  return grown != shrunk;
}

/// Each object's pixels are those of its label in the mask that was sampled along, but on borders; its box
/// holds its polygon, and both lie in the picture.
void check_agreement(Sample sample) {
  const Box edges{0, 0, static_cast<double>(sample.image.cols), static_cast<double>(sample.image.rows)};
  for (const SampleObject& object : sample.objects) {
    const Box around = *bounding_box(Shape(object.polygon));
    CHECK_THAT(object.box.x, WithinAbs(around.x, 1e-9));
    CHECK_THAT(object.box.y, WithinAbs(around.y, 1e-9));
    CHECK_THAT(object.box.width, WithinAbs(around.width, 1e-9));
    CHECK_THAT(object.box.height, WithinAbs(around.height, 1e-9));
    CHECK(around.x >= -1e-9);
    CHECK(around.x + around.width <= edges.width + 1e-9);
    CHECK(around.y + around.height <= edges.height + 1e-9);
  }
  const std::vector<Rle> masks = object_pixels(sample);
  for (std::size_t i = 0; i < masks.size(); ++i) {
    const cv::Mat drawn = plane_of(masks[i]) != 0, warped = sample.mask == sample.objects[i].label;
    CHECK(cv::countNonZero((drawn != warped) & ~border_of(warped)) == 0);
    cv::Mat bright;
    cv::extractChannel(sample.image, bright, 0);
    // Bilinear sampling spreads a border over two pixels at most.
    CHECK(cv::countNonZero(drawn & (bright < 128) & ~border_of(drawn)) == 0);
  }
}

AugmentSettings all_off() {
  AugmentSettings settings;
  settings.horizontal_flip = 0;
  return settings;
}

/// IceVision's aug_tfms as far as geometry goes.
AugmentSettings geometry() {
  AugmentSettings settings;
  settings.horizontal_flip = 0.5, settings.vertical_flip = 0.2, settings.rotation = 10;
  settings.translation = 0.06, settings.scale_low = 0.9, settings.scale_high = 1.1;
  return settings;
}

bool alike(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && (a.empty() || cv::norm(a, b, cv::NORM_INF) == 0);
}

bool alike(const Sample& a, const Sample& b) {
  if (!alike(a.image, b.image) || !alike(a.mask, b.mask) || a.objects.size() != b.objects.size()) return false;
  for (std::size_t i = 0; i < a.objects.size(); ++i)
    if (a.objects[i].box != b.objects[i].box || a.objects[i].polygon != b.objects[i].polygon) return false;
  return true;
}

int draws(const AugmentSettings& settings, std::uint64_t seed, Sample sample,
          const std::optional<DetectorSize>& bounds = std::nullopt) {
  Random random(seed), counting(seed);
  augment(sample, settings, random, bounds);
  const std::uint64_t next = random.next();
  int count = 0;
  while (counting.next() != next) ++count;
  return count;
}

}  // namespace

TEST_CASE("an object's mask after any geometry is its mask, sampled along, but for pixels on its border") {
  // Objects are not enlarged here: the mask knows its border to half a pixel of the sample that it comes
  // from.
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    INFO("seed " << seed);
    AugmentSettings settings = geometry();
    if (seed % 4 == 0) {
      Sample sample = rings({170, 120}, seed);
      augment(sample, settings, seed, 1, 7);
      check_agreement(sample);
      continue;
    }
    if (seed % 2 == 0) settings.crop = 0.6, settings.pad = 0.3;
    if (seed % 3 == 0) settings.safe_crop = 1;
    Sample sample = rings({510, 360}, seed);
    augment(sample, settings, seed, 1, 7, DetectorSize{80, 60 + 20 * static_cast<int>(seed % 7)});
    check_agreement(sample);
  }
}

TEST_CASE("flips alone keep every pixel of the objects on its own") {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    AugmentSettings settings = all_off();
    settings.horizontal_flip = settings.vertical_flip = 0.7;
    Sample sample = rings({97, 64}, seed);
    augment(sample, settings, seed, 1, 0);
    check_agreement(sample);
    CHECK(sample.objects.size() == rings({97, 64}, seed).objects.size());
  }
}

TEST_CASE("a sample comes to the size asked for, with augmentation on or off, and keeps its proportions") {
  struct Case {
    Size from;
    DetectorSize bounds;
    Size to;
  };
  for (const Case& each : {Case{{512, 384}, {384, 384}, {384, 288}}, Case{{64, 48}, {80, 100}, {100, 75}},
                           Case{{120, 300}, {800, 150}, {60, 150}}, Case{{90, 60}, {60, 90}, {90, 60}}}) {
    INFO(to_string(each.from));
    AugmentSettings off, on = geometry(), cropped = geometry();
    off.enabled = false;
    cropped.safe_crop = 1, cropped.crop = 0.8, cropped.blur = 1;
    for (const AugmentSettings& settings : {off, all_off(), on, cropped}) {
      Sample sample = rings(each.from, 3);
      augment(sample, settings, 5, 1, 0, each.bounds);
      CHECK(sample.image.size() == cv::Size(each.to.width, each.to.height));
      CHECK(sample.mask.size() == sample.image.size());
    }
  }
}

TEST_CASE("a size alone is the bilinear one of prediction, and moves objects by the same shares") {
  for (const DetectorSize bounds : {DetectorSize{90, 999}, {500, 999}}) {
    const Sample before = rings({170, 120}, 4);
    Sample sample = before;
    augment(sample, all_off(), 5, 1, 0, bounds);
    cv::Mat expected;
    cv::resize(before.image, expected, sample.image.size(), 0, 0, cv::INTER_LINEAR);
    CHECK(alike(sample.image, expected));
    REQUIRE(sample.objects.size() == before.objects.size());
    for (std::size_t i = 0; i < before.objects.size(); ++i) {
      CHECK_THAT(sample.objects[i].box.x, WithinAbs(before.objects[i].box.x * sample.image.cols / 170, 1e-9));
      CHECK_THAT(sample.objects[i].box.height,
                 WithinAbs(before.objects[i].box.height * sample.image.rows / 120, 1e-9));
    }
    if (bounds.min_size < 120) check_agreement(sample);
  }
}

TEST_CASE("one resampling to another size is what happens at the old size, and then the new size") {
  const AugmentSettings settings = geometry();
  Sample together = rings({240, 180}, 1), apart = rings({240, 180}, 1);
  augment(together, settings, 9, 2, 0, DetectorSize{120, 160});
  augment(apart, settings, 9, 2, 0);
  REQUIRE(together.image.size() == cv::Size(160, 120));
  REQUIRE(together.objects.size() == apart.objects.size());
  for (std::size_t i = 0; i < apart.objects.size(); ++i) {
    CHECK_THAT(together.objects[i].box.x, WithinAbs(apart.objects[i].box.x * 160 / 240, 1e-6));
    CHECK_THAT(together.objects[i].box.y, WithinAbs(apart.objects[i].box.y * 120 / 180, 1e-6));
    CHECK_THAT(together.objects[i].box.width, WithinAbs(apart.objects[i].box.width * 160 / 240, 1e-6));
  }
}

TEST_CASE("no pixel is passed over on the way to a much smaller size") {
  // Columns black and white in turn: their mean is gray, and picking some gives black, white or waves.
  Sample stripes;
  stripes.image = cv::Mat::zeros(320, 320, CV_8UC3);
  for (int x = 0; x < 320; x += 2) stripes.image.col(x).setTo(cv::Scalar::all(255));
  for (const double rotation : {0.0, 8.0}) {
    AugmentSettings settings = all_off();
    settings.rotation = rotation;
    Sample sample = stripes;
    augment(sample, settings, 1, 1, 0, DetectorSize{50, 50});
    const cv::Mat inner = sample.image(cv::Rect(12, 12, 26, 26));
    CHECK(cv::norm(inner, cv::Mat(inner.size(), CV_8UC3, cv::Scalar::all(127.5)), cv::NORM_INF) <= 20);
  }
}

TEST_CASE("a safe crop keeps every object whole, and enlarges") {
  AugmentSettings settings = all_off();
  settings.safe_crop = 1;
  double least = 10, most = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Sample before = rings({170, 120}, seed);
    before.objects.resize(std::min<std::size_t>(before.objects.size(), 1 + seed % 2));
    Sample sample = before;
    augment(sample, settings, seed, 1, 0);
    REQUIRE(sample.objects.size() == before.objects.size());
    const double scale = sample.objects[0].box.width / before.objects[0].box.width;
    least = std::min(least, scale), most = std::max(most, scale);
    CHECK(scale >= 1 - 1e-9);
    for (std::size_t i = 0; i < before.objects.size(); ++i) {
      // Nothing was cut: both sides grew by one scale.
      CHECK_THAT(sample.objects[i].box.width, WithinAbs(before.objects[i].box.width * scale, 1e-6));
      CHECK_THAT(sample.objects[i].box.height, WithinAbs(before.objects[i].box.height * scale, 1e-6));
    }
    CHECK(cv::countNonZero(sample.mask == kIgnored) == 0);  // the window never leaves the picture
  }
  CHECK(least < 1.1);
  CHECK(most > 1.5);
}

TEST_CASE("a safe crop's window is the drawn one, widened to the picture's proportions") {
  Sample sample;
  sample.image = cv::Mat::zeros(100, 200, CV_8UC3);
  sample.objects.push_back({.label = 1, .box = {80, 40, 20, 20}, .polygon = {}});
  AugmentSettings settings = all_off();
  settings.safe_crop = 1;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed), replayed(seed);
    Sample cropped = sample;
    augment(cropped, settings, random);
    replayed.uniform();
    std::array<double, 4> shares{};
    for (double& share : shares) share = replayed.uniform();
    const double left = 80 * (1 - shares[0]), top = 40 * (1 - shares[1]);
    const double right = 100 + 100 * shares[2], bottom = 60 + 40 * shares[3];
    const double kept = std::max((right - left) / 200, (bottom - top) / 100);
    const Box found = cropped.objects.at(0).box;
    CHECK_THAT(found.width, WithinAbs(20 / kept, 1e-9));
    // The whole drawn window is in the new picture.
    const double x0 = 80 - found.x * kept, y0 = 40 - found.y * kept;
    CHECK(x0 <= left + 1e-9);
    CHECK(y0 <= top + 1e-9);
    CHECK(x0 + 200 * kept >= right - 1e-9);
    CHECK(y0 + 100 * kept >= bottom - 1e-9);
  }
}

TEST_CASE("without an object a safe crop changes nothing") {
  AugmentSettings settings = all_off();
  settings.safe_crop = 1;
  Sample sample = rings({60, 40}, 1);
  sample.objects.clear();
  const Sample before = sample;
  augment(sample, settings, 1, 1, 0);
  CHECK(alike(sample, before));
}

TEST_CASE("a shift of red, green and blue moves each channel by its own draw, and the mask not at all") {
  AugmentSettings settings = all_off();
  settings.rgb_shift = 0.08;
  Sample sample = rings({60, 40}, 1);
  sample.image.setTo(cv::Scalar(10, 120, 250));
  const Sample before = sample;
  Random random(4), replayed(4);
  augment(sample, settings, random);
  const cv::Vec3b from(10, 120, 250);
  for (int channel = 0; channel < 3; ++channel) {
    const double exact = from[channel] + 255 * replayed.uniform(-0.08, 0.08);
    CHECK(std::abs(sample.image.at<cv::Vec3b>(5, 5)[channel] - std::clamp(exact, 0.0, 255.0)) <= 0.5);
  }
  CHECK(alike(sample.mask, before.mask));
  CHECK(before.image.at<cv::Vec3b>(5, 5) == from);  // not written in place
}

TEST_CASE("the new operations draw only for themselves, and a size draws nothing") {
  const Sample sample = rings({60, 40}, 1);
  AugmentSettings settings = all_off();
  CHECK(draws(settings, 5, sample, DetectorSize{20, 30}) == 0);
  settings.rgb_shift = 0.1;
  CHECK(draws(settings, 5, sample) == 3);
  settings = all_off();
  settings.safe_crop = 1;
  CHECK(draws(settings, 5, sample) == 5);
  Sample empty = sample;
  empty.objects.clear();
  CHECK(draws(settings, 5, empty) == 5);  // what is drawn does not depend on the data
  settings.safe_crop = 1e-9;
  CHECK(draws(settings, 5, sample) == 1);
}

TEST_CASE("pixels that a detector's sample shares with a cache are not written to") {
  const Sample cached = rings({170, 120}, 2);
  const cv::Mat image = cached.image.clone(), mask = cached.mask.clone();
  AugmentSettings settings = geometry();
  settings.safe_crop = 1, settings.rgb_shift = 0.3, settings.blur = 1;
  for (const bool enabled : {true, false}) {
    settings.enabled = enabled;
    Sample sample = cached;
    augment(sample, settings, 1, 1, 0, DetectorSize{50, 50});
  }
  CHECK(alike(cached.image, image));
  CHECK(alike(cached.mask, mask));
}
