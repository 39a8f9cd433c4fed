// SPDX-License-Identifier: Apache-2.0
// split as a user runs it, on drawn data whose names are those of frames of videos.
#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <map>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "support.h"
#include "support/drawn.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// v0 has 1 frame, v1 has 2, and so on; cars are in every third.
std::string videos(const Scratch& scratch, int count, const std::string& name = "videos") {
  const Path folder = scratch / name;
  scratch.write(Path(name) / "labels.json",
                R"({"labels": [{"name": "background", "id": 0, "role": "background"},
                    {"name": "road", "id": 1}, {"name": "car", "id": 2}]})");
  for (int video = 0, number = 0; video < count; ++video)
    for (int frame = 0; frame <= video; ++frame, ++number) {
      const std::string id = fmt::format("v{}_{:03}", video, frame);
      scratch.write(Path(name) / "images" / (id + ".png"), encode_png(picture({16, 12}, 100 + number)));
      scratch.write(
          Path(name) / "masks" / (id + ".png"),
          encode_index_png(
              blotches({16, 12}, number % 3 == 0 ? std::vector<int>{1, 2} : std::vector<int>{0, 1}, number)));
    }
  return folder.string();
}

/// The subset of each image of a data set of pairs, by its name.
std::map<std::string, std::string> subsets_in(const Path& folder) {
  std::map<std::string, std::string> subset_of;
  for (const Path& subset : list_folders(folder))
    for (const Path& image : list_files(subset / "images")) {
      CHECK(subset_of.emplace(image.stem().string(), subset.filename().string()).second);
      CHECK(fs::exists(subset / "masks" / image.filename()));
    }
  return subset_of;
}

}  // namespace

TEST_CASE("split keeps the frames of a video together, and its document proves it") {
  const Scratch scratch;
  const std::string data = videos(scratch, 8);  // 36 frames
  const Json split = json_of({"split", data, "-o", (scratch / "out").string(), "--count",
                              "val=9,test=9,train=rest", "--group-by", "^(v[0-9]+)_", "--stratify-pixels"});
  std::map<std::string, std::set<std::string>> subsets;
  std::map<std::string, int> items;
  for (const auto& [name, subset] : subsets_in(scratch / "out")) {
    subsets[name.substr(0, name.find('_'))].insert(subset);
    ++items[subset];
  }
  CHECK(subsets.size() == 8);
  for (const auto& [video, own] : subsets) CHECK(own.size() == 1);
  CHECK(split["groups"]["count"] == 8);
  CHECK(split["groups"]["largest_items"] == 8);
  CHECK(split["groups"]["crossing"] == 0);
  std::int64_t pixels = 0;
  for (const auto& [name, subset] : split["subsets"].items()) CHECK(subset["items"] == items[name]);
  for (const Json& stratum : split["strata"]) {
    pixels += stratum["pixels"].get<std::int64_t>();
    std::int64_t sum = 0;
    for (const Json& subset : stratum["subsets"]) sum += subset["pixels"].get<std::int64_t>();
    CHECK(sum == stratum["pixels"]);
  }
  CHECK(pixels == 36 * 16 * 12);
}

TEST_CASE("split follows lists, and ends with 1 for a line that names nothing and a group that they tear") {
  const Scratch scratch;
  const std::string data = videos(scratch, 3), lists = (scratch / "lists").string();
  scratch.write("lists/train.txt", "v0_000\nv1_000.png\nv2_000\n");
  scratch.write("lists/val.txt", "masks/v1_001.png\n");
  const Json split = json_of({"split", data, "-o", (scratch / "out").string(), "--lists", lists});
  CHECK(subsets_in(scratch / "out") ==
        std::map<std::string, std::string>{
            {"v0_000", "train"}, {"v1_000", "train"}, {"v1_001", "val"}, {"v2_000", "train"}});
  CHECK(split["unused"] == 2);
  CHECK(split["subsets"]["val"]["wanted"].is_null());
  const Json torn = json_of({"split", data, "-o", (scratch / "torn").string(), "--lists",
                             lists + "/train.txt," + lists + "/val.txt", "--group-by", "^(v[0-9]+)_"},
                            1);
  CHECK(torn["groups"]["crossing"] == 1);
  CHECK(torn["findings"]["group-crosses"] == 1);
  scratch.write("lists/val.txt", "v1_001\nv9_000\n");
  const Ran ran = tests::maskmill({"split", data, "-o", (scratch / "absent").string(), "--lists", lists});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, contains("val.txt:2") && contains("v9_000"));
  CHECK(fs::exists(scratch / "absent/val/images"));
  scratch.write("lists/val.txt", "v0_000\n");
  CHECK(json_of({"split", data, "-o", (scratch / "none").string(), "--lists", lists + "/train.txt"})
            .contains("items"));
  CHECK(tests::maskmill({"split", data, "-o", (scratch / "both").string(), "--lists", lists}).status == 3);
  CHECK_FALSE(fs::exists(scratch / "both"));
}

TEST_CASE("folds are whole data sets, and each item is validated once") {
  const Scratch scratch;
  const std::string data = videos(scratch, 5);  // 15 frames
  const Json split = json_of({"split", data, "-o", (scratch / "out").string(), "--folds", "3", "--media",
                              "link", "--stratify", "--to", "pairs"});
  std::multiset<std::string> validated;
  for (int fold = 1; fold <= 3; ++fold) {
    const Path folder = scratch / fmt::format("out/fold-{}", fold);
    CHECK(fs::exists(folder / "provenance.json"));
    const auto subset_of = subsets_in(folder);
    CHECK(subset_of.size() == 15);
    for (const auto& [name, subset] : subset_of)
      if (subset == "val") validated.insert(name);
  }
  CHECK(validated.size() == 15);
  CHECK(std::set<std::string>(validated.begin(), validated.end()).size() == 15);
  CHECK(split["subsets"]["fold-2"]["items"] == 5);
  CHECK(fs::hard_link_count(scratch / "out/fold-1/train/images" /
                            list_files(scratch / "out/fold-1/train/images").front().filename()) == 4);
  const std::vector<std::string> again{"split", data, "-o", (scratch / "out").string(), "--folds", "2"};
  CHECK(tests::maskmill(again).status == 3);
  auto forced = again;
  forced.emplace_back("--force");
  CHECK(tests::maskmill(forced).status == 0);
  CHECK(list_folders(scratch / "out").size() == 2);
}

TEST_CASE("by a hash, data that are added move nothing") {
  const Scratch scratch;
  const auto split = [&](int count) {
    const std::string name = "v" + std::to_string(count);
    json_of({"split", videos(scratch, count, name), "-o", (scratch / (name + "-out")).string(), "--hash",
             "--ratio", "a=1,b=1", "--seed", "3"});
    return subsets_in(scratch / (name + "-out"));
  };
  const auto few = split(5), many = split(8);
  CHECK(few.size() == 15);
  CHECK(many.size() == 36);
  for (const auto& [name, subset] : few) CHECK(many.at(name) == subset);
}

TEST_CASE("options of split that contradict each other are wrong usage") {
  const Scratch scratch;
  const std::string data = videos(scratch, 2);
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--folds", "2", "--ratio", "a=1,b=1"},
        {"--count", "a=1", "--lists", data},
        {"--folds", "1"},
        {"--hash", "--stratify"},
        {"--hash", "--count", "a=1,b=rest"},
        {"--stratify", "--stratify-pixels"},
        {"--group-by", "("}}) {
    std::vector<std::string> words{"split", data, "-o", (scratch / "out").string()};
    words.insert(words.end(), options.begin(), options.end());
    INFO(joined(options, " "));
    CHECK(tests::maskmill(words).status == 2);
  }
  CHECK_FALSE(fs::exists(scratch / "out"));
}
