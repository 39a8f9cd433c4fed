// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "base/random.h"
#include "prepare/split.h"
#include "support/scratch.h"

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

TEST_CASE("whatever the groups, none crosses, every item has a subset, and the seed decides") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    std::vector<Item> items(*rc::gen::inRange<std::size_t>(4, 120));
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].id = fmt::format("v{}_{}", random.below(12), i);
      items[i].attributes.emplace_back("day", static_cast<std::int64_t>(random.below(40)));
    }
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
      if (!settings.groups.attributes.empty())
        subsets[fmt::format("d{}", std::get<std::int64_t>(item.attributes[0].second))].insert(subset);
    }
    for (const auto& [group, own] : subsets) RC_ASSERT(own.size() == 1U);
    RC_ASSERT(split_of(items, settings).subset_of == result.subset_of);
  }));
}
