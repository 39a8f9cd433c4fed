// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <set>

#include "base/json.h"
#include "base/output.h"
#include "support.h"
#include "support/drawn.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Path shapes(const Scratch& scratch) {
  const Ran ran =
      run_program_at({std::string(MASKMILL_BIN_DIR) + "/quickstart-shapes", (scratch / "shapes").string()});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  return scratch / "shapes";
}

}  // namespace

TEST_CASE("info counts what is there and says why it takes it for what it is") {
  const Scratch scratch;
  const Json info = json_of({"info", shapes(scratch).string()});
  CHECK(info["format"] == "pairs");
  CHECK_FALSE(info["reasons"].empty());
  CHECK(info["items"] == 240);
  CHECK(info["labels"].size() == 4);
  std::int64_t pixels = 0, area = 0;
  for (const Json& label : info["labels"]) pixels += label["pixels"].get<std::int64_t>();
  for (const Json& size : info["sizes"])
    area += size["width"].get<std::int64_t>() * size["height"].get<std::int64_t>() *
            size["items"].get<std::int64_t>();
  CHECK(pixels == area);
}

TEST_CASE("the quickstart's data is the same each time and has no findings") {
  const Scratch scratch, again;
  const Path source = shapes(scratch);
  CHECK(json_of({"check", source.string()})["findings"].empty());
  const Path twin = shapes(again);
  for (const Path& path : list_files(source))
    CHECK(read_file(path) == read_file(twin / relative_name(path, source)));
}

TEST_CASE("a split is exact, holds each item once, and is the same for the same seed") {
  const Scratch scratch;
  const Path source = shapes(scratch);
  const auto split = [&](const std::string& name, const std::string& seed,
                         std::vector<std::string> more = {}) {
    std::vector<std::string> words{"split",   source.string(),
                                   "-o",      (scratch / name).string(),
                                   "--ratio", "train=0.8,val=0.1,test=0.1",
                                   "--seed",  seed,
                                   "--media", "link"};
    words.insert(words.end(), more.begin(), more.end());
    return json_of(words);
  };
  const Json report = split("one", "1");
  CHECK(report["subsets"]["train"]["items"] == 192);
  CHECK(report["subsets"]["val"]["items"] == 24);
  CHECK(report["subsets"]["test"]["items"] == 24);
  split("same", "1"), split("other", "2"), split("strata", "1", {"--stratify"});
  const auto names = [&](const std::string& name, const std::string& subset) {
    std::vector<std::string> list;
    for (const Path& path : list_files(scratch / name / subset / "images"))
      list.push_back(path.filename().string());
    return list;
  };
  std::set<std::string> all;
  for (const char* subset : {"train", "val", "test"}) {
    const auto list = names("one", subset);
    all.insert(list.begin(), list.end());
    CHECK(list == names("same", subset));
    for (const char* with_subsets : {"one", "strata"})
      CHECK(fs::exists(scratch / with_subsets / subset / "masks"));
  }
  CHECK(all.size() == 240);
  CHECK(names("one", "test") != names("other", "test"));
  CHECK(json_of({"info", (scratch / "one").string(), "--fast"})["subsets"] ==
        Json{{"train", 192}, {"val", 24}, {"test", 24}});
}

TEST_CASE("check ends with 1 for an error, and its JSON has all of them") {
  const Scratch scratch;
  const Path source = shapes(scratch);
  fs::remove(source / "masks/shapes_007.png");
  const Json report = json_of({"check", source.string()}, 1);
  CHECK(report["counts"]["error"].get<int>() >= 1);
  CHECK_THAT(report["findings"].dump(), contains("shapes_007"));
  for (const Json& finding : report["findings"])
    for (const char* key : {"rule", "severity", "place", "message"}) CHECK(finding.contains(key));
  const std::string page = (scratch / "page.html").string();
  CHECK(tests::maskmill({"check", source.string(), "--report", page, "--quiet"}).status == 1);
  CHECK_THAT(read_file(page), contains("shapes_007") && contains("unlabelled-item"));
  CHECK(tests::maskmill({"check", source.string(), "--report", page, "--quiet"}).status ==
        3);  // it is there already
}

TEST_CASE("check tells a subset without masks from a mask that is missing, and a mirrored mask from both") {
  const Scratch scratch;
  const Path source = shapes(scratch);
  const auto put = [&](const std::string& subset, int number, bool with_mask) {
    const std::string name = "shapes_00" + std::to_string(number);
    fs::create_directories(scratch / "set" / subset / "images");
    fs::copy_file(source / "images" / (name + ".jpg"), scratch / "set" / subset / "images" / (name + ".jpg"));
    if (!with_mask) return;
    fs::create_directories(scratch / "set" / subset / "masks");
    fs::copy_file(source / "masks" / (name + ".png"), scratch / "set" / subset / "masks" / (name + ".png"));
  };
  for (int i = 0; i < 4; ++i) put("train", i, i != 2);
  for (int i = 4; i < 9; ++i) put("test", i, false);
  fs::copy_file(source / "labels.json", scratch / "set/labels.json");
  const Path mask = scratch / "set/train/masks/shapes_000.png";
  rewrite(mask, encode_index_png(oriented(read_raw(mask).pixels, 2)));
  const Json rules = json_of({"check", (scratch / "set").string()}, 1)["rules"];
  CHECK(rules.value("unlabelled-item", 0) == 1);
  CHECK(rules.value("unlabelled-subset", 0) == 1);
  CHECK(rules.value("turned-mask", 0) == 1);
}

TEST_CASE("show writes one page or PNG sheets") {
  const Scratch scratch;
  const std::string source = shapes(scratch).string();
  CHECK(json_of({"show", source, "-o", (scratch / "a.html").string(), "--max-items", "9"})["items"] == 9);
  const std::string page = read_file(scratch / "a.html");
  CHECK_THAT(page, contains("data:image/jpeg;base64,"));
  for (const char* remote : {"src=\"http", "href=\"http", "url(http", "@import"})
    CHECK(page.find(remote) == std::string::npos);
  json_of({"show", source, "-o", (scratch / "a.png").string(), "--max-items", "9", "--columns", "3"});
  CHECK(probe_image(scratch / "a.png").kind == FileKind::png);
  CHECK(tests::maskmill({"show", source, "-o", (scratch / "a.gif").string()}).status == 2);
  CHECK(tests::maskmill({"show", source, "-o", (scratch / "b.html").string(), "--label", "dics"})
            .err.find("disc") != std::string::npos);
}

TEST_CASE("show draws two data sets side by side, item by item") {
  const Scratch scratch;
  const std::string source = shapes(scratch).string(), coco = (scratch / "coco").string(),
                    page = (scratch / "both.html").string();
  json_of({"convert", source, "-o", coco, "--to", "coco"});
  const auto pictures = [&](const std::vector<std::string>& options) {
    std::vector<std::string> words{"show", source, "-o", page, "--force", "--max-items", "5"};
    words.insert(words.end(), options.begin(), options.end());
    CHECK(json_of(words)["items"] == 5);
    constexpr const char* kPicture = "src=\"data:image";
    const std::string html = read_file(page);
    std::size_t count = 0;
    for (std::size_t at = html.find(kPicture); at != html.npos; at = html.find(kPicture, at + 1)) ++count;
    return count;
  };
  CHECK(pictures({}) == 5);
  CHECK(pictures({"--other", coco}) == 10);
  CHECK_THAT(read_file(page), !contains("not in the other"));
  CHECK(pictures({"--other", coco, "--beside"}) == 15);
  CHECK(tests::maskmill({"show", source, "-o", page, "--force", "--other", (scratch / "none").string()})
            .status == 3);
  fs::create_directories(scratch / "few");
  scratch.write("few/annotations.json",
                R"({"images": [{"id": 1, "file_name": "x.jpg", "width": 9, "height": 9}],
                    "annotations": [], "categories": [{"id": 1, "name": "tree"}]})");
  CHECK(pictures({"--other", (scratch / "few").string()}) == 10);
  CHECK_THAT(read_file(page), contains("not in the other"));
}

TEST_CASE("standard output that cannot be written is a failed output") {
  if (!fs::exists("/dev/full")) return;
  const Ran ran = run_program_at(
      {"/bin/sh", "-c", std::string("'") + MASKMILL_BIN_DIR + "/maskmill' formats --json >/dev/full"});
  CHECK(ran.status == 3);
}

TEST_CASE("a split leaves out a mask that is cut short and an image that is not there, and stays exact") {
  const Scratch scratch;
  const Path source = shapes(scratch);
  const std::vector<Path> masks = list_files(source / "masks"), images = list_files(source / "images");
  const std::string bytes = read_file(masks[3]);
  replace_file(masks[3], bytes.substr(0, bytes.size() - 40));
  replace_file(images[7], "");
  const Json split =
      json_of({"split", source.string(), "-o", (scratch / "out").string(), "--ratio", "a=1,b=1"});
  CHECK(split["left_out"] == 2);
  CHECK(split["subsets"]["a"]["items"] == 119);
  CHECK(split["subsets"]["b"]["items"] == 119);
  CHECK(list_files(scratch / "out/a/masks").size() == 119);
}

TEST_CASE("a page that may not be replaced is said before the data are read") {
  const Scratch scratch;
  const std::string page = scratch.write("page.html", "mine").string();
  const Ran ran = tests::maskmill({"check", shapes(scratch).string(), "--report", page});
  CHECK(ran.status == 3);
  CHECK(ran.out.empty());
  CHECK_THAT(ran.err, contains("exists already"));
  CHECK(read_file(page) == "mine");
}
