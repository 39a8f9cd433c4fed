// SPDX-License-Identifier: Apache-2.0
#include "render/overlay.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "base/output.h"
#include "dataset/masks.h"
#include "pictures.h"
#include "render/areas.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// 0 background, 1 road, 2 car, 3 void.
LabelMap road_labels() {
  return LabelMap({label("background", 0, {}, Role::background), label("road", 1, Rgb{200, 40, 10}),
                   label("car", 2, Rgb{0, 90, 250}), label("void", 3, {}, Role::ignore)});
}

/// Left to right in quarters: background, road, car, void.
cv::Mat quarters(Size size) {
  cv::Mat mask(size.height, size.width, CV_16UC1);
  for (int y = 0; y < mask.rows; ++y)
    for (int x = 0; x < mask.cols; ++x)
      mask.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(4 * x / mask.cols);
  return mask;
}

int mixed(int colour, int pixel, double opacity) {
  return static_cast<int>(std::lround(opacity * colour + (1 - opacity) * pixel));
}

}  // namespace

TEST_CASE("an area is mixed as its opacity says, outlined in its pure colour, and changes nothing else") {
  const cv::Mat rgb = picture({80, 40}, 7);
  const cv::Mat mask = quarters({80, 40});
  for (const double opacity : {0.0, 0.25, 0.45, 1.0}) {
    const cv::Mat drawn = overlay_mask(rgb, mask, road_labels(), {.opacity = opacity});
    for (int y = 0; y < rgb.rows; ++y)
      for (int x = 0; x < rgb.cols; ++x) {
        const cv::Vec3b before = rgb.at<cv::Vec3b>(y, x), after = drawn.at<cv::Vec3b>(y, x);
        INFO(x << ", " << y << " at " << opacity);
        const int label = mask.at<std::uint16_t>(y, x);
        if (label == 0) CHECK(after == before);
        if (label != 1 && label != 2) continue;
        const Rgb colour = road_labels().colour(label);
        const bool edge = x % 20 == 0 || x % 20 == 19;
        const double share = edge ? 1 : opacity;
        CHECK(std::abs(after[0] - mixed(colour.r, before[0], share)) <= 1);
        CHECK(std::abs(after[1] - mixed(colour.g, before[1], share)) <= 1);
        CHECK(std::abs(after[2] - mixed(colour.b, before[2], share)) <= 1);
      }
  }
}

TEST_CASE("without outlines, every pixel of an area is mixed") {
  const cv::Mat drawn = overlay_mask(plain({40, 20}, {0, 0, 0}), quarters({40, 20}), road_labels(),
                                     {.opacity = 0.5, .no_outlines = true});
  for (int x = 10; x < 20; ++x) CHECK(drawn.at<cv::Vec3b>(7, x) == cv::Vec3b(100, 20, 5));
}

TEST_CASE("void is hatched: some of its pixels change and some do not") {
  const cv::Mat rgb = plain({80, 40}, {120, 120, 120});
  const cv::Mat part = overlay_mask(rgb, quarters({80, 40}), road_labels())(cv::Rect(62, 0, 18, 40));
  const std::size_t changed = different(part, rgb(cv::Rect(62, 0, 18, 40)));
  CHECK(changed > 18 * 40 / 10);
  CHECK(changed < 18 * 40 / 2);
}

TEST_CASE("pixels without a label are left alone, pixels with a label that is not in the map are an error") {
  const cv::Mat rgb = picture({20, 20}, 7);
  const cv::Mat none(20, 20, CV_16UC1, cv::Scalar(kUnlabelled));
  CHECK(different(overlay_mask(rgb, none, road_labels()), rgb) == 0);
  const cv::Mat beyond(20, 20, CV_16UC1, cv::Scalar(4));
  CHECK(thrown_by([&] { overlay_mask(rgb, beyond, road_labels()); }).code() == Code::bad_value);
  CHECK(thrown_by([&] { colourised(beyond, road_labels()); }).code() == Code::bad_value);
}

TEST_CASE("drawing leaves the picture given to it as it was") {
  const cv::Mat rgb = picture({40, 20}, 7), copy = rgb.clone();
  overlay_mask(rgb, quarters({40, 20}), road_labels());
  Item item;
  item.annotations.push_back(annotation(1, Box{1, 1, 10, 10}));
  overlay(rgb, item, road_labels());
  CHECK(different(rgb, copy) == 0);
}

TEST_CASE("a colourised mask has the colours of the label map") {
  LabelMap map = road_labels();
  cv::Mat mask = quarters({8, 2});
  mask.at<std::uint16_t>(0, 0) = kUnlabelled;
  const cv::Mat picture = colourised(mask, map);
  for (int x = 1; x < 8; ++x) {
    const Rgb colour = map.colour(x / 2);
    CHECK(picture.at<cv::Vec3b>(0, x) == cv::Vec3b(colour.r, colour.g, colour.b));
  }
  CHECK(picture.at<cv::Vec3b>(0, 0) == cv::Vec3b(224, 224, 192));
}

TEST_CASE("an error map is red where the prediction is wrong and gray where it is right") {
  const cv::Mat rgb = plain({40, 10}, {90, 90, 90});
  const cv::Mat truth = quarters({40, 10});
  cv::Mat prediction = truth.clone();
  prediction(cv::Rect(12, 0, 4, 10)).setTo(2);
  prediction(cv::Rect(32, 0, 4, 10)).setTo(2);  // void: not scored
  const cv::Mat drawn = error_map(rgb, truth, prediction, road_labels());
  CHECK(drawn.at<cv::Vec3b>(5, 5) == cv::Vec3b(90, 90, 90));
  CHECK(drawn.at<cv::Vec3b>(5, 11) == cv::Vec3b(90, 90, 90));
  const cv::Vec3b wrong = drawn.at<cv::Vec3b>(5, 13);
  CHECK(wrong[0] > wrong[1] + 80);
  CHECK(different(drawn(cv::Rect(30, 0, 10, 10)),
                  error_map(rgb, truth, truth, road_labels())(cv::Rect(30, 0, 10, 10))) == 0);
  CHECK(thrown_by([&] { error_map(rgb, truth, quarters({8, 8}), road_labels()); }).code() == Code::bad_value);
}

TEST_CASE("masks are drawn on a reduced picture at their place") {
  const cv::Mat rgb = plain({20, 10}, {0, 0, 0});
  const cv::Mat drawn = overlay_mask(rgb, quarters({80, 40}), road_labels(), {.opacity = 1});
  CHECK(drawn.at<cv::Vec3b>(5, 2) == cv::Vec3b(0, 0, 0));
  CHECK(drawn.at<cv::Vec3b>(5, 7) == cv::Vec3b(200, 40, 10));
  CHECK(drawn.at<cv::Vec3b>(5, 12) == cv::Vec3b(0, 90, 250));
}

TEST_CASE("an item's mask file is drawn, and one of another size than its image is an error") {
  const Scratch scratch;
  cv::Mat stored;
  quarters({80, 40}).convertTo(stored, CV_8U);
  const Path file = scratch.write("mask.png", encode_index_png(stored));
  auto coding = std::make_shared<MaskCoding>();
  for (int i = 0; i < 4; ++i) coding->values.emplace_back(i, i);
  Item item;
  item.size = Size{80, 40};
  item.semantic = MaskRef{.file = file, .coding = coding, .value = {}, .resize_to_image = false};
  const cv::Mat rgb = picture({80, 40}, 7);
  CHECK(different(overlay(rgb, item, road_labels()), overlay_mask(rgb, quarters({80, 40}), road_labels())) ==
        0);
  item.size = Size{81, 40};
  CHECK(thrown_by([&] { overlay(picture({81, 40}, 7), item, road_labels()); }).code() == Code::bad_value);
}

TEST_CASE("the instance mask beside a semantic mask divides two cars that touch") {
  const Scratch scratch;
  const cv::Mat cars(20, 40, CV_8UC1, cv::Scalar(2));
  cv::Mat numbers(20, 40, CV_8UC1, cv::Scalar(1));
  numbers(cv::Rect(20, 0, 20, 20)).setTo(2);
  auto coding = std::make_shared<MaskCoding>();
  coding->values = {{2, 2}};
  auto counting = std::make_shared<MaskCoding>();
  counting->kind = MaskCoding::Kind::instance;
  Item item;
  item.semantic = MaskRef{.file = scratch.write("labels.png", encode_index_png(cars)),
                          .coding = coding,
                          .value = {},
                          .resize_to_image = false};
  item.instances = MaskRef{.file = scratch.write("numbers.png", encode_index_png(numbers)),
                           .coding = counting,
                           .value = {},
                           .resize_to_image = false};
  const cv::Mat rgb = plain({40, 20}, {50, 50, 50});
  const cv::Mat drawn = overlay(rgb, item, road_labels());
  CHECK(drawn.at<cv::Vec3b>(10, 19) == cv::Vec3b(0, 90, 250));
  CHECK(drawn.at<cv::Vec3b>(10, 20) == cv::Vec3b(0, 90, 250));
  CHECK(drawn.at<cv::Vec3b>(10, 10) != cv::Vec3b(0, 90, 250));
  const cv::Mat each = overlay(rgb, item, road_labels(), {.colour_by = ColourBy::instance});
  CHECK(each.at<cv::Vec3b>(10, 10) != each.at<cv::Vec3b>(10, 30));
}

TEST_CASE("a mask of more columns than 32768 is fitted to a small picture") {
  const cv::Mat fitted = fitted_mask(quarters({40000, 2}), plain({400, 2}, {0, 0, 0}), {40000, 2});
  REQUIRE(fitted.size() == cv::Size(400, 2));
  CHECK(cv::countNonZero(fitted != quarters({400, 2})) == 0);
}
