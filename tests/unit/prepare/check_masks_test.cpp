// SPDX-License-Identifier: Apache-2.0
// Masks that lie wrong, and masks whose borders are smoothed.
#include <boost/filesystem.hpp>
#include <opencv2/imgproc.hpp>
#include <set>

#include "base/random.h"
#include "check_support.h"
#include "dataset/masks.h"
#include "prepare/check/check.h"
#include "support/data_sets.h"
#include "support/drawn.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

struct Scene {
  cv::Mat picture, mask;  ///< street_labels' ids
};

/// Turned boxes and ellipses of two labels on a noisy ground that gets brighter to the right.
Scene scene(Size size, std::uint64_t seed) {
  Random random({seed, 41});
  Scene drawn{cv::Mat(size.height, size.width, CV_8UC3), cv::Mat::zeros(size.height, size.width, CV_8UC1)};
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      const auto gray =
          static_cast<std::uint8_t>(60 + 60 * x / size.width + static_cast<int>(random.below(20)));
      drawn.picture.at<cv::Vec3b>(y, x) = {gray, gray, gray};
    }
  for (int i = 0; i < 5; ++i) {
    const cv::RotatedRect place(cv::Point2f(static_cast<float>(random.uniform(0.1, 0.9) * size.width),
                                            static_cast<float>(random.uniform(0.1, 0.9) * size.height)),
                                cv::Size2f(static_cast<float>(random.uniform(0.1, 0.3) * size.width),
                                           static_cast<float>(random.uniform(0.1, 0.3) * size.height)),
                                static_cast<float>(random.uniform(0, 180)));
    const int label = 1 + static_cast<int>(random.below(2));
    const cv::Scalar colour(label == 1 ? 200 : 20, random.uniform(0, 60), label == 2 ? 220 : 30);
    if (i % 2 == 0) {
      cv::ellipse(drawn.mask, place, label, cv::FILLED);
      cv::ellipse(drawn.picture, place, colour, cv::FILLED);
    } else {
      cv::Point2f corners[4];
      place.points(corners);
      const std::vector<cv::Point> polygon(corners, corners + 4);
      cv::fillConvexPoly(drawn.mask, polygon, label);
      cv::fillConvexPoly(drawn.picture, polygon, colour);
    }
  }
  return drawn;
}

cv::Mat moved(const cv::Mat& mask, int dx, int dy) {
  cv::Mat out = cv::Mat::zeros(mask.size(), mask.type());
  const cv::Rect all(0, 0, mask.cols, mask.rows);
  const cv::Rect to = all & (all + cv::Point(dx, dy));
  mask(to - cv::Point(dx, dy)).copyTo(out(to));
  return out;
}

Item scene_item(const Scratch& scratch, const std::string& id, const Scene& drawn, int orientation = 1) {
  Item item = street_item(scratch, id, {drawn.mask.cols, drawn.mask.rows}, {0, 1}, 1);
  rewrite(item.image, with_orientation(encode_jpeg(drawn.picture), orientation));
  item.size.reset();
  rewrite(item.semantic->file, encode_index_png(drawn.mask));
  return item;
}

std::vector<Finding> found_in_items(std::vector<Item> items, const LabelMap& labels = street_labels()) {
  return findings_of(checked(std::move(items), labels));
}

/// What a data set of six sound scenes and this mask over its picture gives.
std::vector<Finding> with_mask(Size size, const std::function<cv::Mat(const cv::Mat&)>& change,
                               int orientation = 1) {
  const Scratch scratch;
  std::vector<Item> items;
  for (std::uint64_t i = 0; i < 6; ++i)
    items.push_back(scene_item(scratch, "s" + std::to_string(i), scene(size, i)));
  Scene changed = scene(size, 99);
  changed.mask = change(changed.mask);
  items.push_back(scene_item(scratch, "changed", changed, orientation));
  return found_in_items(items);
}

constexpr Size kWide{320, 240}, kSquare{256, 256};

/// A 0/255 mask at half its size, as a resizing with smoothing gives it.
cv::Mat smoothed(const cv::Mat& mask, double factor = 0.4) {
  cv::Mat small, back;
  cv::resize(mask, small, {}, factor, factor, cv::INTER_AREA);
  cv::resize(small, back, mask.size(), 0, 0, cv::INTER_LINEAR);
  return back;
}

}  // namespace

TEST_CASE("a mask in its place is no finding, whatever the size of its image") {
  for (const Size size : {kWide, kSquare, Size{97, 64}, Size{1200, 500}, Size{40, 40}, Size{2000, 20}}) {
    INFO(to_string(size));
    CHECK(with_mask(size, [](const cv::Mat& mask) { return mask; }).empty());
  }
}

TEST_CASE("shifted-mask: says how far the mask must be moved back") {
  const Finding finding = only(with_mask(kWide, [](const cv::Mat& mask) { return moved(mask, -20, 13); }));
  CHECK(finding.rule == "shifted-mask");
  CHECK(finding.severity == Severity::warning);
  CHECK_THAT(finding.place.file, contains("changed.png"));
  int right = 0, up = 0;
  REQUIRE(std::sscanf(finding.message.c_str() + finding.message.find("moved "),
                      "moved %d px right and %d px up", &right, &up) == 2);
  CHECK(std::abs(right - 20) <= 2);
  CHECK(std::abs(up - 13) <= 2);
}

TEST_CASE(
    "shifted-mask: a shift of less than two percent shows beside enough masks that are in their place") {
  const Scratch scratch;
  std::vector<Item> items;
  for (std::uint64_t i = 0; i < 60; ++i) {
    Scene drawn = scene(kWide, i);
    if (i == 20) drawn.mask = moved(drawn.mask, 0, 5);
    items.push_back(scene_item(scratch, "s" + std::to_string(i), drawn));
  }
  const Finding finding = only(found_in_items(items));
  CHECK(finding.rule == "shifted-mask");
  CHECK_THAT(finding.place.file, contains("s20."));
  CHECK(finding.severity == Severity::note);
  int up = 0;
  REQUIRE(std::sscanf(finding.message.c_str() + finding.message.find("moved "), "moved %d px up", &up) == 1);
  CHECK(std::abs(up - 5) <= 1);
  // Few masks do not say what is usual.
  CHECK(found_in_items({items.begin() + 5, items.begin() + 25}).empty());
}

TEST_CASE(
    "shifted-mask: what all masks of a subset share is told to a fraction of a cell, and none of them alone") {
  const Scratch scratch;
  std::vector<Item> items;
  for (std::uint64_t i = 0; i < 60; ++i) {
    Scene drawn = scene(kWide, i);
    drawn.mask = moved(drawn.mask, -3, 0);
    items.push_back(scene_item(scratch, "s" + std::to_string(i), drawn));
  }
  const Finding finding = only(found_in_items(items));
  CHECK(finding.rule == "shifted-mask");
  CHECK(finding.place.file.empty());
  CHECK_THAT(finding.message, contains("about 3 px right"));
}

TEST_CASE("unrelated-mask: two masks of one size that were exchanged, among enough that lie on edges") {
  const Scratch scratch;
  std::vector<Item> items;
  for (std::uint64_t i = 0; i < 60; ++i)
    items.push_back(scene_item(scratch, "s" + std::to_string(i), scene(kWide, i)));
  CHECK(found_in_items(items).empty());
  std::swap(items[10].semantic->file, items[40].semantic->file);
  std::set<std::string> named;
  for (const Finding& finding : found_in_items(items)) {
    CHECK(finding.rule == "unrelated-mask");
    named.insert(finding.place.file);
  }
  CHECK(named == std::set<std::string>{items[10].image.string(), items[40].image.string()});
  std::vector<Item> few(items.begin() + 5, items.begin() + 15);
  for (const Finding& finding : found_in_items(few)) CHECK(finding.rule != "unrelated-mask");
}

TEST_CASE("turned-mask: mirrored, turned upside down, and on its side where that keeps the size") {
  const auto turned = [](int orientation) {
    return [orientation](const cv::Mat& mask) { return oriented(mask, orientation); };
  };
  for (int orientation = 2; orientation <= 8; ++orientation) {
    INFO(orientation);
    const Finding finding = only(with_mask(orientation < 5 ? kWide : kSquare, turned(orientation)));
    CHECK(finding.rule == "turned-mask");
  }
  CHECK_THAT(only(with_mask(kWide, turned(2))).message, contains("mirrored left to right"));
  CHECK_THAT(only(with_mask(kWide, turned(3))).message, contains("180 degrees"));
  CHECK_THAT(only(with_mask(kSquare, turned(6))).message, contains("by 90 degrees clockwise"));
  CHECK_THAT(only(with_mask(kSquare, turned(8))).message, contains("by 90 degrees counterclockwise"));
}

TEST_CASE("exif-rotation: a mask of the picture as it is stored, told by its size or by its borders") {
  // A picture stored lying on its side, and its mask, too.
  const auto findings = with_mask(
      kWide, [](const cv::Mat& mask) { return mask; }, 6);
  CHECK(only(findings).rule == "exif-rotation");
  CHECK(findings[0].severity == Severity::error);
  CHECK_THAT(findings[0].message, contains("320x240") && contains("240x320") && contains("orientation 6"));
  for (const auto& [orientation, size] : {std::pair{2, kWide}, std::pair{3, kWide}, std::pair{4, kWide},
                                          std::pair{6, kSquare}, std::pair{8, kSquare}}) {
    INFO(orientation);
    const Finding finding = only(with_mask(
        size, [](const cv::Mat& mask) { return mask; }, orientation));
    CHECK(finding.rule == "exif-rotation");
    CHECK(finding.severity == Severity::warning);
    // A mask that was turned with its picture is as it should be.
    const int shown = orientation;
    CHECK(with_mask(
              size, [&](const cv::Mat& mask) { return oriented(mask, shown); }, orientation)
              .empty());
  }
}

TEST_CASE("a shift or a turn that all masks of a subset share is told of the subset") {
  const Scratch scratch;
  std::vector<Item> items;
  for (std::uint64_t i = 0; i < 24; ++i) {
    Scene drawn = scene(kWide, i);
    if (i >= 12) drawn.mask = moved(drawn.mask, 7, 0);  // too little to be told of one
    items.push_back(scene_item(scratch, "i" + std::to_string(i), drawn));
    items.back().subset = i < 12 ? "train" : "val";
  }
  const std::vector<Finding> findings = found_in_items(items);
  const auto of_subset =
      std::ranges::find_if(findings, [](const Finding& f) { return f.place.file.empty(); });
  REQUIRE(of_subset != findings.end());
  CHECK(of_subset->rule == "shifted-mask");
  CHECK_THAT(of_subset->message, contains("\"val\"") && contains("px left"));
  for (const Finding& finding : findings) CHECK(finding.message.find("train") == std::string::npos);
}

TEST_CASE("values-between: a smoothed mask of named labels, by the labels on either side") {
  const Scratch scratch;
  std::vector<Item> items;
  for (std::uint64_t i = 0; i < 6; ++i)
    items.push_back(scene_item(scratch, "s" + std::to_string(i), scene(kWide, i)));
  std::vector<Label> labels;
  MaskCoding coding;
  for (const int value : {0, 100, 200}) {
    coding.values.emplace_back(value, static_cast<int>(labels.size()));
    labels.emplace_back().name = "at " + std::to_string(value);
    labels.back().id = value;
  }
  for (Item& item : items) {
    const cv::Mat mask = 100 * read_raw(item.semantic->file).pixels;
    rewrite(item.semantic->file, encode_index_png(&item == &items[2] ? smoothed(mask) : mask));
    item.semantic->coding = std::make_shared<const MaskCoding>(coding);
  }
  const Finding finding = only(found_in_items(items, LabelMap(labels)));  // and no unknown-value beside it
  CHECK(finding.rule == "values-between");
  CHECK(finding.severity == Severity::error);
  CHECK_THAT(finding.place.file, contains("s2.png"));
  CHECK_THAT(finding.message, contains("\"at 0\" and \"at 100\"") && contains("\"at 0\" and \"at 200\""));
}

TEST_CASE("values-between: labels that were taken from smoothed 0/255 masks are no labels") {
  const Scratch scratch;
  std::vector<Item> items;
  for (std::uint64_t i = 0; i < 3; ++i) {
    items.push_back(scene_item(scratch, "s" + std::to_string(i), scene(kWide, i)));
    rewrite(items.back().semantic->file,
            encode_index_png(smoothed(255 * (read_raw(items.back().semantic->file).pixels > 0))));
    items.back().semantic->coding = index_coding(256);
  }
  std::vector<Label> labels(256);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i].name = std::to_string(i);
    labels[i].id = static_cast<std::int64_t>(i);
  }
  const std::vector<Finding> findings = found_in_items(items, LabelMap(labels));
  REQUIRE(findings.size() >= 4);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(findings[i].rule == "values-between");
    CHECK_THAT(findings[i].message, contains("\"0\" and \"255\""));
  }
  CHECK(findings[3].rule == "values-between");
  CHECK_THAT(findings[3].message, contains("254 of the 256 labels"));
}

TEST_CASE("values-between: colours, whatever the channels") {
  const Scratch scratch;
  std::vector<Item> items;
  MaskCoding coding;
  coding.kind = MaskCoding::Kind::colour;
  coding.colours = {{{0, 0, 0}, 0}, {{128, 64, 128}, 1}, {{0, 0, 142}, 2}};
  std::vector<Label> labels(3);
  for (std::size_t i = 0; i < 3; ++i) {
    labels[i].name = std::string(1, static_cast<char>('a' + i));
    labels[i].colour = coding.colours[i].first;
  }
  for (std::uint64_t i = 0; i < 2; ++i) {
    const Scene drawn = scene(kWide, i);
    items.push_back(scene_item(scratch, "s" + std::to_string(i), drawn));
    cv::Mat colours(drawn.mask.size(), CV_8UC3);
    for (int y = 0; y < colours.rows; ++y)
      for (int x = 0; x < colours.cols; ++x) {
        const Rgb colour = coding.colours[drawn.mask.at<std::uint8_t>(y, x)].first;
        colours.at<cv::Vec3b>(y, x) = {colour.r, colour.g, colour.b};
      }
    rewrite(items.back().semantic->file, encode_png(i == 0 ? colours : smoothed(colours)));
    items.back().semantic->coding = std::make_shared<const MaskCoding>(coding);
  }
  const Finding finding = only(found_in_items(items, LabelMap(labels)));
  CHECK(finding.rule == "values-between");
  CHECK_THAT(finding.place.file, contains("s1.png"));
  CHECK_THAT(finding.message, contains("\"a\" and \"b\"") || contains("\"a\" and \"c\""));
}

TEST_CASE("empty-item: where no label is background, a mask of the most common one alone may be empty") {
  const Scratch scratch;
  std::vector<Item> items;
  std::vector<Label> labels(2);
  for (std::size_t i = 0; i < 2; ++i) {
    labels[i].name = std::to_string(i);
    labels[i].id = static_cast<std::int64_t>(i);
  }
  for (std::uint64_t i = 0; i < 14; ++i) {
    Scene drawn = scene({96, 72}, i);
    drawn.mask = (drawn.mask > 0) / 255;
    if (i == 5) drawn.mask = 0;
    if (i == 6) drawn.mask = 1;
    items.push_back(scene_item(scratch, "s" + std::to_string(i), drawn));
    items.back().semantic->coding = index_coding(2);
  }
  std::vector<Finding> findings = found_in_items(items, LabelMap(labels));
  std::erase_if(findings, [](const Finding& found) { return found.rule == "specks"; });  // between shapes
  const Finding finding = only(findings);
  CHECK(finding.rule == "empty-item");
  CHECK_THAT(finding.place.file, contains("s5.png"));
  CHECK_THAT(finding.message, contains("nothing but the label \"0\""));
  CHECK_THAT(finding.fix, contains("--read background=0"));
}

TEST_CASE("a thin band of a label whose value lies between its neighbours is no smoothing") {
  const Scratch scratch;
  std::vector<Item> items;
  for (std::uint64_t i = 0; i < 2; ++i) {
    Scene drawn = scene(kWide, i);
    drawn.mask = 2 * (drawn.mask > 0) / 255;
    cv::Mat grown;
    cv::dilate(drawn.mask, grown, {});
    drawn.mask.setTo(1, (grown > 0) & (drawn.mask == 0));  // 0, one pixel of 1, 2
    items.push_back(scene_item(scratch, "s" + std::to_string(i), drawn));
  }
  CHECK(found_in_items(items).empty());
}
