// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "base/random.h"
#include "prepare/split.h"
#include "support/drawn.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// `count` frames of each of these videos: "a_000", "a_001", ...
std::vector<Item> frames(const std::map<std::string, int>& videos) {
  std::vector<Item> items;
  for (const auto& [video, count] : videos)
    for (int frame = 0; frame < count; ++frame) {
      Item item;
      item.id = fmt::format("{}_{:03}", video, frame);
      items.push_back(item);
    }
  return items;
}

struct Result {
  std::map<std::string, std::string> subset_of;  // by id
  SplitReport report;
  Findings findings;
};

Result split_of(std::vector<Item> items, const SplitSettings& settings) {
  Result result;
  const auto divided = split(make_source({}, std::move(items)), settings, result.report, result.findings);
  Findings read_again;
  for (const Item& item : read_all(*divided, read_again)) result.subset_of[item.id] = item.subset;
  return result;
}

SplitSettings by_pattern(std::string pattern, std::string_view ratios = "train=0.5,val=0.25,test=0.25") {
  SplitSettings settings;
  settings.ratios = parse_ratios(ratios);
  settings.groups.pattern = std::move(pattern);
  return settings;
}

void put16(std::string& bytes, std::size_t value) {
  bytes += {static_cast<char>(value & 255), static_cast<char>(value >> 8 & 255)};
}
void put32(std::string& bytes, std::size_t value) {
  put16(bytes, value & 0xFFFF);
  put16(bytes, value >> 16);
}

/// The JPEG with an EXIF block (TIFF 6.0, little endian) of Model (272) and DateTimeOriginal (36867).
std::string with_exif(const std::string& jpeg, std::string_view camera, std::string_view time) {
  if (camera.empty()) return jpeg;
  // Header of 8 bytes; a directory of two entries, 2 + 2 * 12 + 4 bytes; one of one entry, 18; then the time.
  constexpr std::size_t kExif = 8 + 30, kTime = kExif + 18;
  std::string tiff("II*\0\x08\0\0\0", 8);
  const auto entry = [&](std::size_t tag, std::size_t type, std::size_t count) {
    put16(tiff, tag), put16(tiff, type), put32(tiff, count);
  };
  put16(tiff, 2);
  entry(272, 2, camera.size() + 1);
  tiff += std::string(camera) + std::string(4 - camera.size(), '\0');
  entry(34665, 4, 1);
  put32(tiff, kExif);
  put32(tiff, 0);
  put16(tiff, 1);
  entry(36867, 2, time.size() + 1);
  put32(tiff, kTime);
  put32(tiff, 0);
  tiff += std::string(time) + '\0';
  const std::size_t length = 2 + 6 + tiff.size();
  std::string segment{"\xFF\xE1"};
  segment += {static_cast<char>(length >> 8), static_cast<char>(length & 255)};
  return jpeg.substr(0, 2) + segment + std::string("Exif\0\0", 6) + tiff + jpeg.substr(2);
}

}  // namespace

TEST_CASE("frames of one video stay together, and sizes are as near as videos let them") {
  const Result result = split_of(frames({{"a", 10}, {"b", 6}, {"c", 5}, {"d", 4}}), by_pattern("^(.+)_"));
  std::map<std::string, std::set<std::string>> subsets;
  for (const auto& [id, subset] : result.subset_of) subsets[id.substr(0, 1)].insert(subset);
  for (const auto& [video, own] : subsets) CHECK(own.size() == 1);
  // 13, 6 and 6 are wanted. The best of the 81 ways: 10 + 4, 6, 5.
  CHECK(result.report.subsets[0].items == 14);
  CHECK(result.report.subsets[0].wanted == 13);
  CHECK(result.report.subsets[0].groups == 2);
  REQUIRE(result.report.groups);
  CHECK(result.report.groups->count == 4);
  CHECK(result.report.groups->largest == 10);
  CHECK(result.report.groups->median == 6);
  CHECK(result.report.groups->crossing == 0);
  CHECK_THAT(to_text(result.report), contains("1 more than 13") && contains("no group is in two subsets"));
}

TEST_CASE("a pattern without brackets groups by what it matches") {
  const Result result = split_of(frames({{"cam1", 4}, {"cam2", 4}}), by_pattern("cam[0-9]+", "a=1,b=1"));
  CHECK(result.report.groups->count == 2);
  CHECK(result.report.subsets[0].items == 4);
}

TEST_CASE("an item that the pattern does not fit stands alone and is said; one that fits none is an error") {
  std::vector<Item> items = frames({{"a", 4}, {"b", 4}});
  items.emplace_back().id = "loose";
  items.emplace_back().id = std::string(2000, '_');  // no file is called so
  const Result result = split_of(items, by_pattern("^(.+)_[0-9]+$", "a=1,b=1"));
  CHECK(result.report.groups->count == 4);
  CHECK(result.report.groups->alone == 2);
  CHECK(result.report.groups->without == 2);
  CHECK(result.findings.by_rule().at("no-group") == 2);
  const Error error = thrown_by([&] { split_of(items, by_pattern("^([0-9]+)-")); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.what(), contains("^([0-9]+)-"));
}

TEST_CASE("what several criteria join is one group") {
  // a and b share a patient, b and c a scanner: the three are one, whatever the order.
  std::vector<Item> items(8);
  for (std::size_t i = 0; i < items.size(); ++i) items[i].id = std::to_string(i);
  const auto say = [&](std::size_t item, const char* name, std::string value) {
    items[item].attributes.emplace_back(name, std::move(value));
  };
  say(0, "patient", "p"), say(1, "patient", "p");
  say(1, "scanner", "s"), say(2, "scanner", "s");
  SplitSettings settings;
  settings.ratios = parse_ratios("a=5,b=3");
  settings.groups.attributes = {"patient", "scanner"};
  for (settings.seed = 0; settings.seed < 10; ++settings.seed) {
    const Result result = split_of(items, settings);
    CHECK(result.report.groups->count == 6);
    CHECK(result.report.groups->largest == 3);
    CHECK(result.subset_of.at("0") == result.subset_of.at("1"));
    CHECK(result.subset_of.at("1") == result.subset_of.at("2"));
    CHECK(result.report.subsets[0].items == 5);
  }
}

TEST_CASE("a table says groups by ids or file names, and what it does not say is found") {
  const Scratch scratch;
  std::vector<Item> items = frames({{"a", 6}});
  SplitSettings settings;
  settings.ratios = parse_ratios("a=1,b=1");
  settings.groups.table = scratch
                              .write("patients.csv",
                                     "site;group;image\nx;p1;a_000\ny;p1;images/a_001.png\nx;p2;a_002.jpg\n"
                                     "x;p2;a_003\nx;p3;elsewhere\ny;p4;a_004\n")
                              .string();
  const Result result = split_of(items, settings);
  CHECK(result.report.groups->count == 4);  // p1, p2, p4 and what no row names
  CHECK(result.subset_of.at("a_000") == result.subset_of.at("a_001"));
  CHECK(result.subset_of.at("a_002") == result.subset_of.at("a_003"));
  CHECK(result.findings.by_rule().at("listed-absent") == 1);
  CHECK(result.findings.by_rule().at("no-group") == 1);
  bool seen = false;
  result.findings.for_each([&](const Finding& finding) {
    if (finding.rule != "listed-absent") return;
    CHECK(finding.place.line == 6);
    seen = true;
  });
  CHECK(seen);

  settings.groups.column = "site";
  CHECK(split_of(items, settings).report.groups->count == 3);
  settings.groups.column = "sight";
  CHECK_THAT(thrown_by([&] { split_of(items, settings); }).hint_text(), contains("site"));
  settings.groups.column.reset();
  settings.groups.table = scratch.write("headless.csv", "a_000,p\na_001,p\na_002,q\n").string();
  CHECK(split_of(items, settings).report.groups->count == 5);
  settings.groups.table = scratch.write("other.csv", "id,group\nb,p\n").string();
  CHECK(thrown_by([&] { split_of(items, settings); }).code() == Code::bad_value);
}

TEST_CASE("lists that put a group into two subsets are found out") {
  const Scratch scratch;
  scratch.write("lists/train.txt", "a_000\na_001\nb_000\n");
  scratch.write("lists/val.txt", "b_001\nc_000\n");
  SplitSettings settings;
  settings.lists = {(scratch / "lists").string()};
  settings.groups.pattern = "^(.+)_";
  const Result result = split_of(frames({{"a", 2}, {"b", 2}, {"c", 1}}), settings);
  CHECK(result.report.groups->crossing == 1);
  CHECK(result.report.subsets[0].groups == 2);
  REQUIRE(result.findings.by_rule().at("group-crosses") == 1);
  CHECK_THAT(result.findings.examples().front().message, contains("b_000") && contains("b_001"));
}

TEST_CASE("pictures that show the same stay together, and lists that tear them apart are found out") {
  const Scratch scratch;
  std::vector<Item> items;
  for (int i = 0; i < 8; ++i) {
    // 0 and 1, 2 and 3, ... are one picture saved twice.
    const cv::Mat shown = blotches({96, 72}, {10, 60, 120, 180, 240}, static_cast<std::uint64_t>(i / 2));
    Item item;
    item.id = std::to_string(i);
    item.file_name = item.id + ".jpg";
    item.image = scratch.write(item.file_name, encode_jpeg(shown, i % 2 == 0 ? 95 : 70));
    items.push_back(item);
  }
  SplitSettings settings;
  settings.ratios = parse_ratios("a=1,b=1");
  settings.groups.near_duplicates = true;
  for (settings.seed = 0; settings.seed < 5; ++settings.seed) {
    const Result result = split_of(items, settings);
    CHECK(result.report.groups->count == 4);
    for (int i = 0; i < 8; i += 2)
      CHECK(result.subset_of.at(std::to_string(i)) == result.subset_of.at(std::to_string(i + 1)));
    CHECK(result.report.subsets[0].items == 4);
  }
  settings.ratios.clear();
  settings.lists = {scratch.write("a.txt", "0\n1\n2\n").string(), scratch.write("b.txt", "3\n4\n").string()};
  const Result torn = split_of(items, settings);
  CHECK(torn.report.groups->crossing == 1);
  CHECK(torn.findings.by_rule().at("group-crosses") == 1);
  settings.lists.clear();
  settings.ratios = parse_ratios("a=1,b=1");
  settings.by_hash = true;
  CHECK(thrown_by([&] { split_of(items, settings); }).code() == Code::usage);
}

TEST_CASE("images of one camera taken shortly after another stay together") {
  const Scratch scratch;
  std::vector<Item> items;
  const auto take = [&](std::string_view camera, std::string_view time) {
    Item item;
    item.id = std::to_string(items.size());
    item.file_name = item.id + ".jpg";
    item.image = scratch.write(item.file_name,
                               with_exif(encode_jpeg(cv::Mat(8, 8, CV_8UC1, cv::Scalar(99))), camera, time));
    items.push_back(item);
  };
  take("A", "2024:05:01 23:59:50"), take("A", "2024:05:02 00:00:40"), take("A", "2024:05:02 00:00:10");
  take("A", "2024:05:02 00:02:00"), take("B", "2024:05:02 00:00:10"), take("", "");
  SplitSettings settings;
  settings.ratios = parse_ratios("a=1,b=1");
  settings.groups.seconds = 30;
  const Result result = split_of(items, settings);
  CHECK(result.report.groups->count == 4);  // 0, 2 and 1; 3; 4; 5
  CHECK(result.report.groups->largest == 3);
  CHECK(result.subset_of.at("0") == result.subset_of.at("1"));
  CHECK(result.findings.by_rule().at("no-group") == 1);
  settings.groups.seconds = 29;
  CHECK(split_of(items, settings).report.groups->largest == 2);
  CHECK(thrown_by([&] { split_of({items.back()}, settings); }).code() == Code::bad_value);
}

TEST_CASE("whatever the groups, none crosses, every item has a subset, and the seed decides") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    std::vector<Item> items(*rc::gen::inRange<std::size_t>(4, 120));
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].id = fmt::format("v{}_{}", random.below(12), i);
      items[i].attributes.emplace_back("day", static_cast<std::int64_t>(random.below(40)));
    }
    items[0] = {};  // of no group, so that there are two at least
    items[0].id = "alone";
    SplitSettings settings;
    settings.counts = parse_counts("a=1,b=rest");
    settings.groups.pattern = "^v([0-9]+)_";
    if (random.chance(0.5)) settings.groups.attributes = {"day"};
    settings.seed = random.next();
    const Result result = split_of(items, settings);
    std::map<std::string, std::set<std::string>> subsets;
    for (const Item& item : items) {
      const std::string& subset = result.subset_of.at(item.id);
      subsets["v" + item.id.substr(0, item.id.find('_'))].insert(subset);
      if (!settings.groups.attributes.empty() && !item.attributes.empty())
        subsets[fmt::format("d{}", std::get<std::int64_t>(item.attributes[0].second))].insert(subset);
    }
    for (const auto& [group, own] : subsets) RC_ASSERT(own.size() == 1U);
    RC_ASSERT(split_of(items, settings).subset_of == result.subset_of);
  }));
}
