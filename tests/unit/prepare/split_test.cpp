// SPDX-License-Identifier: Apache-2.0
#include "prepare/split.h"

#include <rapidcheck.h>

#include <map>
#include <set>

#include "base/random.h"
#include "support/drawn.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

std::shared_ptr<Source> breeds(int count) {
  std::vector<Item> items;
  for (int i = 0; i < count; ++i) {
    Item item;
    item.id = "item" + std::to_string(i);
    item.subset = "all";
    item.attributes.emplace_back("breed", std::string(i % 10 == 0 ? "rare" : "common"));
    items.push_back(item);
  }
  Metadata metadata;
  metadata.labels = street_labels();
  metadata.subsets = {"all"};
  return make_source(metadata, items);
}

SplitSettings settings_of_ratios(std::string_view ratios,
                                 SplitSettings::Stratify stratify = SplitSettings::Stratify::no) {
  SplitSettings settings;
  settings.ratios = parse_ratios(ratios);
  settings.stratify = stratify;
  return settings;
}

}  // namespace

TEST_CASE("ratios are read, and what is none is refused with an example") {
  CHECK(parse_ratios("train=0.8, val=.2").size() == 2);
  CHECK(parse_ratios("train=8,val=1,test=1").size() == 3);  // parts
  CHECK(parse_ratios("a=0.333333333,b=0.333333333,c=0.333333334").size() == 3);
  for (const char* text : {"", "train", "train=x", "train=-1", "a=1,a=2", "a/b=1", "=1", "a=0,b=0", "..=1",
                           "a=nan", "a=0.8,b=0.3", "a=0.5", "a=7.5,b=2.5"}) {
    INFO(text);
    CHECK(thrown_by([&] { parse_ratios(text); }).code() == Code::usage);
  }
}

TEST_CASE("every item is in one subset, in the source's order, and the old subsets are forgotten") {
  SplitReport report;
  Findings findings;
  const auto divided = split(breeds(100), settings_of_ratios("train=0.8,val=0.1,test=0.1"), report, findings);
  CHECK(divided->metadata().subsets == std::vector<std::string>{"train", "val", "test"});
  CHECK(divided->size() == 100);
  std::set<std::string> ids;
  std::map<std::string, int> counts;
  int position = 0;
  for (const Item& item : read_all(*divided, findings)) {
    CHECK(item.id == "item" + std::to_string(position++));
    ids.insert(item.id);
    ++counts[item.subset];
  }
  CHECK(ids.size() == 100);
  CHECK(counts == std::map<std::string, int>{{"train", 80}, {"val", 10}, {"test", 10}});
  CHECK(report.subsets[0].items == 80);
}

TEST_CASE("an attribute's values are spread by the ratios") {
  SplitReport report;
  Findings findings;
  split(breeds(100),
        {.ratios = parse_ratios("train=0.8,val=0.2"),
         .stratify = SplitSettings::Stratify::attribute,
         .attribute = "breed"},
        report, findings);
  REQUIRE(report.strata.size() == 2);
  const std::size_t rare = report.strata[0].name == "rare" ? 0 : 1;
  CHECK_FALSE(report.strata[rare].is_label);
  CHECK(report.strata[rare].items == 10);
  CHECK(report.subsets[0].strata[rare].items == 8);
  CHECK(report.subsets[1].strata[rare].items == 2);
}

TEST_CASE("labels of masks are spread by what their pixels hold") {
  const Scratch scratch;
  std::vector<Item> items;
  for (int i = 0; i < 20; ++i)
    items.push_back(street_item(scratch, "i" + std::to_string(i), {32, 24},
                                i < 4 ? std::vector<int>{2} : std::vector<int>{1},
                                static_cast<std::uint64_t>(i)));
  Metadata metadata;
  metadata.labels = street_labels();
  SplitReport report;
  Findings findings;
  split(make_source(metadata, items), settings_of_ratios("a=0.5,b=0.5", SplitSettings::Stratify::labels),
        report, findings);
  const auto car = static_cast<std::size_t>(
      std::ranges::find(report.strata, "car", &SplitReport::Stratum::name) - report.strata.begin());
  REQUIRE(car < report.strata.size());
  CHECK(report.subsets[0].strata[car].items == 2);
  CHECK(report.subsets[1].strata[car].items == 2);
}

TEST_CASE("a subset that would get nothing is an error, not an empty folder") {
  SplitReport report;
  Findings findings;
  const Error error = thrown_by(
      [&] { split(breeds(3), settings_of_ratios("train=0.9,val=0.05,test=0.05"), report, findings); });
  CHECK(error.code() == Code::bad_value);
}

TEST_CASE("an attribute that no item has cannot be stratified over") {
  SplitReport report;
  Findings findings;
  CHECK_THAT(thrown_by([&] {
               split(breeds(3),
                     {.ratios = parse_ratios("a=1,b=1"),
                      .stratify = SplitSettings::Stratify::attribute,
                      .attribute = "bred"},
                     report, findings);
             }).what(),
             contains("bred"));
}

TEST_CASE("the report counts labels by items and by pixels, and leaves out void") {
  const Scratch scratch;
  Metadata metadata;
  metadata.labels = street_labels();
  std::vector<Item> items;
  for (const int cars : {8, 8, 2, 2, 0}) {
    Item item = street_item(scratch, "i" + std::to_string(items.size()), {4, 4}, {1}, 1);
    cv::Mat mask(4, 4, CV_8UC1, cv::Scalar(1));
    for (int i = 0; i < cars; ++i) mask.at<std::uint8_t>(i / 4, i % 4) = 2;
    mask.at<std::uint8_t>(3, 3) = 255;
    rewrite(item.semantic->file, encode_index_png(mask));
    items.push_back(item);
  }
  SplitReport report;
  Findings findings;
  split(make_source(metadata, items), settings_of_ratios("a=1,b=1", SplitSettings::Stratify::pixels), report,
        findings);
  REQUIRE(report.strata.size() == 2);  // neither background nor void
  CHECK(report.strata[0].name == "road");
  CHECK(report.strata[0].pixels == 5 * 15 - 20);
  CHECK(report.strata[1].items == 4);
  CHECK(report.strata[1].pixels == 20);
  // Of 3 and 2 items, the best of ten ways: 8 + 2 + 2 and 8 + 0, in which cars have 20 of 75 pixels as in
  // all.
  CHECK(report.subsets[0].strata[1].pixels == 12);
  CHECK(report.subsets[1].strata[1].pixels == 8);
  REQUIRE(report.pixels_deviation);
  CHECK(report.pixels_deviation->size() < 1e-9);
  // By items it is not even: 3 of 3 and 1 of 2 have a car, of all 4 of 5.
  REQUIRE(report.items_deviation);
  CHECK(report.strata[report.items_deviation->stratum].name == "car");
  CHECK(report.subsets[report.items_deviation->subset].name == "b");
  CHECK_THAT(report.items_deviation->size(), WithinRel(0.3, 1e-9));
}

TEST_CASE("counts are exact, one subset gets the rest, and without it items are left over") {
  CHECK(parse_counts("val=500, train=rest").size() == 2);
  for (const char* text : {"val", "val=0", "val=-1", "val=1.5", "val=x", "a=rest,b=rest", "a=1,a=2", ""}) {
    INFO(text);
    CHECK(thrown_by([&] { parse_counts(text); }).code() == Code::usage);
  }
  const auto counted_by = [](const char* text) {
    SplitSettings settings;
    settings.counts = parse_counts(text);
    SplitReport report;
    Findings findings;
    const auto divided = split(breeds(50), settings, report, findings);
    std::map<std::string, int> counts;
    for (const Item& item : read_all(*divided, findings)) ++counts[item.subset];
    CHECK(report.items + report.unused == 50);
    CHECK(divided->size() == report.items);
    return counts;
  };
  CHECK(counted_by("val=7,train=rest,test=3") ==
        std::map<std::string, int>{{"val", 7}, {"train", 40}, {"test", 3}});
  CHECK(counted_by("val=7,test=3") == std::map<std::string, int>{{"val", 7}, {"test", 3}});
  CHECK_THAT(thrown_by([&] { counted_by("val=30,test=21"); }).what(), contains("50 items"));
  CHECK_THAT(thrown_by([&] { counted_by("val=50,test=rest"); }).what(), contains("test=rest"));
}

TEST_CASE("each fold is val once, and train is all others") {
  SplitSettings settings;
  settings.folds = 4;
  settings.stratify = SplitSettings::Stratify::attribute;
  settings.attribute = "breed";
  SplitReport report;
  Findings findings;
  const auto folds = split_into_folds(breeds(40), settings, report, findings);
  REQUIRE(folds.size() == 4);
  std::set<std::string> validated;
  for (const auto& fold : folds) {
    CHECK(fold->metadata().subsets == std::vector<std::string>{"train", "val"});
    std::map<std::string, int> counts, rare;
    for (const Item& item : read_all(*fold, findings)) {
      ++counts[item.subset];
      if (item.subset == "val") validated.insert(item.id);
      if (std::get<std::string>(item.attributes[0].second) == "rare") ++rare[item.subset];
    }
    CHECK(counts == std::map<std::string, int>{{"train", 30}, {"val", 10}});
    CHECK(rare == std::map<std::string, int>{{"train", 3}, {"val", 1}});
  }
  CHECK(validated.size() == 40);
  CHECK(report.subsets[3].name == "fold-4");
  settings.folds = 1;
  CHECK(thrown_by([&] { split_into_folds(breeds(40), settings, report, findings); }).code() == Code::usage);
}

TEST_CASE("by a hash, items that are added move none of the old, and the order changes nothing") {
  CHECK(rc::check([] {
    const int old_count = *rc::gen::inRange(1, 60), added = *rc::gen::inRange(1, 60);
    const std::uint64_t seed = *rc::gen::arbitrary<std::uint64_t>();
    Random random(seed);
    const auto subsets_of = [&](std::vector<Item> items) {
      random.shuffle(std::span(items));
      SplitSettings settings = settings_of_ratios("train=0.6,val=0.3,test=0.1");
      settings.by_hash = true;
      settings.seed = seed;
      settings.groups.attributes = {"patient"};
      SplitReport report;
      Findings findings;
      const auto divided = split(make_source({}, std::move(items)), settings, report, findings);
      std::map<std::string, std::string> subset_of;
      for (const Item& item : read_all(*divided, findings)) subset_of[item.id] = item.subset;
      return subset_of;
    };
    std::vector<Item> items;
    for (int i = 0; i < old_count + added; ++i) {
      Item item;
      item.id = "scan" + std::to_string(i);
      if (i == 0 || random.chance(0.8))
        item.attributes.emplace_back("patient", static_cast<std::int64_t>(random.below(20)));
      items.push_back(item);
    }
    const auto all = subsets_of(items);
    items.resize(static_cast<std::size_t>(old_count));
    for (const auto& [id, subset] : subsets_of(items)) RC_ASSERT(all.at(id) == subset);
  }));
}

TEST_CASE("by a hash, sizes come near the ratios, and the report says by how much they are off") {
  SplitSettings settings = settings_of_ratios("train=0.8,val=0.2");
  settings.by_hash = true;
  SplitReport report;
  Findings findings;
  split(breeds(2000), settings, report, findings);
  CHECK(report.subsets[0].wanted == 1600);
  CHECK(report.subsets[0].items + report.subsets[1].items == 2000);
  CHECK(report.subsets[0].items != 1600);                                     // by chance; this seed's is not
  CHECK(std::abs(static_cast<double>(report.subsets[0].items) - 1600) < 90);  // five standard deviations
  const std::size_t items = report.subsets[0].items;
  CHECK_THAT(to_text(report), contains(items > 1600 ? "more than 1,600" : "fewer than 1,600"));
}

TEST_CASE("settings that do not go together are refused") {
  const auto code_of = [](const std::function<void(SplitSettings&)>& change) {
    SplitSettings settings = settings_of_ratios("a=1,b=1");
    change(settings);
    SplitReport report;
    Findings findings;
    return thrown_by([&] { split(breeds(9), settings, report, findings); }).code();
  };
  using Stratify = SplitSettings::Stratify;
  CHECK(code_of([](auto& s) { s.folds = 3; }) == Code::usage);
  CHECK(code_of([](auto& s) { s.ratios.clear(); }) == Code::usage);
  CHECK(code_of([](auto& s) { s.by_hash = true, s.stratify = Stratify::labels; }) == Code::usage);
  CHECK(code_of([](auto& s) { s.by_hash = true, s.groups.attributes = {"breed", "owner"}; }) == Code::usage);
  CHECK(code_of([](auto& s) { s.by_hash = true, s.ratios.clear(), s.counts = parse_counts("a=1"); }) ==
        Code::usage);
  CHECK(code_of([](auto& s) { s.groups.pattern = "(unclosed"; }) == Code::usage);
}

TEST_CASE("cocosplit --multi-class puts one image into both subsets") {
  // Images of several classes, some rare, spread by labels: each is in one subset all the same.
  Metadata metadata;
  metadata.labels = street_labels();
  std::vector<Item> items(60);
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i].id = std::to_string(i);
    items[i].size = Size{8, 8};
    for (int label = 1; label <= 2; ++label) {
      Annotation annotation;
      annotation.label = label;
      annotation.shape = Box{0, 0, 4, 4};
      if (label == 1 || i % 7 == 0) items[i].annotations.push_back(annotation);
    }
  }
  SplitReport report;
  Findings findings;
  const auto divided =
      split(make_source(metadata, items),
            settings_of_ratios("train=0.5,val=0.5", SplitSettings::Stratify::labels), report, findings);
  std::map<std::string, std::set<std::string>> subsets;
  std::size_t seen = 0;
  for (const Item& item : read_all(*divided, findings)) {
    subsets[item.id].insert(item.subset);
    ++seen;
  }
  CHECK(seen == items.size());
  CHECK(subsets.size() == items.size());
  for (const auto& [id, names] : subsets) CHECK(names.size() == 1);
}
