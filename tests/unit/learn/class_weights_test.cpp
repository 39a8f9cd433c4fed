// SPDX-License-Identifier: Apache-2.0
#include "learn/class_weights.h"

#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>

#include "catch.h"
#include "learn/sample.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::thrown_by;
using maskmill::tests::WithinRel;

namespace {

// Of 20 pixels each: the first 15 of class 0 and 5 of class 1; the second 10 of class 0, 6 of class 2, 4
// ignored.
ClassPixels two_masks() {
  cv::Mat first(4, 5, CV_16UC1, cv::Scalar(0)), second = first.clone();
  first.row(3).setTo(1);
  second.rowRange(2, 4).setTo(2);
  second(cv::Rect(0, 2, 2, 2)).setTo(kIgnored);
  ClassPixels pixels;
  pixels.add(first, 4);
  pixels.add(second, 4);
  return pixels;
}

void have_ratios(const std::vector<double>& weights, const std::vector<double>& expected) {
  REQUIRE(weights.size() == expected.size());
  CHECK_THAT(std::accumulate(weights.begin(), weights.end(), 0.0),
             WithinRel(static_cast<double>(weights.size()), 1e-12));
  for (std::size_t i = 1; i < weights.size(); ++i)
    CHECK_THAT(weights[i] / weights[0], WithinRel(expected[i] / expected[0], 1e-12));
}

}  // namespace

TEST_CASE("pixels are counted by class, and with the images that have it") {
  const ClassPixels pixels = two_masks();
  CHECK((pixels.pixels == std::vector<std::int64_t>{25, 5, 6, 0}));
  CHECK((pixels.pixels_of_images == std::vector<std::int64_t>{36, 20, 16, 0}));
}

TEST_CASE("classes are balanced by their share, a class without pixels as the rarest") {
  const auto weights = [](ClassBalance balance) {
    return class_weights({.balance = balance}, two_masks(), 4);
  };
  have_ratios(weights(ClassBalance::inverse), {36.0 / 25, 36.0 / 5, 36.0 / 6, 36.0 / 5});
  const auto log_of = [](double share) { return 1 / std::log(1.02 + share); };
  have_ratios(weights(ClassBalance::log),
              {log_of(25.0 / 36), log_of(5.0 / 36), log_of(6.0 / 36), log_of(5.0 / 36)});
  // Frequencies 25/36, 5/20 and 6/16, of which the last is the median.
  have_ratios(weights(ClassBalance::median), {0.375 / (25.0 / 36), 0.375 / 0.25, 1, 0.375 / 0.25});
}

TEST_CASE("weights that are given are taken as they are, one per class") {
  CHECK((class_weights({.class_weights = {3, 1, 2, 5}}, two_masks(), 4) == std::vector<double>{3, 1, 2, 5}));
  CHECK(class_weights({}, two_masks(), 4).empty());
  const Error error = thrown_by([] { class_weights({.class_weights = {3, 1}}, two_masks(), 4); });
  CHECK(error.code() == Code::usage);
  CHECK(error.place().field == "loss.class-weights");
}
