// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "support/data_sets.h"
#include "support/drawn.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Path drawn_pairs(const Scratch& scratch, const std::string& folder, Size size, int count) {
  const std::string colour[] = {"[0,0,0]", "[128,64,128]", "[0,0,142]", "[224,224,192]"};
  for (int i = 0; i < count; ++i) {
    const std::string id = "item" + std::to_string(i);
    const auto seed = static_cast<std::uint64_t>(i);
    scratch.write(folder + "/images/" + id + ".png", encode_png(picture(size, seed)));
    scratch.write(folder + "/masks/" + id + ".png", encode_index_png(blotches(size, {0, 1, 2, 255}, seed)));
  }
  std::string labels;
  for (int i = 0; i < street_labels().size(); ++i) {
    const LabelMap map = street_labels();
    labels += (i ? "," : "") + std::string("{\"name\":\"") + map[i].name +
              "\",\"id\":" + std::to_string(*map[i].id) + ",\"role\":\"" + std::string(name_of(map[i].role)) +
              "\",\"color\":" + colour[i] + "}";
  }
  scratch.write(folder + "/labels.json", "{\"labels\":[" + labels + "]}");
  return scratch / folder;
}

Ran transform_with(const Path& from, const Path& to, const std::string& format,
                   std::vector<std::string> more) {
  std::vector<std::string> words{"transform", from.string(), "-o", to.string(), "--to", format};
  words.insert(words.end(), more.begin(), more.end());
  return tests::maskmill(words);
}

std::map<std::string, cv::Mat> pictures(const Path& folder) {
  std::map<std::string, cv::Mat> all;
  for (const Path& path : list_files(folder)) all[relative_name(path, folder)] = read_raw(path).pixels;
  return all;
}

void same_pictures(const Path& a, const Path& b) {
  const auto left = pictures(a), right = pictures(b);
  REQUIRE(!left.empty());
  REQUIRE(left.size() == right.size());
  for (const auto& [name, picture] : left) {
    INFO(name);
    REQUIRE(right.count(name) == 1);
    REQUIRE(picture.size() == right.at(name).size());
    CHECK(cv::norm(picture, right.at(name), cv::NORM_INF) == 0);
  }
}

std::set<int> values_in(const Path& mask) {
  const cv::Mat pixels = read_raw(mask).pixels;
  return {pixels.begin<std::uint8_t>(), pixels.end<std::uint8_t>()};
}

}  // namespace

TEST_CASE("tiles and back gives the same pictures and masks through coco, voc and pairs, on any threads") {
  const Scratch scratch;
  const Path source = drawn_pairs(scratch, "data", {70, 45}, 3);
  for (const std::string format : {"coco", "voc", "pairs"}) {
    INFO(format);
    const Ran there =
        transform_with(source, scratch / ("tiles-" + format), format, {"--tile", "32x24", "--overlap", "5"});
    INFO(there.err);
    REQUIRE(there.status == 0);
    CHECK_THAT(there.out, contains("27 items"));
    const Json input = Json::parse(read_file(scratch / ("tiles-" + format) / "provenance.json"))["inputs"][0];
    CHECK(input["items"] == 3);
    const Ran back = transform_with(scratch / ("tiles-" + format), scratch / ("back-" + format), "pairs",
                                    {"--untile", "--from", format, "-j", "1"});
    INFO(back.err);
    REQUIRE(back.status == 0);
    same_pictures(source / "images", scratch / ("back-" + format) / "images");
    same_pictures(source / "masks", scratch / ("back-" + format) / "masks");
  }
}

TEST_CASE("the bytes do not depend on the number of threads") {
  const Scratch scratch;
  const Path source = drawn_pairs(scratch, "data", {70, 45}, 4);
  for (const char* jobs : {"1", "3"})
    REQUIRE(transform_with(source, scratch / (std::string("out") + jobs), "coco",
                           {"--tile", "20x20", "--scale", "0.5", "--min-area", "3", "-j", jobs})
                .status == 0);
  const std::vector<Path> files = list_files(scratch / "out1");
  REQUIRE(files.size() > 8);
  for (const Path& file : files) {
    const std::string name = relative_name(file, scratch / "out1");
    if (name == "provenance.json") continue;  // it holds the command
    INFO(name);
    CHECK(read_file(file) == read_file(scratch / "out3" / name));
  }
}

TEST_CASE("chosen labels become masks of 0 and 255") {
  const Scratch scratch;
  const Path source = drawn_pairs(scratch, "data", {40, 30}, 2);
  const Ran ran = transform_with(source, scratch / "car", "pairs", {"--binary", "car"});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  for (const char* name : {"item0.png", "item1.png"}) {
    const cv::Mat before = read_raw(source / "masks" / name).pixels,
                  after = read_raw(scratch / "car/masks" / name).pixels;
    CHECK(cv::countNonZero(after != (before == 2)) == 0);
  }
  // From objects as well; and as an index mask where that is asked for.
  REQUIRE(tests::maskmill({"convert", source.string(), "-o", (scratch / "coco").string(), "--to", "coco"})
              .status == 0);
  REQUIRE(transform_with(scratch / "coco", scratch / "from-coco", "pairs", {"--binary", "car"}).status == 0);
  same_pictures(scratch / "car/masks", scratch / "from-coco/masks");
  REQUIRE(
      transform_with(source, scratch / "index", "pairs", {"--binary", "car,road", "--write", "coding=index"})
          .status == 0);
  CHECK(values_in(scratch / "index/masks/item0.png") == std::set<int>{0, 1});
}

TEST_CASE("the steps come in their own order, whatever the order of the options") {
  const Scratch scratch;
  const Path source = drawn_pairs(scratch, "data", {40, 30}, 1);
  const Ran ran = transform_with(
      source, scratch / "out", "pairs",
      {"--tile", "10x10", "--scale", "0.5", "--crop", "0,0,40,20", "--merge", "thing=road,car"});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  std::vector<std::string> names;
  for (const Path& file : list_files(scratch / "out/masks")) names.push_back(file.filename().string());
  CHECK(names == std::vector<std::string>{"item0@0_0_20x10.png", "item0@10_0_20x10.png"});
  CHECK_THAT(read_file(scratch / "out/labels.json"), contains("thing"));
}

TEST_CASE("--min-area is of annotations and of instances that are made, and nobody is told otherwise") {
  const Scratch scratch;
  const Path source = drawn_pairs(scratch, "data", {40, 30}, 2);
  REQUIRE(tests::maskmill({"convert", source.string(), "-o", (scratch / "coco").string(), "--to", "coco"})
              .status == 0);
  const Ran from_masks = transform_with(source, scratch / "a", "coco",
                                        {"--drop", "road", "--min-area", "60", "--json"}),
            from_coco = transform_with(scratch / "coco", scratch / "b", "coco",
                                       {"--drop", "road", "--min-area", "60", "--json"});
  INFO(from_masks.err << from_coco.err);
  REQUIRE(from_masks.status == 0);
  REQUIRE(from_coco.status == 0);
  const Json document = Json::parse(from_coco.out);
  CHECK(document["findings"].contains("annotation-dropped"));
  CHECK_THAT(from_coco.err, !contains("without effect"));
}

TEST_CASE("wrong settings are wrong usage, and leave nothing behind") {
  const Scratch scratch;
  const Path source = drawn_pairs(scratch, "data", {40, 30}, 1);
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"--tile", "0x10"},
                                                    {"--tile", "10"},
                                                    {"--tile", "10x10", "--overlap", "10"},
                                                    {"--overlap", "3"},
                                                    {"--overlap", "-1", "--tile", "5x5"},
                                                    {"--scale", "0"},
                                                    {"--scale", "nan"},
                                                    {"--longest-side", "0"},
                                                    {"--resize", "10x10", "--scale", "2"},
                                                    {"--crop", "1,2,3"},
                                                    {"--crop", "-1,2,3,4"},
                                                    {"--select", "cra"},
                                                    {"--quality", "0", "--scale", "2"},
                                                    {"--tile", "10x10", "--media", "reference"}};
  for (const std::vector<std::string>& options : wrong) {
    INFO(joined(options, " "));
    const Ran ran = transform_with(source, scratch / "out", "coco", options);
    CHECK(ran.status == 2);
    CHECK_FALSE(fs::exists(scratch / "out"));
  }
  CHECK_THAT(transform_with(source, scratch / "out", "coco", {"--select", "cra"}).err, contains("\"car\""));
  const Ran huge = transform_with(source, scratch / "out", "coco", {"--scale", "1e300"});
  CHECK(huge.status == 3);
  CHECK_THAT(huge.err, contains("2^30"));
  const Ran whole = transform_with(source, scratch / "out", "coco", {"--untile"});
  CHECK(whole.status == 3);
  CHECK_THAT(whole.err, contains("@X_Y_WxH"));
}

TEST_CASE("an image that cannot be read costs its own tiles, and the rest is written") {
  const Scratch scratch;
  const Path source = drawn_pairs(scratch, "data", {40, 30}, 2);
  const std::string bytes = read_file(source / "images/item0.png");
  rewrite(source / "images/item0.png", bytes.substr(0, bytes.size() / 2));
  const Ran ran = transform_with(source, scratch / "out", "pairs", {"--tile", "20x30", "--json"});
  INFO(ran.err);
  CHECK(ran.status == 1);
  const Json document = Json::parse(ran.out);
  CHECK(document["items"] == 2);
  CHECK(document["left_out"] == 2);
  CHECK_THAT(ran.err, contains("item0.png"));
}
