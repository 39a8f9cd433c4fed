// SPDX-License-Identifier: Apache-2.0
#include "prepare/statistics.h"

#include <cmath>

#include "image/image.h"
#include "support/drawn.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Statistics of(std::vector<Item> items, bool pixels = true) {
  Metadata metadata;
  metadata.labels = street_labels();
  const auto source = make_source(metadata, std::move(items));
  Findings findings;
  return statistics_of(*source, {.pixels = pixels}, findings);
}

}  // namespace

TEST_CASE("pixels are counted a label, and channel means are those of every pixel") {
  const Scratch scratch;
  const std::vector<Item> items{street_item(scratch, "a", {50, 40}, {0, 1}, 1),
                                street_item(scratch, "b", {30, 20}, {2, 255}, 2)};
  const Statistics statistics = of(items);
  CHECK(statistics.items == 2);
  std::int64_t sum = 0;
  for (const LabelStatistics& label : statistics.labels) sum += label.pixels;
  CHECK(sum == 50 * 40 + 30 * 20);
  CHECK(statistics.labels[1].pixels == cv::countNonZero(blotches({50, 40}, {0, 1}, 1) == 1));
  CHECK(statistics.labels[2].items == 1);
  double mean = 0, square = 0;
  for (const Item& item : items) {
    const cv::Mat rgb = read_image(item.image);
    for (int y = 0; y < rgb.rows; ++y)
      for (int x = 0; x < rgb.cols; ++x) {
        const double green = rgb.at<cv::Vec3b>(y, x)[1] / 255.0;
        mean += green / 2600, square += green * green / 2600;
      }
  }
  REQUIRE(statistics.mean.has_value());
  CHECK((*statistics.mean)[1] == Approx(mean).epsilon(1e-9));
  CHECK((*statistics.std)[1] == Approx(std::sqrt(square - mean * mean)).epsilon(1e-9));
}

TEST_CASE("not annotated and annotated as empty are counted apart") {
  std::vector<Item> items(3);
  items[0].id = "a", items[1].id = "b", items[2].id = "c";
  items[1].annotated = false;
  items[2].annotations.emplace_back();
  const Statistics statistics = of(items, false);
  CHECK(statistics.empty == 1);
  CHECK(statistics.unannotated == 1);
  CHECK(statistics.annotations == 1);
  CHECK_FALSE(statistics.mean.has_value());
}

TEST_CASE("objects are counted by size and an item, labels a subset, images by brightness") {
  const Scratch scratch;
  const auto square = [](int label, double side) {
    Annotation annotation;
    annotation.label = label;
    annotation.shape = Polygon{{{{{0, 0}, {side, 0}, {side, side}, {0, side}}, {}}}};
    return annotation;
  };
  std::vector<Item> items(3);
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i].id = std::string(1, static_cast<char>('a' + i));
    items[i].size = Size{64, 64};
    items[i].subset = i < 2 ? "train" : "val";
  }
  items[0].annotations = {square(1, 1), square(1, 15), square(2, 16)};
  items[2].annotations = {square(2, 31)};
  items[2].annotations.back().label = 2;
  items[1].image = scratch.write("black.png", encode_png(cv::Mat(8, 8, CV_8UC3, cv::Scalar::all(0))));
  items[2].image = scratch.write("white.png", encode_png(cv::Mat(8, 8, CV_8UC3, cv::Scalar::all(255))));
  const Statistics statistics = of(items);
  CHECK(statistics.annotations_an_item == std::map<std::size_t, std::size_t>{{0, 1}, {1, 1}, {3, 1}});
  CHECK(statistics.object_sides[0] == 1);
  CHECK(statistics.object_sides[3] == 1);
  CHECK(statistics.object_sides[4] == 2);
  CHECK(statistics.brightness.front() == 1);
  CHECK(statistics.brightness.back() == 1);
  REQUIRE(statistics.subsets.size() == 2);
  const Json labels = to_json(statistics)["labels"];
  CHECK(labels[1]["subsets"] == Json{{"train", 1}, {"val", 0}});
  CHECK(labels[2]["subsets"] == Json{{"train", 1}, {"val", 1}});
}

TEST_CASE("what was not counted is not said to be 0") {
  const Scratch scratch;
  const std::vector<Item> items{street_item(scratch, "a", {50, 40}, {0, 1}, 1)};
  CHECK_THAT(to_text(of(items)), contains("pixels"));
  const Statistics fast = of(items, false);
  CHECK_THAT(to_text(fast), !contains("pixels"));
  const Json document = to_json(fast);
  for (const Json& label : document["labels"]) {
    CHECK(label["pixels"].is_null());
    CHECK(label["items"].is_null());
  }
}
