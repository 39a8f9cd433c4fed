// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/mask_files/mask_scan.h"
#include "formats/pairs/pairs.h"
#include "support.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Names = std::vector<std::string>;
constexpr Size kSmall{6, 4};

/// One image and mask for each of the masks' bytes.
void put_masks(const Scratch& scratch, const std::vector<std::string>& masks) {
  for (std::size_t i = 0; i < masks.size(); ++i) {
    scratch.write("images/" + std::to_string(i) + ".jpg", jpeg_picture(kSmall));
    scratch.write("masks/" + std::to_string(i) + ".png", masks[i]);
  }
}

Names names_of(const LabelMap& labels) {
  Names names;
  for (const Label& label : labels) names.push_back(label.name);
  return names;
}

/// The name of the label under each of the first pixels; empty: none.
Names first_labels(const ReadDataSet& data, std::size_t item, int count) {
  const cv::Mat labels = semantic_of(data.items.at(item), data.labels()).labels;
  Names names;
  for (int x = 0; x < count; ++x) {
    const int label = labels.at<std::uint16_t>(0, x);
    names.push_back(label == kUnlabelled ? "" : data.labels()[label].name);
  }
  return names;
}

std::string colour_png(const std::vector<Rgb>& colours) {
  cv::Mat pixels(kSmall.height, kSmall.width, CV_8UC3);
  std::size_t next = 0;
  for (int y = 0; y < pixels.rows; ++y)
    for (int x = 0; x < pixels.cols; ++x, ++next) {
      const Rgb colour = colours[next % colours.size()];
      pixels.at<cv::Vec3b>(y, x) = {colour.r, colour.g, colour.b};
    }
  return encode_png(pixels);
}

constexpr Rgb kRoad{128, 64, 128}, kCar{0, 0, 142};

}  // namespace

TEST_CASE("labels that nobody named are named by their values, and none is background or void") {
  const Scratch scratch;
  put_masks(scratch, {png_mask({0, 3}), png_mask({255, 3})});
  const ReadDataSet data = read_pairs(scratch);
  CHECK(names_of(data.labels()) == Names{"0", "3", "255"});
  for (const Label& label : data.labels()) {
    CHECK(std::to_string(label.id.value()) == label.name);
    CHECK(label.role == Role::object);
    CHECK(!label.colour);
  }
  CHECK(first_labels(data, 1, 2) == Names{"255", "3"});
}

TEST_CASE("a palette gives colours to the labels, and never changes the indices") {
  const Scratch scratch;
  const std::vector<Rgb> palette{{9, 9, 9}, kRoad, kCar};
  put_masks(scratch, {png_mask({1}), encode_index_png(mask_of(kSmall, {2, 0}), palette)});
  const ReadDataSet data = read_pairs(scratch);
  CHECK(names_of(data.labels()) == Names{"0", "1", "2"});
  CHECK(data.labels()[0].colour == Rgb{9, 9, 9});
  CHECK(!data.labels()[1].colour);  // occurs only in the mask without a palette
  CHECK(data.labels()[2].colour == kCar);
  CHECK(first_labels(data, 1, 2) == Names{"2", "0"});
}

TEST_CASE("16-bit masks have labels above 255") {
  const Scratch scratch;
  put_masks(scratch, {png_mask({0, 300, 65535})});
  const ReadDataSet data = read_pairs(scratch);
  CHECK(names_of(data.labels()) == Names{"0", "300", "65535"});
  CHECK(first_labels(data, 0, 3) == Names{"0", "300", "65535"});
}

TEST_CASE("masks of only 0 and 255 are binary: background and foreground") {
  const Scratch scratch;
  put_masks(scratch, {png_mask({0}), png_mask({0, 255}), png_mask({255})});
  const ReadDataSet data = read_pairs(scratch);
  CHECK(names_of(data.labels()) == Names{"background", "foreground"});
  CHECK(data.labels().background() == 0);
  CHECK(data.labels()[1].id == 255);
  CHECK(first_labels(data, 1, 2) == Names{"background", "foreground"});
}

TEST_CASE("one other value anywhere, and 0 and 255 are label numbers") {
  const Scratch scratch;
  std::vector<std::string> masks(100, png_mask({0, 255}));
  masks.push_back(png_mask({7}));
  put_masks(scratch, masks);
  CHECK(names_of(read_pairs(scratch).labels()) == Names{"0", "7", "255"});
}

TEST_CASE("black and white pictures of three channels are binary too") {
  const Scratch scratch;
  put_masks(scratch, {colour_png({{0, 0, 0}, {255, 255, 255}}), png_mask({0, 255})});
  const ReadDataSet data = read_pairs(scratch);
  CHECK(names_of(data.labels()) == Names{"background", "foreground"});
  CHECK(first_labels(data, 0, 2) == Names{"background", "foreground"});
  CHECK(first_labels(data, 1, 2) == Names{"background", "foreground"});
}

TEST_CASE("0 and 1 are binary on request only") {
  const Scratch scratch;
  put_masks(scratch, {png_mask({0, 1})});
  CHECK(names_of(read_pairs(scratch).labels()) == Names{"0", "1"});
  const ReadDataSet data = read_pairs(scratch, {"coding=binary"});
  CHECK(names_of(data.labels()) == Names{"background", "foreground"});
  CHECK(first_labels(data, 0, 2) == Names{"background", "foreground"});
}

TEST_CASE("a binary mask's label is named by a file of one name, or of two") {
  const auto [names, object_id] =
      GENERATE(table<const char*, int>({{"person\n", 255}, {"nobody\nperson\n", 1}}));
  const Scratch scratch;
  put_masks(scratch, {png_mask({0, 255})});
  scratch.write("classes.txt", names);
  const ReadDataSet data = read_pairs(scratch);
  REQUIRE(data.labels().size() == 2);
  CHECK(data.labels().background() == 0);
  CHECK(data.labels()[1].name == "person");
  CHECK(data.labels()[1].id == object_id);
  CHECK(first_labels(data, 0, 2)[1] == "person");
}

TEST_CASE("0 and 255 where three labels are named stay label numbers, for check to see") {
  const Scratch scratch;
  put_masks(scratch, {png_mask({0, 255})});
  scratch.write("classes.txt", "a\nb\nc\n");
  CHECK(first_labels(read_pairs(scratch), 0, 2) == Names{"a", ""});
}

TEST_CASE("colours without a table become labels named after themselves") {
  const Scratch scratch;
  put_masks(scratch, {colour_png({kRoad, kCar})});
  const ReadDataSet data = read_pairs(scratch);
  CHECK(names_of(data.labels()) == Names{"#00008e", "#804080"});
  CHECK(data.labels()[0].colour == kCar);
  CHECK(first_labels(data, 0, 2) == Names{"#804080", "#00008e"});
}

TEST_CASE("a colour table names colours, in RGB masks and in palettes when colours are asked for") {
  const Scratch scratch;
  scratch.write("label_colors.txt", "128 64 128 road\n0 0 142 car\n");
  SECTION("RGB") {
    put_masks(scratch, {colour_png({kCar, kRoad, {1, 2, 3}})});
    CHECK(first_labels(read_pairs(scratch), 0, 3) == Names{"car", "road", ""});
  }
  SECTION("a palette is its indices") {
    put_masks(scratch, {encode_index_png(mask_of(kSmall, {0, 1}), {kCar, kRoad})});
    CHECK(first_labels(read_pairs(scratch), 0, 2) == Names{"road", "car"});
    CHECK(first_labels(read_pairs(scratch, {"coding=colour"}), 0, 2) == Names{"car", "road"});
  }
}

TEST_CASE("colour masks and names without colours do not go together") {
  const Scratch scratch;
  put_masks(scratch, {colour_png({kRoad, kCar})});
  scratch.write("classes.txt", "road\ncar\n");
  const Error error = thrown_by([&] { read_pairs(scratch); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.hint_text(), contains("label_colors.txt"));
}

TEST_CASE("two labels of one colour cannot be told apart") {
  const Scratch scratch;
  put_masks(scratch, {colour_png({kRoad, kCar})});
  scratch.write("label_colors.txt", "128 64 128 road\n128 64 128 street\n");
  CHECK_THAT(thrown_by([&] { read_pairs(scratch); }).message(),
             contains("\"road\"") && contains("\"street\""));
}

TEST_CASE("a setting states the label file, relative to the data set") {
  const Scratch scratch;
  put_masks(scratch, {png_mask({1, 0})});
  scratch.write("meta/names of things", "sky\nsea\n");
  CHECK(first_labels(read_pairs(scratch, {"labels=meta/names of things"}), 0, 2) == Names{"sea", "sky"});
  CHECK(thrown_by([&] { read_pairs(scratch, {"labels=none.txt"}); }).place().field == "labels");
}

TEST_CASE("settings state background and void, by name, by value, and by a value that no list names") {
  const Scratch scratch;
  put_masks(scratch, {png_mask({0, 1, 2, 255})});
  scratch.write("codes.txt", "other\nroad\nunclear\n");
  const ReadDataSet data = read_pairs(scratch, {"background=other", "ignore=2,255"});
  CHECK(names_of(data.labels()) == Names{"other", "road", "unclear", "void"});
  CHECK(data.labels().background() == 0);
  CHECK(data.labels()[1].role == Role::object);
  CHECK(data.labels().is_ignored(2));
  CHECK(data.labels().is_ignored(3));
  CHECK(data.labels()[3].id == 255);
  CHECK(first_labels(data, 0, 4) == Names{"other", "road", "unclear", "void"});

  const Error error = thrown_by([&] { read_pairs(scratch, {"ignore=unclaer"}); });
  CHECK(error.code() == Code::usage);
  CHECK_THAT(error.hint_text(), contains("unclear"));
  CHECK(thrown_by([&] { read_pairs(scratch, {"background=nothing"}); }).place().field == "background");

  scratch.write("labels.json", R"({"labels": [{"name": "rest", "role": "background"}, {"name": "road"}]})");
  CHECK(thrown_by([&] { read_pairs(scratch, {"background=road"}); }).place().file == scratch.path().string());
}

TEST_CASE("masks that are found broken while their values are read are left out") {
  const Scratch scratch;
  const std::string whole = png_mask({0, 1, 2}, kSmall);
  put_masks(scratch, {whole, whole.substr(0, whole.size() - 20), ""});
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.ids() == Names{"0"});
  CHECK(data.source->size() == 1);
  CHECK(data.rules() == std::map<std::string, int>{{"unreadable-mask", 2}});
}

TEST_CASE("photographs and instance numbers are not taken for labels") {
  const Scratch scratch;
  SECTION("a photograph") {
    cv::Mat noise(64, 64, CV_8UC3);
    cv::randu(noise, 0, 256);
    scratch.write("images/0.png", encode_png(noise));
    scratch.write("masks/0.png", encode_png(noise));
  }
  SECTION("instance numbers") {
    std::vector<int> numbers(2000);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(i);
    scratch.write("images/0.png", png_picture({50, 40}));
    scratch.write("masks/0.png", png_mask(numbers, {50, 40}));
  }
  const Error error = thrown_by([&] { read_pairs(scratch); });
  CHECK(error.code() == Code::bad_value);
  CHECK(error.place().file == (scratch / "masks/0.png").string());
}

TEST_CASE("with labels named, thousands of other colours are values without a label") {
  const Scratch scratch;
  cv::Mat colours(64, 64, CV_8UC3);
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x)
      colours.at<cv::Vec3b>(y, x) = {static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(y), 9};
  scratch.write("images/a.jpg", jpeg_picture({64, 64}));
  scratch.write("masks/a.png", encode_png(colours));
  scratch.write("label_colors.txt", "0 0 9 road\n63 63 9 car\n");
  const ReadDataSet data = read_pairs(scratch);
  CHECK(names_of(data.labels()) == Names{"road", "car"});
  CHECK(read_semantic(*data.items.at(0).semantic).unknown_values.size() == 64 * 64 - 2);
}

TEST_CASE("with labels named, opening decodes no more masks than it takes to know the coding") {
  const Scratch scratch;
  const Path good = scratch.write("good.png", png_mask({0, 1}));
  std::atomic<int> asked = 0;
  const auto mask_at = [&](std::size_t) {
    ++asked;
    return good;
  };
  CHECK(scan_masks(100000, mask_at, ScanUntil::not_binary, [](std::size_t, const Error&) {}).coding() ==
        PixelCoding::index);
  CHECK(asked < 10);
}
