// SPDX-License-Identifier: Apache-2.0
#include "dataset/masks.h"

#include <opencv2/core.hpp>

#include "random_masks.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

using Kind = MaskCoding::Kind;

MaskRef ref(const Path& file, MaskCoding coding) {
  MaskRef mask;
  mask.file = file;
  mask.coding = std::make_shared<MaskCoding>(std::move(coding));
  return mask;
}

MaskCoding index_coding(std::vector<std::pair<std::int64_t, int>> values) {
  MaskCoding coding;
  coding.values = std::move(values);
  return coding;
}

MaskCoding non_zero_coding(int label, int zero_label) {
  MaskCoding coding;
  coding.kind = Kind::non_zero;
  coding.label = label;
  coding.zero_label = zero_label;
  return coding;
}

MaskCoding instance_coding(std::int64_t void_value) {
  MaskCoding coding;
  coding.kind = Kind::instance;
  coding.void_value = void_value;
  return coding;
}

cv::Mat numbers(int rows, int cols, int type, const std::vector<int>& values) {
  cv::Mat mask(rows, cols, CV_32SC1);
  for (std::size_t i = 0; i < values.size(); ++i)
    mask.at<int>(static_cast<int>(i) / cols, static_cast<int>(i) % cols) = values[i];
  mask.convertTo(mask, type);
  return mask;
}

cv::Mat labels(int rows, int cols, const std::vector<int>& values) {
  return numbers(rows, cols, CV_16UC1, values);
}

const Rgb kRed{255, 0, 0}, kBlue{0, 0, 255};

cv::Mat red_blue_gray() {
  cv::Mat colours(1, 3, CV_8UC3);
  colours.at<cv::Vec3b>(0, 0) = {255, 0, 0};
  colours.at<cv::Vec3b>(0, 1) = {0, 0, 255};
  colours.at<cv::Vec3b>(0, 2) = {7, 7, 7};
  return colours;
}

MaskCoding colour_coding() {
  MaskCoding coding;
  coding.kind = Kind::colour;
  coding.colours = {{kRed, 1}, {kBlue, 0}};
  return coding;
}

}  // namespace

TEST_CASE("indices are looked up at 8 and 16 bits, and unknown ones counted exactly") {
  const Scratch scratch;
  const MaskCoding coding =
      index_coding({{0, 0}, {7, 2}, {255, 1}, {40000, 3}, {9, -1}, {-1, 4}, {70000, 4}});
  for (const int type : {CV_8UC1, CV_16UC1}) {
    const Path file =
        scratch.write("mask.png", encode_index_png(numbers(2, 4, type, {0, 7, 7, 255, 9, 3, 3, 200})));
    const SemanticMask mask = read_semantic(ref(file, coding));
    CHECK(equal(mask.labels, labels(2, 4, {0, 2, 2, 1, 65535, 65535, 65535, 65535})));
    CHECK(mask.unknown_values == std::map<std::int64_t, std::int64_t>{{3, 2}, {200, 1}});
  }
  const Path deep = scratch.write("deep.png", encode_index_png(numbers(1, 2, CV_16UC1, {40000, 65535})));
  const SemanticMask mask = read_semantic(ref(deep, coding));
  CHECK(equal(mask.labels, labels(1, 2, {3, 65535})));
  CHECK(mask.unknown_values == std::map<std::int64_t, std::int64_t>{{65535, 1}});
}

TEST_CASE("a palette's indices are meant unless colours are asked for") {
  const Scratch scratch;
  const Path file = scratch.write(
      "palette.png", encode_index_png(numbers(1, 3, CV_8UC1, {0, 1, 2}), {kBlue, kRed, {7, 7, 7}}));
  CHECK(equal(read_semantic(ref(file, index_coding({{0, 5}, {1, 6}, {2, 7}}))).labels,
              labels(1, 3, {5, 6, 7})));
  const SemanticMask by_colour = read_semantic(ref(file, colour_coding()));
  CHECK(equal(by_colour.labels, labels(1, 3, {0, 1, 65535})));
  CHECK(by_colour.unknown_values == std::map<std::int64_t, std::int64_t>{{0x070707, 1}});
}

TEST_CASE("colours are looked up whatever else the file holds") {
  const Scratch scratch;
  const cv::Mat colours = red_blue_gray();
  cv::Mat with_alpha(colours.size(), CV_8UC4);
  for (int x = 0; x < 3; ++x) {
    const auto c = colours.at<cv::Vec3b>(0, x);
    with_alpha.at<cv::Vec4b>(0, x) = {c[0], c[1], c[2], static_cast<std::uint8_t>(100 * x)};
  }
  for (const cv::Mat& stored : {colours, with_alpha}) {
    const SemanticMask mask =
        read_semantic(ref(scratch.write("colours.png", encode_png(stored)), colour_coding()));
    CHECK(equal(mask.labels, labels(1, 3, {1, 0, 65535})));
    CHECK(mask.unknown_values == std::map<std::int64_t, std::int64_t>{{0x070707, 1}});
  }
  MaskCoding gray = colour_coding();
  gray.colours = {{{200, 200, 200}, 3}};
  const Path file = scratch.write("gray.png", encode_png(numbers(1, 2, CV_8UC1, {200, 9})));
  CHECK(equal(read_semantic(ref(file, gray)).labels, labels(1, 2, {3, 65535})));
}

TEST_CASE("non-zero masks have two labels, of which either may be none") {
  const Scratch scratch;
  const Path gray = scratch.write("gray.png", encode_png(numbers(1, 4, CV_8UC1, {0, 1, 128, 255})));
  CHECK(equal(read_semantic(ref(gray, non_zero_coding(1, 0))).labels, labels(1, 4, {0, 1, 1, 1})));
  const SemanticMask unlabelled = read_semantic(ref(gray, non_zero_coding(2, -1)));
  CHECK(equal(unlabelled.labels, labels(1, 4, {65535, 2, 2, 2})));
  CHECK(unlabelled.unknown_values.empty());
  cv::Mat colours(1, 3, CV_8UC3, cv::Scalar(0, 0, 0));
  colours.at<cv::Vec3b>(0, 1) = {0, 0, 1};
  colours.at<cv::Vec3b>(0, 2) = {255, 255, 255};
  const Path rgb = scratch.write("rgb.png", encode_png(colours));
  CHECK(equal(read_semantic(ref(rgb, non_zero_coding(1, 0))).labels, labels(1, 3, {0, 1, 1})));
}

TEST_CASE("a mask is resized only where its reference says so, by nearest pixel middles") {
  const Scratch scratch;
  cv::Mat stored(4, 6, CV_8UC1);
  for (int i = 0; i < 24; ++i) stored.at<std::uint8_t>(i / 6, i % 6) = static_cast<std::uint8_t>(i);
  MaskCoding coding;
  for (int i = 0; i < 24; ++i) coding.values.emplace_back(i, i);
  MaskRef mask = ref(scratch.write("mask.png", encode_index_png(stored)), coding);
  CHECK(read_semantic(mask, Size{9, 7}).labels.size() == cv::Size(6, 4));
  mask.resize_to_image = true;
  CHECK(read_semantic(mask).labels.size() == cv::Size(6, 4));
  for (const Size size : {Size{9, 7}, Size{5, 3}, Size{12, 8}, Size{1, 1}, Size{601, 401}}) {
    const cv::Mat fitted = read_semantic(mask, size).labels;
    REQUIRE(fitted.size() == cv::Size(size.width, size.height));
    int wrong = 0;
    for (int y = 0; y < size.height; ++y)
      for (int x = 0; x < size.width; ++x)
        wrong +=
            fitted.at<std::uint16_t>(y, x) !=
            stored.at<std::uint8_t>((2 * y + 1) * 4 / (2 * size.height), (2 * x + 1) * 6 / (2 * size.width));
    CHECK(wrong == 0);
  }
  CHECK(read_semantic(mask, Size{0, 4}).labels.total() == 0);
  CHECK(thrown_by([&] { read_semantic(mask, Size{-1, 4}); }).code() == Code::bad_value);
  CHECK(thrown_by([&] { read_semantic(mask, Size{1 << 20, 1 << 20}); }).code() == Code::bad_value);
}

TEST_CASE("instance numbers are read as they are stored, and void is kept apart") {
  const Scratch scratch;
  const Path eight = scratch.write("8.png", encode_index_png(numbers(1, 4, CV_8UC1, {0, 1, 254, 255})));
  CHECK(equal(read_instances(ref(eight, instance_coding(255))), labels(1, 4, {0, 1, 254, 65535})));
  CHECK(equal(read_instances(ref(eight, instance_coding(-1))), labels(1, 4, {0, 1, 254, 255})));
  const Path sixteen =
      scratch.write("16.png", encode_index_png(numbers(1, 4, CV_16UC1, {0, 255, 65534, 65535})));
  CHECK(equal(read_instances(ref(sixteen, instance_coding(65535))), labels(1, 4, {0, 255, 65534, 65535})));
  const Error error = thrown_by([&] { read_instances(ref(sixteen, instance_coding(255))); });
  CHECK(error.code() == Code::bad_value);
  CHECK(error.place().file == sixteen.string());
  MaskCoding with_crowds = instance_coding(65535);
  with_crowds.crowds = {255, 7, 70000};
  CHECK(equal(read_instances(ref(sixteen, with_crowds)), labels(1, 4, {0, 65535, 65534, 65535})));
  const Path colours = scratch.write("colours.png", encode_png(red_blue_gray()));
  CHECK(thrown_by([&] { read_instances(ref(colours, instance_coding(255))); }).code() == Code::bad_format);
}

TEST_CASE("an annotation's mask is its value's pixels, or all that are not 0") {
  const Scratch scratch;
  MaskRef mask;
  mask.file = scratch.write("mask.png", encode_index_png(numbers(2, 2, CV_8UC1, {0, 3, 3, 5})));
  CHECK(read_mask_shape(mask) == Rle{{2, 2}, {1, 3}});
  mask.value = 3;
  CHECK(read_mask_shape(mask) == Rle{{2, 2}, {1, 2, 1}});
  mask.value = 70000;
  CHECK(read_mask_shape(mask) == Rle{{2, 2}, {4}});
  mask.value = 5;
  mask.resize_to_image = true;
  CHECK(read_mask_shape(mask, Size{4, 4}) == Rle{{4, 4}, {10, 2, 2, 2}});

  MaskRef coloured = ref(scratch.write("colours.png", encode_png(red_blue_gray())), colour_coding());
  CHECK(read_mask_shape(coloured) == Rle{{3, 1}, {0, 3}});
  coloured.value = 0x0000ff;
  CHECK(read_mask_shape(coloured) == Rle{{3, 1}, {1, 1, 1}});
  coloured.coding.reset();
  CHECK(thrown_by([&] { read_mask_shape(coloured); }).code() == Code::bad_format);
}

TEST_CASE("an annotation's mask file is painted at the image's size") {
  const Scratch scratch;
  Annotation annotation;
  annotation.label = 1;
  MaskRef mask;
  mask.file = scratch.write("mask.png", encode_png(numbers(1, 2, CV_8UC1, {0, 255})));
  annotation.shape = mask;
  const LabelMap map = labels_of({Role::background, Role::object});
  const Error error = thrown_by([&] { mask_from_instances({annotation}, {4, 2}, map); });
  CHECK(error.code() == Code::bad_value);
  CHECK(error.place().file == mask.file.string());
  mask.resize_to_image = true;
  annotation.shape = mask;
  CHECK(equal(mask_from_instances({annotation}, {4, 2}, map).labels, labels(2, 4, {0, 0, 1, 1, 0, 0, 1, 1})));
}

TEST_CASE("files that do not say what their coding needs are refused, and named") {
  const Scratch scratch;
  const Path colours = scratch.write("colours.png", encode_png(red_blue_gray()));
  const Path deep = scratch.write("deep.png", encode_index_png(numbers(1, 1, CV_16UC1, {300})));
  const Path text = scratch.write("text.png", "no image");
  const auto code_of = [](const MaskRef& mask) {
    const Error error = thrown_by([&] { read_semantic(mask); });
    CHECK(error.place().file == mask.file.string());
    return error.code();
  };
  CHECK(code_of(ref(colours, index_coding({{0, 0}}))) == Code::bad_format);
  CHECK(code_of(ref(deep, colour_coding())) == Code::bad_format);
  CHECK(code_of(ref(text, index_coding({{0, 0}}))) == Code::bad_format);
  CHECK(code_of(ref(scratch / "absent.png", index_coding({{0, 0}}))) == Code::not_found);
  CHECK(code_of(ref(colours, instance_coding(0))) == Code::bug);
  CHECK(code_of(ref(deep, index_coding({{0, 65535}}))) == Code::bug);
  MaskRef without_coding;
  without_coding.file = colours;
  CHECK(code_of(without_coding) == Code::bug);
  CHECK(thrown_by([&] { read_mask_shape(ref(text, {})); }).code() == Code::bad_format);
  CHECK(thrown_by([&] { read_instances(ref(scratch / "absent.png", instance_coding(0))); }).code() ==
        Code::not_found);
}

TEST_CASE("a picture is told from a mask before its colours fill the memory") {
  const Scratch scratch;
  cv::Mat picture(300, 300, CV_8UC3);
  for (int i = 0; i < 90000; ++i)
    picture.at<cv::Vec3b>(i / 300, i % 300) = {
        static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
  const Path file = scratch.write("picture.png", encode_png(picture));
  const Error error = thrown_by([&] { read_semantic(ref(file, colour_coding())); });
  CHECK(error.code() == Code::bad_format);
  CHECK_THAT(error.message(), contains("65536"));
}

TEST_CASE("an item's own mask goes before its annotations") {
  const Scratch scratch;
  Item item;
  item.semantic = ref(scratch.write("mask.png", encode_index_png(numbers(1, 2, CV_8UC1, {1, 0}))),
                      index_coding({{0, 0}, {1, 1}}));
  item.annotations.emplace_back();
  CHECK(equal(semantic_of(item, labels_of({Role::background, Role::object})).labels, labels(1, 2, {1, 0})));
}

}  // namespace maskmill::tests
