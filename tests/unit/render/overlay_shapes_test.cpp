// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "dataset/rle.h"
#include "pictures.h"
#include "render/cutout.h"
#include "render/lettering.h"
#include "render/overlay.h"
#include "render/strokes.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr Rgb kCat{220, 60, 30};

LabelMap cat_labels() {
  Label cat = label("cat", 1, kCat);
  cat.skeleton = Skeleton{{"nose", "tail", "paw"}, {{0, 1}, {1, 2}, {2, 9}}};
  return LabelMap({cat, label("a label with a very long name, longer than the picture is wide", 2, {})});
}

Item item_of(Shape shape, int of = 0) {
  Item item;
  item.annotations.push_back(annotation(of, std::move(shape)));
  return item;
}

/// A filled disc, which pycocotools' rasterising of its outline need not match: tests on discs ask an Rle for
/// its pixels.
Rle disc(Size size, int x, int y, int radius) {
  cv::Mat mask = cv::Mat::zeros(size.height, size.width, CV_8UC1);
  cv::circle(mask, {x, y}, radius, 1, cv::FILLED);
  return rle_from_mask(mask);
}

Polygon rectangle(double left, double top, double right, double bottom) {
  return {{{{{left, top}, {right, top}, {right, bottom}, {left, bottom}}, {}}}};
}

const OverlaySettings kBare{.no_captions = true};

}  // namespace

TEST_CASE("an RLE and a polygon change the pixels that they have, and no others") {
  const Size size{60, 50};
  const cv::Mat rgb = picture(size, 7);
  for (const Shape& shape :
       {Shape(disc(size, 25, 20, 13)), Shape(disc(size, 0, 0, 30)), Shape(rectangle(10, 5, 40, 30))}) {
    const cv::Mat inside = mask_from_rle(rasterise(shape, size));
    const cv::Mat drawn = overlay(rgb, item_of(shape), cat_labels(), {.opacity = 1, .no_captions = true});
    for (int y = 0; y < size.height; ++y)
      for (int x = 0; x < size.width; ++x) {
        INFO(x << ", " << y);
        const bool is_in = inside.at<std::uint8_t>(y, x) != 0;
        CHECK(drawn.at<cv::Vec3b>(y, x) ==
              (is_in ? cv::Vec3b(kCat.r, kCat.g, kCat.b) : rgb.at<cv::Vec3b>(y, x)));
      }
  }
}

TEST_CASE("a polygon's hole stays open") {
  Polygon frame = rectangle(5, 5, 45, 45);
  frame.parts[0].holes.push_back({{15, 15}, {35, 15}, {35, 35}, {15, 35}});
  const cv::Mat rgb = picture({50, 50}, 7);
  const cv::Mat drawn = overlay(rgb, item_of(frame), cat_labels(), kBare);
  CHECK(drawn.at<cv::Vec3b>(25, 25) == rgb.at<cv::Vec3b>(25, 25));
  CHECK(drawn.at<cv::Vec3b>(10, 10) != rgb.at<cv::Vec3b>(10, 10));
}

TEST_CASE("an instance hidden under a later one still shows through") {
  const cv::Mat rgb = plain({60, 60}, {0, 0, 0});
  Item item = item_of(rectangle(20, 20, 40, 40));
  item.annotations.push_back(annotation(1, rectangle(5, 5, 55, 55)));
  const cv::Mat drawn = overlay(rgb, item, cat_labels(), kBare);
  CHECK(drawn.at<cv::Vec3b>(30, 30) != drawn.at<cv::Vec3b>(10, 30));
}

TEST_CASE("instances have a colour each when asked for") {
  Item item = item_of(rectangle(5, 5, 25, 25));
  item.annotations.push_back(annotation(0, rectangle(30, 5, 50, 25)));
  const cv::Mat rgb = plain({60, 30}, {0, 0, 0});
  const cv::Mat one = overlay(rgb, item, cat_labels(), {.no_captions = true});
  CHECK(one.at<cv::Vec3b>(15, 15) == one.at<cv::Vec3b>(15, 40));
  const cv::Mat each =
      overlay(rgb, item, cat_labels(), {.colour_by = ColourBy::instance, .no_captions = true});
  CHECK(each.at<cv::Vec3b>(15, 15) != each.at<cv::Vec3b>(15, 40));
}

TEST_CASE("a crowd is hatched") {
  Item item = item_of(rectangle(0, 0, 60, 60));
  item.annotations[0].flags.crowd = true;
  const cv::Mat rgb = plain({60, 60}, {100, 100, 100});
  const std::size_t changed = different(overlay(rgb, item, cat_labels(), kBare), rgb);
  CHECK(changed > 300);
  CHECK(changed < 2400);
}

TEST_CASE("a box is a frame on whole pixels, inside itself") {
  const cv::Mat rgb = picture({60, 40}, 7);
  const cv::Mat drawn = overlay(rgb, item_of(Box{10, 5, 30, 20}), cat_labels(), kBare);
  const cv::Vec3b cat(kCat.r, kCat.g, kCat.b);
  CHECK(drawn.at<cv::Vec3b>(5, 10) == cat);
  CHECK(drawn.at<cv::Vec3b>(24, 39) == cat);
  CHECK(drawn.at<cv::Vec3b>(4, 10) == rgb.at<cv::Vec3b>(4, 10));
  CHECK(drawn.at<cv::Vec3b>(25, 39) == rgb.at<cv::Vec3b>(25, 39));
  CHECK(drawn.at<cv::Vec3b>(15, 25) == rgb.at<cv::Vec3b>(15, 25));
}

TEST_CASE("every kind of shape leaves its colour on the picture") {
  const cv::Mat rgb = plain({100, 80}, {90, 90, 90});
  for (const Shape& shape : {Shape(Box{10, 10, 40, 30}), Shape(RotatedBox{{50, 40}, 40, 20, 30}),
                             Shape(Ellipse{{50, 40}, 30, 12, -20}), Shape(rectangle(20, 20, 60, 60)),
                             Shape(Polyline{{{5, 5}, {90, 40}, {20, 70}}}),
                             Shape(Points{{{30, 30}, {60, 50}}}), Shape(disc({100, 80}, 40, 40, 20))}) {
    INFO(shape_name(shape));
    const cv::Mat drawn = overlay(rgb, item_of(shape), cat_labels(), {.opacity = 1, .no_captions = true});
    std::size_t coloured = 0;
    for (int y = 0; y < drawn.rows; ++y)
      for (int x = 0; x < drawn.cols; ++x)
        coloured += drawn.at<cv::Vec3b>(y, x)[0] > drawn.at<cv::Vec3b>(y, x)[2] + 60;
    CHECK(coloured >= 8);
  }
}

TEST_CASE("the outline of a rotated box turns clockwise as seen") {
  const Ring corners = outline(RotatedBox{{50, 50}, 40, 20, 90});
  CHECK_THAT(corners[0].x, WithinAbs(60, 1e-9));  // the left top corner has gone to the right top
  CHECK_THAT(corners[0].y, WithinAbs(30, 1e-9));
  for (const Point& at : outline(Ellipse{{10, 20}, 5, 3, 37})) {
    const double t = 37 * 3.14159265358979 / 180;
    const double x = (at.x - 10) * std::cos(t) + (at.y - 20) * std::sin(t),
                 y = -(at.x - 10) * std::sin(t) + (at.y - 20) * std::cos(t);
    CHECK_THAT(x * x / 25 + y * y / 9, WithinAbs(1, 1e-9));
  }
}

TEST_CASE("keypoints are joined by the skeleton, those not labelled are left out") {
  const cv::Mat rgb = plain({100, 60}, {90, 90, 90});
  Item item = item_of({});
  item.annotations[0].keypoints = {{{10, 30}, 2}, {{50, 30}, 1}, {{90, 30}, 0}};
  const cv::Mat drawn = overlay(rgb, item, cat_labels(), kBare);
  const auto changed = [&](int x) { return drawn.at<cv::Vec3b>(30, x) != rgb.at<cv::Vec3b>(30, x); };
  CHECK(changed(10));
  CHECK(changed(30));
  CHECK(changed(50));
  CHECK(!changed(70));
  CHECK(!changed(90));
}

TEST_CASE("annotations are in the item's pixels when the picture is a reduced one") {
  Item item = item_of(rectangle(200, 100, 400, 300));
  item.annotations.push_back(annotation(0, disc({800, 400}, 700, 200, 60)));
  item.annotations.push_back(annotation(0, Box{40, 40, 80, 80}));
  item.size = Size{800, 400};
  const cv::Mat rgb = plain({200, 100}, {90, 90, 90});
  const cv::Mat drawn = overlay(rgb, item, cat_labels(), {.opacity = 1, .no_captions = true});
  const cv::Vec3b cat(kCat.r, kCat.g, kCat.b), gray(90, 90, 90);
  CHECK(drawn.at<cv::Vec3b>(50, 75) == cat);
  CHECK(drawn.at<cv::Vec3b>(50, 49) == gray);
  CHECK(drawn.at<cv::Vec3b>(50, 101) == gray);
  CHECK(drawn.at<cv::Vec3b>(50, 175) == cat);
  CHECK(drawn.at<cv::Vec3b>(50, 155) == gray);
  CHECK(drawn.at<cv::Vec3b>(10, 10) == cat);
}

TEST_CASE("predictions below the score asked for are left out, annotations without a score are not") {
  Item item = item_of(rectangle(5, 5, 20, 20));
  item.annotations[0].score = 0.4;
  item.annotations.push_back(annotation(0, rectangle(30, 5, 50, 20)));
  const cv::Mat rgb = picture({60, 30}, 7);
  const cv::Mat drawn = overlay(rgb, item, cat_labels(), {.no_captions = true, .min_score = 0.5});
  CHECK(drawn.at<cv::Vec3b>(10, 10) == rgb.at<cv::Vec3b>(10, 10));
  CHECK(drawn.at<cv::Vec3b>(10, 40) != rgb.at<cv::Vec3b>(10, 40));
}

TEST_CASE("an RLE of another size than the image is an error") {
  CHECK(thrown_by([] {
          overlay(picture({60, 50}, 7), item_of(disc({50, 60}, 20, 20, 5)), cat_labels());
        }).code() == Code::bad_value);
}

TEST_CASE("shapes anywhere, of any size, even not a number, are drawn without harm") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), huge = 1e300,
               inf = std::numeric_limits<double>::infinity();
  const cv::Mat rgb = picture({50, 40}, 7);
  for (const double v : {nan, inf, -inf, huge, -huge, 1e9, -1e9, 2147483647.0, 0.0, 50.0, -0.5})
    for (const double w : {nan, inf, huge, 1e9, 0.0, -10.0, 50.0}) {
      Item item;
      for (const Shape& shape : {Shape(Box{v, w, w, v}), Shape(RotatedBox{{v, w}, w, v, v}),
                                 Shape(Ellipse{{w, v}, v, w, w}), Shape(Polyline{{{v, w}, {10, 10}, {w, v}}}),
                                 Shape(Points{{{v, w}, {w, v}}}), Shape(Polyline{}), Shape(Polygon{})})
        item.annotations.push_back(annotation(1, shape));
      for (Annotation& one : item.annotations)
        one.box = Box{w, v, v, w}, one.keypoints = {{{v, w}, 2}, {{w, w}, 1}};
      const cv::Mat drawn = overlay(rgb, item, cat_labels(), {.boxes = true, .line_scale = 3});
      CHECK(drawn.size() == rgb.size());
    }
}

TEST_CASE("a polygon with absurd corners is drawn or is an error, never worse") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const cv::Mat rgb = picture({50, 40}, 7);
  for (const double v : {nan, inf, -1e308, 1e308, 1e300, 1e18, 1e6}) {
    const Ring corners{{v, 5}, {30, v}, {10, 35}, {-v, -v}}, hole{{v, v}, {1, v}, {v, 1}};
    try {
      const cv::Mat drawn = overlay(rgb, item_of(Polygon{{{corners, {hole}}}}), cat_labels());
      CHECK(drawn.size() == rgb.size());
    } catch (const Error& error) {
      CHECK(error.code() == Code::bad_value);
    }
  }
}

TEST_CASE("a line that leaves the picture far away has the direction that it should have") {
  const cv::Mat rgb = plain({100, 100}, {0, 0, 0});
  const cv::Mat drawn = overlay(rgb, item_of(Polyline{{{0, 0}, {1e12, 1e12}}}), cat_labels(), kBare);
  for (const int at : {10, 50, 90}) CHECK(drawn.at<cv::Vec3b>(at, at) != cv::Vec3b(0, 0, 0));
  CHECK(drawn.at<cv::Vec3b>(20, 80) == cv::Vec3b(0, 0, 0));
}

TEST_CASE("captions stay inside any picture and do not cover each other") {
  for (const Size size : {Size{1, 1}, Size{5, 200}, Size{200, 5}, Size{30, 30}, Size{400, 300}}) {
    INFO(to_string(size));
    cv::Mat around = plain({size.width + 200, size.height + 200}, {7, 7, 7});
    const cv::Rect inside(100, 100, size.width, size.height);
    cv::Mat rgb = around(inside);
    Captions captions(rgb, 14);
    for (int i = 0; i < 40; ++i) {
      const cv::Mat before = rgb.clone();
      captions.place("a name of some length " + std::to_string(i), {i * 9.0 - 40, i * 7.0 - 30, 60, 40},
                     Rgb{90, 90, static_cast<std::uint8_t>(100 + i)});
      for (int y = 0; y < rgb.rows; ++y)
        for (int x = 0; x < rgb.cols; ++x)
          if (rgb.at<cv::Vec3b>(y, x) != before.at<cv::Vec3b>(y, x))
            REQUIRE(before.at<cv::Vec3b>(y, x) == cv::Vec3b(7, 7, 7));
    }
    CHECK((different(rgb, plain(size, {7, 7, 7})) > 0) == (size.width >= 30 && size.height >= 30));
    around(inside).setTo(cv::Scalar(7, 7, 7));
    CHECK(different(around, plain({size.width + 200, size.height + 200}, {7, 7, 7})) == 0);
  }
}

TEST_CASE("no caption hides a small thing") {
  Item item;
  for (int i = 0; i < 12; ++i)
    item.annotations.push_back(annotation(0, Box{20.0 + i * 22, 50.0 + i % 3 * 20, 12, 14}));
  item.annotations.push_back(annotation(1, Box{0, 0, 300, 150}));
  const cv::Mat rgb = plain({300, 150}, {90, 90, 90});
  const cv::Mat with = overlay(rgb, item, cat_labels()), without = overlay(rgb, item, cat_labels(), kBare);
  for (int i = 0; i < 12; ++i) {
    const cv::Rect at(20 + i * 22, 50 + i % 3 * 20, 12, 14);
    CHECK(different(with(at), without(at)) == 0);
  }
  CHECK(different(with, without) > 500);
}

TEST_CASE("a caption stands on a plate of its label's colour, in black or white") {
  const cv::Mat rgb = plain({300, 200}, {90, 90, 90});
  const Item item = item_of(Box{50, 80, 200, 100});
  const cv::Mat with = overlay(rgb, item, cat_labels()), without = overlay(rgb, item, cat_labels(), kBare);
  CHECK(different(with, without) > 300);
  // Above the box, where nothing else is drawn.
  std::size_t plate = 0, other = 0;
  for (int y = 0; y < 80; ++y)
    for (int x = 0; x < 300; ++x) {
      const cv::Vec3b pixel = with.at<cv::Vec3b>(y, x);
      if (pixel == cv::Vec3b(90, 90, 90)) continue;
      ++(pixel == cv::Vec3b(kCat.r, kCat.g, kCat.b) ? plate : other);
    }
  CHECK(plate > other);
  CHECK(other > 20);
}

TEST_CASE("ten thousand annotations with captions are drawn in a moment") {
  Item item;
  for (int i = 0; i < 10000; ++i)
    item.annotations.push_back(annotation(0, Box{i * 37 % 1000 * 1.0, i * 91 % 700 * 1.0, 20, 20}));
  CHECK(different(overlay(plain({1024, 768}, {0, 0, 0}), item, cat_labels()), plain({1024, 768}, {0, 0, 0})) >
        10000);
}

TEST_CASE("an RLE of more columns than 32768 keeps its shape in a small picture") {
  const Rle ends{{40000, 2}, {0, 20000, 40000, 20000}};  // the first and the last quarter
  const Cutout cutout = cut_out(ends, {{40000, 2}, {400, 2}}, 0);
  CHECK(cutout.at == cv::Rect(0, 0, 400, 2));
  REQUIRE(cutout.mask.size() == cv::Size(400, 2));
  int wrong = 0;
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 400; ++x) wrong += cutout.mask.at<std::uint8_t>(y, x) != (x < 100 || x >= 300);
  CHECK(wrong == 0);
}
