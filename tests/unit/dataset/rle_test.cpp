// SPDX-License-Identifier: Apache-2.0
#include "dataset/rle.h"

#include <opencv2/core.hpp>

#include "base/text.h"
#include "random_masks.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

Size size_at(const std::vector<std::string>& fields) {
  return {std::stoi(fields[0]), std::stoi(fields[1])};
}

cv::Mat intersection(const cv::Mat& a, const cv::Mat& b) {
  return a & b;
}

}  // namespace

TEST_CASE("masks encode, decode and measure as pycocotools says") {
  for (const auto& fields : golden_lines("masks.txt")) {
    const Size size = size_at(fields);
    cv::Mat mask(size.height, size.width, CV_8UC1);
    for (int i = 0; i < mask.rows * mask.cols; ++i)
      mask.at<std::uint8_t>(i / mask.cols, i % mask.cols) = fields[9][static_cast<std::size_t>(i)] == '1';
    std::vector<std::uint32_t> counts;
    for (const std::string& count : split_text(fields[3], ','))
      counts.push_back(static_cast<std::uint32_t>(std::stoul(count)));

    const Rle rle = rle_from_mask(mask);
    CHECK(rle.size == size);
    CHECK(rle.counts == counts);
    CHECK(rle_from_value(mask, 1) == rle);
    CHECK(to_coco_string(rle) == fields[2]);
    CHECK(from_coco_string(fields[2], size) == rle);
    CHECK(area(rle) == std::stoll(fields[4]));
    CHECK(bounding_box(rle) ==
          Box{std::stod(fields[5]), std::stod(fields[6]), std::stod(fields[7]), std::stod(fields[8])});
    CHECK(equal(mask_from_rle(rle), mask));
  }
}

TEST_CASE("union, intersection and IoU are those of pycocotools") {
  for (const auto& fields : golden_lines("pairs.txt")) {
    const Size size = size_at(fields);
    const std::vector<Rle> pair{from_coco_string(fields[2], size), from_coco_string(fields[3], size)};
    CHECK(to_coco_string(merged(pair)) == fields[4]);
    CHECK(intersection_area(pair[0], pair[1]) == std::stoll(fields[5]));
    CHECK(iou(pair[0], pair[1]) == std::stod(fields[6]));
    CHECK(iou(pair[0], pair[1], true) == std::stod(fields[7]));
  }
}

TEST_CASE("any mask comes back from its runs and its string") {
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    const Size size = random_size(random);
    const cv::Mat mask = random_mask(random, size);
    const Rle rle = rle_from_mask(mask);
    REQUIRE(equal(mask_from_rle(rle), mask));
    REQUIRE(from_coco_string(to_coco_string(rle), size) == rle);
    REQUIRE(area(rle) == cv::countNonZero(mask));
    for (std::size_t k = 1; k < rle.counts.size(); ++k) REQUIRE(rle.counts[k] > 0);
  }
}

TEST_CASE(
    "the runs of a value are those of the mask of that value, at 8 and 16 bits and inside a larger image") {
  Random random(2);
  for (int i = 0; i < 200; ++i) {
    const Size size = random_size(random);
    const int type = random.chance(0.5) ? CV_8UC1 : CV_16UC1;
    const cv::Mat whole = random_values(random, {size.width + 7, size.height + 3}, 5, type);
    const cv::Mat values = whole(cv::Rect(3, 2, size.width, size.height));
    for (int value = 0; value < 5; ++value)
      REQUIRE(equal(mask_from_rle(rle_from_value(values, value)), cv::Mat((values == value) / 255)));
    REQUIRE(equal(mask_from_rle(rle_from_mask(values)), cv::Mat((values != 0) / 255)));
  }
}

TEST_CASE("masks wider than a block of columns are encoded whole") {
  Random random(3);
  for (const int width : {1023, 1024, 1025, 2500}) {
    const cv::Mat mask = random_mask(random, {width, 9});
    CHECK(equal(mask_from_rle(rle_from_mask(mask)), mask));
  }
}

TEST_CASE("union, intersection, difference and complement work pixel by pixel") {
  Random random(4);
  for (int i = 0; i < 300; ++i) {
    const Size size = random_size(random);
    std::vector<cv::Mat> masks;
    std::vector<Rle> runs;
    cv::Mat whole = cv::Mat::zeros(size.height, size.width, CV_8UC1);
    for (std::uint64_t k = 0, count = 1 + random.below(5); k < count; ++k) {
      masks.push_back(random_mask(random, size));
      runs.push_back(rle_from_mask(masks.back()));
      whole |= masks.back();
    }
    const cv::Mat &a = masks.front(), &b = masks.back();
    const Rle &run_a = runs.front(), &run_b = runs.back();
    const int common = cv::countNonZero(intersection(a, b)), either = cv::countNonZero(a | b);
    REQUIRE(merged(runs) == rle_from_mask(whole));
    REQUIRE(intersection_area(run_a, run_b) == common);
    REQUIRE(difference(run_a, run_b) == rle_from_mask(a & ~b));
    REQUIRE(inverted(run_a) == rle_from_mask(1 - a));
    REQUIRE(iou(run_a, run_b) == (common ? static_cast<double>(common) / either : 0));
    REQUIRE(iou(run_a, run_b, true) == (common ? static_cast<double>(common) / cv::countNonZero(a) : 0));
  }
}

TEST_CASE("runs of 0 between others change nothing") {
  const Size size{3, 4};
  const Rle plain{size, {2, 7, 3}};
  const Rle padded{size, {0, 0, 2, 0, 0, 3, 0, 4, 0, 0, 3, 0}};
  CHECK(area(padded) == 7);
  CHECK(bounding_box(padded) == bounding_box(plain));
  CHECK(equal(mask_from_rle(padded), mask_from_rle(plain)));
  CHECK(merged({&padded, 1}) == plain);
  CHECK(intersection_area(padded, plain) == 7);
  CHECK(from_coco_string(to_coco_string(padded), size) == padded);
}

TEST_CASE("painting sets the pixels inside and leaves the others") {
  Random random(5);
  for (int i = 0; i < 200; ++i) {
    const Size size = random_size(random);
    const int type = random.chance(0.5) ? CV_8UC1 : CV_16UC1;
    const cv::Mat inside = random_mask(random, size);
    cv::Mat picture = random_values(random, size, 200, type);
    cv::Mat expected = picture.clone();
    expected.setTo(cv::Scalar(201), inside);
    paint(picture, rle_from_mask(inside), 201);
    REQUIRE(equal(picture, expected));
  }
}

TEST_CASE("masks without pixels are legal and empty") {
  for (const Size size : {Size{0, 0}, Size{0, 5}, Size{5, 0}}) {
    const Rle rle = rle_from_mask(cv::Mat(size.height, size.width, CV_8UC1));
    CHECK(area(rle) == 0);
    CHECK(bounding_box(rle) == Box{});
    CHECK(mask_from_rle(rle).total() == 0);
    CHECK(from_coco_string(to_coco_string(rle), size) == rle);
    CHECK(rasterise(Box{0, 0, 3, 3}, size) == rle);
  }
  CHECK(area(from_coco_string("", {0, 0})) == 0);
}

TEST_CASE("an empty mask has an empty box and an IoU of 0 with itself") {
  const Rle empty{{4, 3}, {12}};
  CHECK(bounding_box(empty) == Box{0, 0, 0, 0});
  CHECK(iou(empty, empty) == 0);
  CHECK(iou(empty, empty, true) == 0);
}

TEST_CASE("strings that pycocotools would read past their end or wrap are refused") {
  const Size size{4, 5};
  const auto message = [&](std::string_view text) {
    const Error error = thrown_by([&] { from_coco_string(text, size); });
    CHECK(error.code() == Code::bad_value);
    return error.message();
  };
  CHECK_THAT(message("1p"), contains("character 2 is none of '0' to 'o'"));
  CHECK_THAT(message("1 "), contains("character 2 is none"));
  CHECK_THAT(message("\xff"), contains("character 1 is none"));
  CHECK_THAT(message("11P"), contains("ends inside a number"));
  CHECK_THAT(message("PPPPPPPP0"), contains("larger than any run"));
  CHECK_THAT(message("1O"), contains("run 2 is below 0"));
  CHECK_THAT(message("111J"), contains("run 4 is below 0"));
  CHECK_THAT(message("1e0"), contains("run 2 goes past the 20 pixels of the size 4x5"));
  CHECK_THAT(message("oooooo?"), contains("goes past"));
  CHECK_THAT(message("15"), contains("14 of the 20 pixels of the size 4x5 are missing"));
  CHECK_THAT(message(""), contains("20 of the 20 pixels"));
}

TEST_CASE("every function refuses runs that do not fill their size") {
  const Size size{4, 5};
  for (const Rle& bad :
       {Rle{size, {}}, Rle{size, {3, 4}}, Rle{size, {3, 4, 100}}, Rle{{-4, 5}, {20}}, Rle{{4, -5}, {}},
        Rle{{-4, -5}, {20}}, Rle{{1 << 20, 1 << 20}, {}}, Rle{size, {0xffffffff, 21}}}) {
    const Rle good{size, {3, 4, 13}};
    cv::Mat mask(5, 4, CV_8UC1);
    const auto refused = [](auto&& action) { return thrown_by(action).code() == Code::bad_value; };
    CHECK(refused([&] { validate(bad); }));
    CHECK(refused([&] { area(bad); }));
    CHECK(refused([&] { bounding_box(bad); }));
    CHECK(refused([&] { mask_from_rle(bad); }));
    CHECK(refused([&] { paint(mask, bad, 1); }));
    CHECK(refused([&] { merged({&bad, 1}); }));
    CHECK(refused([&] { intersection_area(good, bad); }));
    CHECK(refused([&] { iou(bad, good); }));
    CHECK(refused([&] { inverted(bad); }));
    CHECK(refused([&] { difference(good, bad); }));
    CHECK(refused([&] { to_coco_string(bad); }));
  }
}

TEST_CASE("masks of two sizes are not compared, merged or painted") {
  const Rle a{{4, 5}, {20}}, b{{5, 4}, {20}};
  const std::vector<Rle> both{a, b};
  cv::Mat mask(4, 5, CV_8UC1);
  for (const Error& error : {thrown_by([&] { iou(a, b); }), thrown_by([&] { intersection_area(a, b); }),
                             thrown_by([&] { merged(both); }), thrown_by([&] { paint(mask, a, 1); })}) {
    CHECK(error.code() == Code::bad_value);
    CHECK_THAT(error.message(), contains("4x5"));
    CHECK_THAT(error.message(), contains("5x4"));
  }
  CHECK(thrown_by([] { merged({}); }).code() == Code::bad_value);
}

TEST_CASE("masks of other types are a bug of the caller") {
  cv::Mat colours(3, 3, CV_8UC3, cv::Scalar(0)), numbers(3, 3, CV_32SC1, cv::Scalar(0));
  CHECK(thrown_by([&] { rle_from_mask(colours); }).code() == Code::bug);
  CHECK(thrown_by([&] { rle_from_value(numbers, 1); }).code() == Code::bug);
  CHECK(thrown_by([&] { paint(colours, Rle{{3, 3}, {9}}, 1); }).code() == Code::bug);
}

}  // namespace maskmill::tests
