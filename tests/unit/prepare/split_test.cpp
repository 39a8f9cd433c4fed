// SPDX-License-Identifier: Apache-2.0
#include "prepare/split.h"

#include <set>

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
  const std::size_t rare = report.strata[0] == "rare" ? 0 : 1;
  CHECK(report.subsets[0].items_of_stratum[rare] == 8);
  CHECK(report.subsets[1].items_of_stratum[rare] == 2);
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
  const auto car = static_cast<std::size_t>(std::find(report.strata.begin(), report.strata.end(), "car") -
                                            report.strata.begin());
  REQUIRE(car < report.strata.size());
  CHECK(report.subsets[0].items_of_stratum[car] == 2);
  CHECK(report.subsets[1].items_of_stratum[car] == 2);
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
