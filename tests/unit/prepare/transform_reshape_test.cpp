// SPDX-License-Identifier: Apache-2.0
#include "dataset/masks.h"
#include "transform_support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

TransformSettings reshaping(ReshapeSettings reshape, PictureSettings pictures = {}) {
  TransformSettings settings;
  settings.reshape = std::move(reshape);
  settings.pictures = pictures;
  return settings;
}

cv::Mat labels_of(const Item& item) {
  return read_semantic(*item.semantic, item.size).labels;
}

Polygon triangle(double x, double y) {
  return {{{{{x, y}, {x + 7, y + 1.5}, {x + 2, y + 6}}, {}}}};
}

Item item_with(Shape shape, Size size = {40, 30}) {
  Item item;
  item.id = "a";
  item.size = size;
  item.annotations.emplace_back();
  item.annotations[0].label = 1;
  item.annotations[0].shape = std::move(shape);
  return item;
}

std::vector<std::string> tile_ids(const ReadDataSet& read) {
  std::vector<std::string> places;
  for (const std::string& id : read.ids()) places.push_back(id.substr(id.find('@')));
  return places;
}

Error reshape_refusal(ReshapeSettings settings) {
  return thrown_by(
      [&] { transform(street_source({item_with(triangle(1, 1))}), reshaping(std::move(settings))); });
}

}  // namespace

TEST_CASE("a crop has the image's pixels and the mask's, and the annotations' in its own coordinates") {
  const Scratch scratch;
  Item item = png_item(scratch, "a", {40, 30}, 3);
  const cv::Mat picture_before = read_picture(item), labels_before = labels_of(item);
  Annotation one;
  one.label = 1;
  one.shape = triangle(12, 8);
  one.box = Box{12, 8, 7, 6};
  one.area = 17;
  one.keypoints = {{{12, 8}, 2}, {{39, 29}, 1}};
  item.annotations = {one};
  const ReadDataSet read = transform(street_source({item}), reshaping({.crop = {10, 5, 20, 100}}));
  const Item& cropped = read.items.at(0);
  CHECK(cropped.size == Size{20, 25});
  CHECK(cropped.id == "a");
  CHECK(equal_pixels(read_picture(cropped), picture_before(cv::Rect(10, 5, 20, 25))));
  CHECK(equal_pixels(labels_of(cropped), labels_before(cv::Rect(10, 5, 20, 25))));
  const Annotation& moved = cropped.annotations.at(0);
  CHECK(moved.shape == Shape(triangle(2, 3)));
  CHECK(moved.box == Box{2, 3, 7, 6});
  CHECK(moved.area == 17);
  CHECK(moved.keypoints == std::vector<Keypoint>{{{2, 3}, 2}, {}});
  // What is cut no longer has the area and the box that were stated.
  const ReadDataSet narrow = transform(street_source({item}), reshaping({.crop = {0, 0, 15, 30}}));
  CHECK_FALSE(narrow.items[0].annotations.at(0).area);
  CHECK_FALSE(narrow.items[0].annotations[0].box);
}

TEST_CASE("the middle is cropped, and a side that is shorter stays") {
  const ReadDataSet read =
      transform(street_source({item_with(Box{15, 0, 3, 3})}), reshaping({.centre_crop = "20x50"}));
  CHECK(read.items[0].size == Size{20, 30});
  CHECK(read.items[0].annotations[0].shape == Shape(Box{5, 0, 3, 3}));
  const ReadDataSet gone =
      transform(street_source({item_with(Box{0, 0, 3, 3})}), reshaping({.crop = {50, 0, 5, 5}}));
  CHECK(gone.items.empty());
  CHECK(gone.rules() == std::map<std::string, int>{{"outside-crop", 1}});
}

TEST_CASE("sizes are asked for whole, by the longer side or by a factor") {
  const auto size = [](ReshapeSettings settings) {
    return *transform(street_source({item_with(Box{10, 6, 4, 3})}), reshaping(std::move(settings)))
                .items.at(0)
                .size;
  };
  CHECK(size({.resize = "20x60"}) == Size{20, 60});
  CHECK(size({.longest_side = 100}) == Size{100, 75});
  CHECK(size({.scale = 0.26}) == Size{10, 8});
  CHECK(size({.scale = 1e-6}) == Size{1, 1});
  const ReadDataSet read =
      transform(street_source({item_with(Box{10, 6, 4, 3})}), reshaping({.resize = "20x60"}));
  CHECK(read.items[0].annotations[0].shape == Shape(Box{5, 12, 2, 6}));
  const ReadDataSet huge = transform(street_source({item_with(Box{10, 6, 4, 3})}), reshaping({.scale = 1e5}));
  CHECK(huge.items.empty());
  CHECK_THAT(huge.finding("unreshaped-item").message, contains("2^30"));
}

TEST_CASE("masks take the nearest pixel, pictures the mean of those that they cover") {
  const Scratch scratch;
  const Item item = png_item(scratch, "a", {40, 30}, 3);
  const ReadDataSet half = transform(street_source({item}), reshaping({.scale = 0.5}));
  CHECK(equal_pixels(labels_of(half.items[0]), resize_nearest(labels_of(item), {20, 15})));
  const cv::Mat before = read_picture(item), after = read_picture(half.items[0]);
  REQUIRE(after.size() == cv::Size(20, 15));
  for (const auto& [x, y] : {std::pair(0, 0), {7, 3}, {19, 14}})
    for (int c = 0; c < 3; ++c) {
      const int sum = before.at<cv::Vec3b>(2 * y, 2 * x)[c] + before.at<cv::Vec3b>(2 * y, 2 * x + 1)[c] +
                      before.at<cv::Vec3b>(2 * y + 1, 2 * x)[c] +
                      before.at<cv::Vec3b>(2 * y + 1, 2 * x + 1)[c];
      CHECK(std::abs(after.at<cv::Vec3b>(y, x)[c] - sum / 4.0) <= 0.5);
    }
}

TEST_CASE("a JPEG becomes a JPEG, everything else a PNG, unless it is asked for otherwise") {
  const Scratch scratch;
  const Item jpeg = street_item(scratch, "a", {40, 30}, {0, 1}, 3), png = png_item(scratch, "b", {40, 30}, 3);
  const auto names = [&](PictureKind kind) {
    const ReadDataSet read = transform(street_source({jpeg, png}), reshaping({.scale = 0.5}, {.kind = kind}));
    std::vector<std::string> found;
    for (const Item& item : read.items) {
      const FileKind made = file_kind(image_bytes(item));
      CHECK(kind_of_extension(lower_extension(item.file_name)) == made);
      found.push_back(item.file_name);
    }
    return found;
  };
  using Names = std::vector<std::string>;
  CHECK(names(PictureKind::automatic) == Names{"a.jpg", "b.png"});
  CHECK(names(PictureKind::png) == Names{"a.png", "b.png"});
  CHECK(names(PictureKind::jpeg) == Names{"a.jpg", "b.jpg"});
}

TEST_CASE("samples stay as they are stored: gray, 16 bits and alpha") {
  const Scratch scratch;
  for (const int type : {CV_8UC1, CV_16UC1, CV_8UC4}) {
    cv::Mat samples(30, 40, type);
    cv::randu(samples, 0, CV_MAT_DEPTH(type) == CV_8U ? 256 : 65536);
    Item item = item_with(Box{0, 0, 1, 1});
    item.file_name = "a.png";
    item.image = scratch.write("a.png", encode_png(samples));
    const ReadDataSet read = transform(street_source({item}), reshaping({.crop = {3, 4, 20, 20}}));
    CHECK(equal_pixels(decode_raw(image_bytes(read.items[0])).pixels, samples(cv::Rect(3, 4, 20, 20))));
  }
}

TEST_CASE("a turned image is written upright") {
  const Path turned = Path(MASKMILL_SOURCE_DIR) / "tests/data/image/orientation6.png";
  Item item = item_with(Box{0, 0, 1, 1});
  item.file_name = "a.png";
  item.image = turned;
  item.size = probe_image(turned).size();
  const cv::Mat seen = read_image(turned);
  const ReadDataSet read =
      transform(street_source({item}), reshaping({.crop = {1, 0, item.size->width - 1, item.size->height}}));
  const std::string bytes = image_bytes(read.items[0]);
  CHECK(probe_image_bytes(bytes).orientation == 1);
  CHECK(equal_pixels(decode_image(bytes), seen(cv::Rect(1, 0, seen.cols - 1, seen.rows))));
}

TEST_CASE("an image that stays as it is keeps its file") {
  const Scratch scratch;
  const Item item = street_item(scratch, "a", {40, 30}, {0, 1}, 3);
  for (const ReshapeSettings& settings :
       {ReshapeSettings{.longest_side = 40}, ReshapeSettings{.crop = {0, 0, 99, 99}},
        ReshapeSettings{.tile = "64x64"}}) {
    const ReadDataSet read = transform(street_source({item}), reshaping(settings));
    CHECK(read.items.at(0).image == item.image);
    CHECK_FALSE(read.items[0].made_image);
    CHECK(read.items[0].semantic->file == item.semantic->file);
  }
}

TEST_CASE("tiles lie as far apart as is asked for, the last ones are moved inwards or padded") {
  const auto places = [](Size image, ReshapeSettings settings) {
    return tile_ids(
        transform(street_source({item_with(Box{0, 0, 1, 1}, image)}), reshaping(std::move(settings))));
  };
  using Ids = std::vector<std::string>;
  CHECK(places({40, 20}, {.tile = "20x20"}) == Ids{"@0_0_40x20", "@20_0_40x20"});
  CHECK(places({41, 20}, {.tile = "20x20"}) == Ids{"@0_0_41x20", "@20_0_41x20", "@21_0_41x20"});
  CHECK(places({41, 20}, {.tile = "20x20", .edges = TileEdges::pad}) ==
        Ids{"@0_0_41x20", "@20_0_41x20", "@40_0_41x20"});
  CHECK(places({50, 30}, {.tile = "20x20", .overlap = 5}) ==
        Ids{"@0_0_50x30", "@15_0_50x30", "@30_0_50x30", "@0_10_50x30", "@15_10_50x30", "@30_10_50x30"});
  CHECK(places({9, 7}, {.tile = "20x20"}) == Ids{"@0_0_9x7"});
  const ReadDataSet small =
      transform(street_source({item_with(Box{0, 0, 1, 1}, {9, 30})}), reshaping({.tile = "20x20"}));
  CHECK(small.items[0].size == Size{9, 20});
  const ReadDataSet padded = transform(street_source({item_with(Box{0, 0, 1, 1}, {9, 30})}),
                                       reshaping({.tile = "20x20", .edges = TileEdges::pad}));
  CHECK(padded.items[0].size == Size{20, 20});
  CHECK(padded.source->size() == 2);
}

TEST_CASE("a padded tile is black beyond the image, and without a label") {
  const Scratch scratch;
  const Item item = png_item(scratch, "a", {40, 30}, 3);
  const ReadDataSet read = transform(street_source({item}),
                                     reshaping({.tile = "32x32", .edges = TileEdges::pad}), held_by("pairs"));
  const Item& last = read.items.at(1);
  const cv::Mat labels = labels_of(last), picture = read_picture(last);
  CHECK(equal_pixels(labels(cv::Rect(0, 0, 8, 30)), labels_of(item)(cv::Rect(32, 0, 8, 30))));
  CHECK(cv::countNonZero(labels(cv::Rect(8, 0, 24, 32)) != kUnlabelled) == 0);
  CHECK(cv::countNonZero(picture.reshape(1)(cv::Rect(3 * 8, 0, 3 * 24, 32))) == 0);
}

TEST_CASE("an annotation is in each tile that has some of it, and says of which object it is a part") {
  Item item = item_with(Box{10, 5, 20, 5});
  item.annotations.push_back(item.annotations[0]);
  item.annotations[1].shape = triangle(21, 3);
  item.annotations[0].id = 77;
  const ReadDataSet read = transform(street_source({item}), reshaping({.tile = "20x30"}));
  REQUIRE(read.items.size() == 2);
  const std::vector<Annotation>&left = read.items[0].annotations, &right = read.items[1].annotations;
  REQUIRE(left.size() == 1);
  REQUIRE(right.size() == 2);
  CHECK(left[0].shape == Shape(Box{10, 5, 10, 5}));
  CHECK(right[0].shape == Shape(Box{0, 5, 10, 5}));
  CHECK(right[1].shape == Shape(triangle(1, 3)));
  CHECK(left[0].attributes == Attributes{{"tile_object", std::int64_t{1}}});
  CHECK(right[0].attributes == left[0].attributes);
  CHECK(right[1].attributes == Attributes{{"tile_object", std::int64_t{2}}});
  CHECK_FALSE(left[0].id);  // two annotations of one number would be none
}

TEST_CASE("a cut outline stays one where the target holds outlines, else it keeps its very pixels") {
  const Polygon shape = triangle(15, 3);
  const auto tiles = [&](CutOutlines how, const char* target) {
    return transform(street_source({item_with(shape)}), reshaping({.tile = "20x30", .cut = how}),
                     held_by(target));
  };
  const ReadDataSet outlines = tiles(CutOutlines::automatic, "coco");
  CHECK(std::holds_alternative<Polygon>(outlines.items[0].annotations.at(0).shape));
  const Rle whole = rasterise(shape, {40, 30});
  for (const ReadDataSet& read : {tiles(CutOutlines::pixels, "coco"), tiles(CutOutlines::automatic, "pairs")})
    for (const std::size_t i : {0U, 1U})
      CHECK(read.items[i].annotations.at(0).shape == Shape(shifted(whole, i == 0 ? 0 : -20, 0, {20, 30})));
}

TEST_CASE("settings that cannot be are refused") {
  for (const char* size : {"0x5", "5", "5x", "x5", "-1x5", "5x5x5", "axb", "5.5x5", "99999999999x5", ""}) {
    INFO(size);
    CHECK(reshape_refusal({.tile = size}).code() == Code::usage);
    CHECK(reshape_refusal({.resize = size}).code() == Code::usage);
    CHECK(reshape_refusal({.centre_crop = size}).code() == Code::usage);
  }
  CHECK(reshape_refusal({.tile = "20x10", .overlap = 10}).place().field == "overlap");
  CHECK(reshape_refusal({.scale = 0.5, .overlap = 1}).place().field == "overlap");
  CHECK(reshape_refusal({.scale = 0.0}).place().field == "scale");
  CHECK(reshape_refusal({.scale = -1.0}).place().field == "scale");
  CHECK(reshape_refusal({.resize = "5x5", .scale = 0.5}).code() == Code::usage);
  CHECK(reshape_refusal({.longest_side = 5, .scale = 0.5}).code() == Code::usage);
  CHECK(reshape_refusal({.crop = {1, 2, 3}}).place().field == "crop");
  CHECK(reshape_refusal({.crop = {1, 2, 0, 3}}).place().field == "crop");
  CHECK(reshape_refusal({.crop = {1, 2, 3, 3}, .centre_crop = "5x5"}).code() == Code::usage);
}

TEST_CASE("an item of unknown size, and one whose mask has another size, cost themselves") {
  const Scratch scratch;
  Item unknown = item_with(Box{0, 0, 1, 1});
  unknown.size.reset();
  const ReadDataSet read =
      transform(street_source({unknown, item_with(Box{0, 0, 1, 1})}), reshaping({.tile = "20x20"}));
  CHECK(read.items.size() == 4);
  CHECK(read.source->size() == 5);
  CHECK(read.rules() == std::map<std::string, int>{{"size-unknown", 1}});
  Item wrong = street_item(scratch, "b", {40, 30}, {0, 1}, 1);
  rewrite(wrong.semantic->file, png_mask({0}, {39, 30}));
  const ReadDataSet tiles = transform(street_source({wrong}), reshaping({.tile = "20x20"}), held_by("pairs"));
  const Error error = thrown_by([&] { labels_of(tiles.items.at(0)); });
  CHECK(error.code() == Code::bad_value);
  CHECK(error.place().file == wrong.semantic->file.string());
}
