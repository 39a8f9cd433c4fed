// SPDX-License-Identifier: Apache-2.0
#include "formats/item_files.h"

#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

std::string turned_jpeg(Size size, char orientation) {
  return with_orientation(jpeg_picture(size), orientation);
}

Item pair_of(const Scratch& scratch, const std::string& image, const std::string& mask) {
  Item item;
  item.image = scratch.write("i.jpg", image);
  item.semantic = MaskRef{scratch.write("m.png", mask), std::make_shared<MaskCoding>(), {}, false};
  return item;
}

}  // namespace

TEST_CASE("the size is the displayed one, and a mask must have it") {
  const Scratch scratch;
  std::vector<Finding> findings;
  Item upright = pair_of(scratch, turned_jpeg({6, 4}, 6), png_mask({1}, {4, 6}));
  CHECK(check_files(upright, Look::headers, findings));
  CHECK(upright.size == Size{4, 6});
  CHECK(findings.empty());

  Item lying = pair_of(scratch, turned_jpeg({6, 4}, 6), png_mask({1}, {6, 4}));
  CHECK(!check_files(lying, Look::headers, findings));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "exif-rotation");
  CHECK_THAT(findings[0].message, contains("EXIF orientation 6"));
}

TEST_CASE("a mask that is to be resized may have any size") {
  const Scratch scratch;
  std::vector<Finding> findings;
  Item item = pair_of(scratch, jpeg_picture({6, 4}), png_mask({1}, {60, 40}));
  item.semantic->resize_to_image = true;
  CHECK(check_files(item, Look::headers, findings));
  CHECK(findings.empty());
}

TEST_CASE("stored values stand for labels, in as few bits as they need") {
  const cv::Mat labels = mask_of({3, 1}, {0, 1, kUnlabelled});
  const cv::Mat narrow = to_stored_values(labels, {7, 255}, 9);
  REQUIRE(narrow.type() == CV_8UC1);
  CHECK(cv::countNonZero(narrow != mask_of({3, 1}, {7, 255, 9})) == 0);
  const cv::Mat wide = to_stored_values(labels, {7, 256}, 0);
  REQUIRE(wide.type() == CV_16UC1);
  CHECK(cv::countNonZero(wide != mask_of({3, 1}, {7, 256, 0})) == 0);
  // What does not occur does not widen the mask.
  CHECK(to_stored_values(labels.colRange(0, 1), {7, 60000}, 60001).type() == CV_8UC1);
}

TEST_CASE("a pixel that cannot be stored is named by its place") {
  const cv::Mat labels = mask_of({3, 1}, {0, 1, kUnlabelled});
  CHECK_THAT(thrown_by([&] { to_stored_values(labels, {1, 2}, {}); }).message(), contains("2, 0"));
  CHECK_THAT(thrown_by([&] { to_stored_values(labels, {1}, 0); }).message(), contains("1, 0"));
  CHECK_THAT(thrown_by([&] { to_stored_values(labels, {-1, 2}, 0); }).message(), contains("0, 0"));
}
