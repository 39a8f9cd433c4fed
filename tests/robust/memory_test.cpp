// SPDX-License-Identifier: Apache-2.0
// Memory does not grow with the data but for a compact index: at most 200 bytes an item. tests/bench/memory
// shows the same at 100,000 items and for every format.
#include <algorithm>
#include <boost/filesystem.hpp>
#include <fstream>
#include <limits>

#include "base/json.h"
#include "base/random.h"
#include "image/image.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

// Both just below where tables of 2/3 of a power of two double, so that neither has more room than it needs.
constexpr int kFew = 2'600, kMany = 21'000;
constexpr double kMostBytes = 200;  // an item
constexpr int kSide = 32;           // of a picture in pixels

std::string name_of(int number) {
  std::string digits = std::to_string(number);
  return "item_" + std::string(6 - digits.size(), '0') + digits;
}

void write(const Path& file, const std::string& bytes) {
  std::ofstream(file.string(), std::ios::binary) << bytes;
}

// Pictures that all differ, large enough to be compared with each other, and masks. `with_findings`: names
// that promise another kind of file, and a value that no label has.
Path make_pairs(const Scratch& scratch, int items, bool with_findings = false) {
  const Path folder = scratch / ("pairs-" + std::to_string(items));
  fs::create_directories(folder / "images");
  fs::create_directories(folder / "masks");
  write(folder / "labels.json",
        R"({"labels": [{"name": "background", "id": 0, "role": "background"}, {"name": "road", "id": 1}]})");
  cv::Mat values(kSide, kSide, CV_8UC1, cv::Scalar(1));
  values.row(0) = 0;
  const std::string mask = encode_index_png(values);
  values.row(1) = 9;
  const std::string odd_mask = encode_index_png(values);
  Random random(3);
  for (int i = 0; i < items; ++i) {
    cv::Mat picture(kSide, kSide, CV_8UC3);
    for (auto& pixel : cv::Mat_<cv::Vec3b>(picture))
      for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>(random.below(256));
    write(folder / "images" / (name_of(i) + (with_findings ? ".jpg" : ".png")), encode_png(picture));
    write(folder / "masks" / (name_of(i) + (with_findings ? ".bmp" : ".png")),
          with_findings ? odd_mask : mask);
  }
  return folder;
}

// The least of three runs: where the system puts a program's libraries moves its peak by half a megabyte.
long most_kb(std::vector<std::string> words, int status = 0) {
  words.insert(words.end(), {"--jobs", "1", "--quiet"});
  long least = std::numeric_limits<long>::max();
  for (int i = 0; i < 3; ++i) {
    const Ran ran = run_program_at(maskmill_words(words));
    INFO(ran.err.substr(0, 1000));
    REQUIRE(ran.status == status);
    least = std::min(least, ran.most_kb);
  }
  return least;
}

double bytes_an_item(long few_kb, long many_kb) {
  return 1024.0 * static_cast<double>(many_kb - few_kb) / (kMany - kFew);
}

}  // namespace

TEST_CASE("check, convert, split and merge take at most 200 bytes an item") {
  const Scratch scratch;
  std::map<std::string, std::vector<long>> peaks;
  for (const int items : {kFew, kMany}) {
    const std::string pairs = make_pairs(scratch, items).string(), out = scratch.path().string() + "/",
                      coco = out + "coco", back = out + "back";
    const auto measure = [&](const std::string& what, const std::vector<std::string>& words) {
      peaks[what].push_back(most_kb(words));
    };
    measure("check pairs", {"check", pairs});
    measure("pairs to COCO", {"convert", pairs, "-o", coco, "--to", "coco", "--media", "link", "--force"});
    measure("check COCO", {"check", coco});
    measure("COCO to pairs", {"convert", coco, "-o", back, "--to", "pairs", "--media", "link", "--force"});
    measure("split pairs", {"split", pairs, "-o", back, "--ratio", "a=1,b=1", "--media", "link", "--force"});
    measure("split pairs by labels and groups", {"split", pairs, "-o", back, "--ratio", "a=1,b=1", "--media",
                                                 "link", "--force", "--stratify", "--group-by", "^(.*).$"});
    measure("merge", {"merge", pairs, coco, "-o", back, "--to", "coco", "--media", "none", "--same-id",
                      "rename", "--force"});
  }
  for (const auto& [what, peak] : peaks) {
    const double bytes = bytes_an_item(peak[0], peak[1]);
    INFO(what << ": " << peak[0] << " KB of " << kFew << " items, " << peak[1] << " KB of " << kMany);
    // A merge has two items for each that is counted here.
    CHECK(bytes <= (what == "merge" ? 2 * kMostBytes : kMostBytes));
  }
}

TEST_CASE("three findings an item take no memory either") {
  const Scratch scratch;
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--json"}}) {
    std::vector<long> peaks;
    for (const int items : {kFew, kMany}) {
      std::vector<std::string> words{"check", make_pairs(scratch, items, true).string()};
      words.insert(words.end(), more.begin(), more.end());
      peaks.push_back(most_kb(words, 1));
    }
    INFO(peaks[0] << " KB and " << peaks[1] << " KB");
    CHECK(bytes_an_item(peaks[0], peaks[1]) <= kMostBytes);
  }
  const Ran ran = run_program_at(
      maskmill_words({"check", (scratch / ("pairs-" + std::to_string(kFew))).string(), "--json"}));
  CHECK(Json::parse(ran.out)["findings"].size() >= 3 * kFew);
}

TEST_CASE("imantics: 128 GB of memory for 75,000 images") {
  const Scratch scratch;
  constexpr int kImages = 75'000, kObjects = 3;
  const Path file = scratch / "instances.json";
  {
    std::ofstream json(file.string(), std::ios::binary);
    json << R"({"categories": [{"id": 1, "name": "a"}], "images": [)";
    for (int i = 0; i < kImages; ++i)
      json << (i == 0 ? "" : ",\n") << R"({"id": )" << i << R"(, "file_name": ")" << name_of(i)
           << R"(.jpg", "width": 640, "height": 480})";
    json << R"(], "annotations": [)";
    for (int i = 0; i < kImages * kObjects; ++i)
      json << (i == 0 ? "" : ",\n") << R"({"id": )" << i << R"(, "image_id": )" << i % kImages
           << R"(, "category_id": 1, "iscrowd": 0, "area": 3000, "bbox": [10, 10, 60, 50], )"
           << R"("segmentation": [[10, 10, 70, 10, 70, 60, 10, 60]]})";
    json << "]}\n";
  }
  const long kb = most_kb({"info", file.string()});
  INFO(kb << " KB for " << fs::file_size(file) / 1024 << " KB of JSON");
  CHECK(kb < 100 * 1024);
}

TEST_CASE("evaluate keeps some hundred bytes an image and its detections, whatever it is asked for") {
  const Scratch scratch;
  constexpr int kImages = 100'000, kObjects = 3;
  const Path truth = scratch / "truth.json", found = scratch / "found.json";
  {
    std::ofstream json(truth.string(), std::ios::binary), detections(found.string(), std::ios::binary);
    json << R"({"categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], "images": [)";
    for (int i = 0; i < kImages; ++i)
      json << (i == 0 ? "" : ",\n") << R"({"id": )" << i + 1 << R"(, "file_name": ")" << name_of(i)
           << R"(.jpg", "width": 640, "height": 480})";
    json << R"(], "annotations": [)";
    detections << "[";
    for (int i = 0; i < kImages * kObjects; ++i) {
      const char* separator = i == 0 ? "" : ",\n";
      json << separator << R"({"id": )" << i + 1 << R"(, "image_id": )" << i % kImages + 1
           << R"(, "category_id": )" << 1 + i % 2 << R"(, "iscrowd": 0, "area": 3000, "bbox": [)"
           << 10 + i % 200 << R"(, 10, 60, 50]})";
      detections << separator << R"({"image_id": )" << i % kImages + 1 << R"(, "category_id": )"
                 << 1 + i / 7 % 2 << R"(, "bbox": [)" << 10 + i * 7LL % 200 << R"(, 12, 60, 50], "score": 0.)"
                 << 1000 + i * 7919LL % 9000 << "}";
    }
    json << "]}\n";
    detections << "]\n";
  }
  const auto measured = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"evaluate", truth.string(), found.string(), "--metrics", "bbox", "--jobs",
                                   "1",        "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = run_program_at(maskmill_words(words));
    INFO(ran.err.substr(0, 1000));
    REQUIRE(ran.status == 0);
    return ran.most_kb;
  };
  const long plain = measured({}),
             all = measured({"--images", (scratch / "images.csv").string(), "--errors", "--bootstrap", "3",
                             "--report", (scratch / "page.html").string()}),
             two = measured({"--compare", found.string()});
  INFO(plain << " KB, " << all << " KB with all that there is, " << two << " KB with two models");
  CHECK(plain < 100 * 1024);
  CHECK(all - plain < kImages * 500L / 1024);
  CHECK(two < 2 * plain + kImages * 200L / 1024);
}
