// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "support/data_sets.h"
#include "support/drawn.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Path drawn_pairs(const Scratch& scratch, int count) {
  for (int i = 0; i < count; ++i)
    street_item(scratch, "item" + std::to_string(i), {40 + i, 30}, {0, 1, 2, 255},
                static_cast<std::uint64_t>(i));
  scratch.write("labels.json", R"({"labels":[{"name":"background","id":0,"role":"background","color":[0,0,0]},
      {"name":"road","id":1,"color":[128,64,128]},{"name":"car","id":2,"color":[0,0,142]},
      {"name":"void","id":255,"role":"ignore","color":[224,224,192]}]})");
  return scratch.path();
}

Ran convert(const Path& from, const Path& to, const std::string& format, std::vector<std::string> more = {}) {
  std::vector<std::string> words{"convert", from.string(), "-o", to.string(), "--to", format};
  words.insert(words.end(), more.begin(), more.end());
  return tests::maskmill(words);
}

// Every file below a folder by name, with its bytes.
std::map<std::string, std::string> content(const Path& folder) {
  std::map<std::string, std::string> files;
  for (const Path& path : list_files(folder)) files[relative_name(path, folder)] = read_file(path);
  return files;
}

std::map<std::string, cv::Mat> masks(const Path& folder) {
  std::map<std::string, cv::Mat> all;
  for (const Path& path : list_files(folder))
    if (lower_extension(path) == "png") all[path.stem().string()] = read_raw(path).pixels;
  return all;
}

void same_masks(const Path& a, const Path& b) {
  const auto left = masks(a), right = masks(b);
  REQUIRE(left.size() == right.size());
  for (const auto& [name, mask] : left) {
    INFO(name);
    REQUIRE(right.count(name) == 1);
    REQUIRE(mask.size() == right.at(name).size());
    CHECK(cv::countNonZero(mask != right.at(name)) == 0);
  }
}

}  // namespace

TEST_CASE("masks come back pixel by pixel through every format that is written") {
  const Scratch scratch, work;
  const Path source = drawn_pairs(scratch, 6);
  for (const char* format : {"coco", "voc", "csv", "label_masks", "pairs"}) {
    INFO(format);
    const Ran there = convert(source, work / format, format);
    INFO(there.err);
    REQUIRE(there.status == 0);
    const Ran back =
        convert(work / format, work / (std::string(format) + "-back"), "pairs", {"--from", format});
    INFO(back.err);
    REQUIRE(back.status == 0);
    same_masks(source / "masks", work / (std::string(format) + "-back") / "masks");
  }
}

TEST_CASE("a split into the fine-tuning layout is taken for it, and its masks come back") {
  const Scratch scratch, work;
  const Path source = drawn_pairs(scratch, 6);
  const Ran split = tests::maskmill({"split", source.string(), "-o", (work / "out").string(), "--ratio",
                                     "train=0.5,val=0.5", "--to", "finetune"});
  INFO(split.err);
  REQUIRE(split.status == 0);
  const Ran info = tests::maskmill({"info", (work / "out").string(), "--json", "--quiet"});
  CHECK(Json::parse(info.out)["format"] == "finetune");
  REQUIRE(convert(work / "out", work / "back", "pairs").status == 0);
  auto back = masks(work / "back/train/masks");
  back.merge(masks(work / "back/val/masks"));
  for (const auto& [name, mask] : masks(source / "masks")) {
    INFO(name);
    REQUIRE(back.contains(name));
    CHECK(cv::countNonZero(mask != back.at(name)) == 0);
  }
}

TEST_CASE("a table that --force replaces is kept") {
  const Scratch scratch, work;
  const Path source = drawn_pairs(scratch, 3);
  REQUIRE(convert(source, work / "out", "csv").status == 0);
  const std::string before = read_file(work / "out/df_data.csv");
  REQUIRE(convert(source, work / "out", "csv", {"--force", "--write", "void=254"}).status == 0);
  CHECK(read_file(work / "out/df_data.csv.backup") == before);
}

TEST_CASE("what one instance of VOC's masks is, is the caller's choice") {
  const Scratch scratch, work;
  constexpr Size size{8, 2};
  scratch.write("JPEGImages/plane.jpg", jpeg_picture(size));
  scratch.write("SegmentationClass/plane.png", png_mask({1, 1, 1, 1, 0, 1, 1, 255}, size));
  scratch.write("SegmentationObject/plane.png", png_mask({1, 2, 2, 2, 0, 2, 2, 255}, size));
  const auto areas = [&](const std::vector<std::string>& options) {
    const Path out = work / ("coco" + joined(options, "-"));
    const Ran ran = convert(scratch.path(), out, "coco", options);
    INFO(ran.err);
    REQUIRE(ran.status == 0);
    std::vector<int> found;
    for (const Path& path : list_files(out / "annotations")) {
      const Json document = Json::parse(read_file(path));
      for (const Json& annotation : document.at("annotations"))
        if (annotation.at("iscrowd") == 0) found.push_back(annotation.at("area"));
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  CHECK(areas({"--instances", "component"}) == std::vector{4, 8});
  CHECK(areas({"--instances", "label"}) == std::vector{12});
  CHECK(areas({"--instances", "object-mask"}) == std::vector{2, 10});
  CHECK(areas({}) == std::vector{2, 10});
}

TEST_CASE("output bytes do not depend on the number of jobs") {
  const Scratch scratch, work;
  const Path source = drawn_pairs(scratch, 12);
  for (const char* format : {"coco", "voc", "csv", "label_masks", "pairs"}) {
    INFO(format);
    const Path one = work / (std::string(format) + "1"), four = work / (std::string(format) + "4");
    REQUIRE(convert(source, one, format, {"--jobs", "1"}).status == 0);
    REQUIRE(convert(source, four, format, {"--jobs", "4"}).status == 0);
    auto left = content(one), right = content(four);
    // The provenance holds the command, which differs here.
    CHECK(left.erase("provenance.json") == 1);
    CHECK(right.erase("provenance.json") == 1);
    CHECK(left == right);
  }
}

TEST_CASE("what a target cannot hold is said before it is written, and --lossless refuses it") {
  const Scratch scratch, work;
  REQUIRE(convert(drawn_pairs(scratch, 3), work / "coco", "coco").status == 0);
  const Ran lossy = convert(work / "coco", work / "pairs", "pairs");
  CHECK(lossy.status == 0);
  CHECK_THAT(lossy.err, contains("cannot hold everything") && contains("merge into one mask an image"));
  const Ran strict = convert(work / "coco", work / "strict", "pairs", {"--lossless"});
  CHECK(strict.status == 3);
  CHECK_FALSE(fs::exists(work / "strict"));
}

TEST_CASE("the output says what it was made from, by which command") {
  const Scratch scratch, work;
  REQUIRE(convert(drawn_pairs(scratch, 3), work / "a b", "coco").status == 0);
  const Json provenance = Json::parse(read_file(work / "a b/provenance.json"));
  CHECK_THAT(provenance.dump(), contains("maskmill convert"));
  CHECK_THAT(provenance.dump(), contains("'" + (work / "a b").string() + "'"));
  CHECK_THAT(provenance.dump(), contains("pairs"));
}

TEST_CASE("media are copied, linked, referred to or left out, as asked") {
  const Scratch scratch, work;
  const Path source = drawn_pairs(scratch, 2);
  for (const char* media : {"copy", "link", "reference", "none"}) {
    INFO(media);
    const Path out = work / media;
    const Ran ran = convert(source, out, "coco", {"--media", media});
    INFO(ran.err);
    REQUIRE(ran.status == 0);
    std::size_t images = 0;
    for (const Path& path : list_files(out)) images += has_image_extension(path);
    CHECK(images == (std::string(media) == "copy" || std::string(media) == "link" ? 2 : 0));
    if (std::string(media) == "none") continue;
    const Ran info = tests::maskmill({"info", out.string(), "--json"});
    INFO(info.err);
    REQUIRE(info.status == 0);
    CHECK_FALSE(Json::parse(info.out)["mean"].is_null());
  }
}

TEST_CASE("one annotation file is written where the output is named .json") {
  const Scratch scratch, work;
  const Ran ran = convert(drawn_pairs(scratch, 2), work / "out.json", "coco", {"--media", "none"});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  CHECK(Json::parse(read_file(work / "out.json"))["images"].size() == 2);
}

TEST_CASE("what no annotation covers becomes background, also where the source has no such label") {
  const Scratch scratch;
  scratch.write("coco/images/a.png", png_picture({4, 3}));
  const std::string document = R"({"images":[{"id":1,"file_name":"a.png","width":4,"height":3}],
      "categories":[{"id":7,"name":"cat"}],"annotations":[{"id":1,"image_id":1,"category_id":7,"iscrowd":0,
      "bbox":[0,0,2,3],"area":6,"segmentation":[[0,0,2,0,2,3,0,3]]}]})";
  scratch.write("coco/a.json", document);
  const Ran ran = convert(scratch / "coco", scratch / "pairs", "pairs");
  CHECK(ran.status == 0);
  CHECK_THAT(ran.err, !contains("crowd"));
  const cv::Mat mask = read_raw(scratch / "pairs/masks/a.png").pixels;
  CHECK(cv::countNonZero(mask == 7) == 6);
  CHECK(cv::countNonZero(mask == 0) == 6);
  const Json labels = read_json(scratch / "pairs/labels.json")["labels"];
  REQUIRE(labels.size() == 2);
  CHECK(labels[1]["role"] == "background");
  CHECK(labels[1]["id"] == 0);
}

TEST_CASE("annotations are whole without their pictures") {
  const Scratch scratch;
  scratch.write("coco.json", R"({"images":[{"id":1,"file_name":"a.png","width":4,"height":3}],
      "categories":[{"id":7,"name":"cat"}],"annotations":[{"id":1,"image_id":1,"category_id":7,"iscrowd":0,
      "bbox":[0,0,2,3],"area":6,"segmentation":[[0,0,2,0,2,3,0,3]]}]})");
  const Ran refused = convert(scratch / "coco.json", scratch / "voc", "voc");
  CHECK(refused.status == 3);
  CHECK_THAT(refused.err, contains("a.png") && contains("--media none"));
  CHECK(convert(scratch / "coco.json", scratch / "voc", "voc", {"--media", "none"}).status == 0);
  CHECK(cv::countNonZero(read_raw(scratch / "voc/SegmentationClass/a.png").pixels) == 6);
  const Ran info = tests::maskmill({"info", (scratch / "coco.json").string(), "--json"});
  CHECK(Json::parse(info.out)["labels"][0]["pixels"] == 6);
  CHECK_THAT(info.err, contains("unreadable-image"));
  const Ran shown =
      tests::maskmill({"show", (scratch / "coco.json").string(), "-o", (scratch / "sheet.html").string()});
  CHECK(shown.status == 0);
  CHECK_THAT(shown.err, contains("image-missing"));
  CHECK_THAT(read_file(scratch / "sheet.html"), contains("no image"));
}

TEST_CASE("settings that one format has name the format, where no probe finds what they point at") {
  const Scratch scratch;
  scratch.write("photos/a.jpg", jpeg_picture());
  scratch.write("truth/a.png", png_mask({0, 1}));
  const std::string source = scratch.path().string();
  CHECK(tests::maskmill({"info", source}).status == 3);
  CHECK(tests::maskmill({"info", source, "--read", "images=photos", "--read", "masks=truth"}).status == 0);
}

TEST_CASE("--lossless refuses what is found to be lost only while writing") {
  const Scratch scratch;
  scratch.write("pairs/images/a.jpg", jpeg_picture());
  scratch.write("pairs/masks/a.png", png_mask({0, 1, 9}));
  scratch.write("pairs/labels.txt", "ground\ntree\n");
  const Ran refused = convert(scratch / "pairs", scratch / "out", "pairs", {"--lossless"});
  CHECK(refused.status == 3);
  CHECK_THAT(refused.err, contains("8 pixels without a label"));
  CHECK(!fs::exists(scratch / "out"));
  CHECK(convert(scratch / "pairs", scratch / "out", "pairs").status == 0);
}

TEST_CASE("options for instances that have none to act on are said to be without effect") {
  const Scratch scratch;
  scratch.write("coco.json", R"({"images":[{"id":1,"file_name":"a.png","width":4,"height":3}],
      "categories":[{"id":7,"name":"cat"}],"annotations":[{"id":1,"image_id":1,"category_id":7,"iscrowd":0,
      "bbox":[0,0,2,3],"area":6,"segmentation":[[0,0,2,0,2,3,0,3]]}]})");
  const Ran ran =
      convert(scratch / "coco.json", scratch / "out", "coco", {"--media", "none", "--min-area", "50"});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.err, contains("without effect") && contains("--min-area"));
}

TEST_CASE("COCO is not written with annotations that pycocotools cannot load") {
  const Scratch scratch;
  scratch.write("coco.json", R"({"images":[{"id":1,"file_name":"a.png","width":4,"height":3}],
      "categories":[{"id":7,"name":"cat"}],"annotations":[
      {"id":1,"image_id":1,"bbox":[0,0,2,3],"segmentation":[[0,0,2,0,2,3,0,3]]},
      {"id":2,"image_id":1,"category_id":7,"bbox":[0,0,2,3],"segmentation":[[0,0,2,0,2,3,0,3]]}]})");
  const Ran ran = convert(scratch / "coco.json", scratch / "out", "coco", {"--media", "none"});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.err, contains("1 annotations without a label: dropped"));
  const Json written = read_json(scratch / "out/annotations/instances.json");
  REQUIRE(written["annotations"].size() == 1);
  CHECK(written["annotations"][0]["category_id"] == 7);
}

TEST_CASE("an annotation whose outline cannot be read is an error, and its box void") {
  const Scratch scratch;
  scratch.write("coco.json", R"({"images":[{"id":1,"file_name":"a.png","width":6,"height":1}],
      "categories":[{"id":1,"name":"cat"}],"annotations":[
      {"id":1,"image_id":1,"category_id":1,"bbox":[0,0,1,1],"segmentation":[[0,0,1,0,1,1,0,1]]},
      {"id":2,"image_id":1,"category_id":1,"bbox":[3,0,2,1],"segmentation":{"size":[9,9],"counts":[81]}}]})");
  const Ran ran = convert(scratch / "coco.json", scratch / "out", "pairs", {"--media", "none"});
  CHECK(ran.status == 1);
  const cv::Mat mask = read_raw(scratch / "out/masks/a.png").pixels;
  CHECK(cv::countNonZero(mask == 255) == 2);
  CHECK(mask.at<std::uint8_t>(0, 3) == 255);
}

TEST_CASE("diff trusts a conversion there and back, and finds one changed pixel") {
  const Scratch scratch, work;
  const Path pairs = drawn_pairs(scratch, 4);
  REQUIRE(convert(pairs, work / "coco", "coco").status == 0);
  REQUIRE(convert(work / "coco", work / "back", "pairs").status == 0);
  const Ran same =
      tests::maskmill({"diff", pairs.string(), (work / "back").string(), "--ignore", "metadata"});
  CHECK_THAT(same.out, contains("4 in both, of which 4 are equal") && contains("no difference"));
  CHECK(same.status == 0);
  const Ran across = tests::maskmill(
      {"diff", pairs.string(), (work / "coco").string(), "--ignore", "metadata,number,label-map", "--json"});
  CHECK(across.status == 0);
  CHECK(Json::parse(across.out)["pixels_different"] == 0);

  const Path mask = list_files(work / "back/masks").front();
  RawImage changed = read_raw(mask);
  auto& pixel = changed.pixels.at<std::uint8_t>(5, 7);
  pixel = pixel == 1 ? 2 : 1;
  replace_file(mask, encode_index_png(changed.pixels, changed.palette));
  const Ran differs =
      tests::maskmill({"diff", pairs.string(), (work / "back").string(), "--ignore", "metadata", "--json"});
  CHECK(differs.status == 1);
  const Json document = Json::parse(differs.out);
  CHECK(document["pixels_different"] == 1);
  CHECK(document["equal"] == 3);
  CHECK(document["differences"].size() == 1);
  CHECK(document["differences"]["pixels"]["count"] == 1);
}

TEST_CASE("merge writes data sets of two formats as one, with their labels by name") {
  const Scratch scratch, work;
  const Path pairs = drawn_pairs(scratch, 3);
  REQUIRE(convert(pairs, work / "coco", "coco").status == 0);
  const std::string out = (work / "all").string();
  const Ran refused =
      tests::maskmill({"merge", pairs.string(), (work / "coco").string(), "-o", out, "--to", "pairs"});
  CHECK(refused.status == 3);
  CHECK_THAT(refused.err, contains("--same-id"));
  CHECK(!fs::exists(out));
  const Ran merged = tests::maskmill(
      {"merge", pairs.string(), (work / "coco").string(), "-o", out, "--to", "pairs", "--same-id", "rename"});
  CHECK(merged.status == 0);
  CHECK(list_files(Path(out) / "masks").size() == 6);
  const auto all = masks(Path(out) / "masks");
  for (const auto& [name, mask] : masks(pairs / "masks"))
    CHECK(cv::countNonZero(read_raw(Path(out) / "masks/coco" / (name + ".png")).pixels != all.at(name)) == 0);
}

TEST_CASE("what is written without its images is read again, or says that it needs them") {
  const Scratch scratch;
  for (int i = 0; i < 3; ++i)
    street_item(scratch, "train/item" + std::to_string(i), {20, 12}, {0, 1}, static_cast<std::uint64_t>(i));
  scratch.write("labels.json", R"({"subsets": ["train"], "labels": [
      {"name": "background", "id": 0, "role": "background"}, {"name": "road", "id": 1}]})");
  std::size_t written = 0, alone = 0;
  const Json formats = Json::parse(tests::maskmill({"formats", "--json"}).out)["formats"];
  for (const Json& format : formats) {
    if (!format["writes"]) continue;
    const std::string name = format["name"];
    const Scratch out;
    const Ran ran = convert(scratch.path(), out / "out", name, {"--media", "none", "--json"});
    INFO(name << ": " << ran.out << ran.err);
    if (ran.status != 0) continue;  // of other labels, such as the trimaps' three
    ++written;
    const Ran info = tests::maskmill({"info", (out / "out").string(), "--from", name, "--json"});
    const bool is_read = info.status == 0 && Json::parse(info.out)["items"] == 3;
    CHECK(is_read != Json::parse(ran.out)["findings"].contains("images-absent"));
    alone += is_read;
  }
  CHECK(written >= 7);
  CHECK(alone >= 3);
}
