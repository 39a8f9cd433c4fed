// SPDX-License-Identifier: Apache-2.0
#include "dataset/item_pairs.h"

#include <map>
#include <set>

#include "catch.h"

using namespace maskmill;

namespace {

std::unique_ptr<Source> items_called(const std::vector<std::string>& ids) {
  std::vector<Item> items;
  for (const std::string& id : ids) {
    Item item;
    item.id = id;
    items.push_back(std::move(item));
  }
  return make_source({}, std::move(items));
}

struct Met {
  std::vector<std::string> both, only_a, only_b;
  std::map<std::string, std::size_t> number;
  UnpairedItems unpaired;
  Findings findings;
};

Met met(Source& a, Source& b, int jobs = 4) {
  const Jobs threads(jobs);
  Met met;
  met.unpaired = for_each_pair(a, b, met.findings, [&](ItemPair&& pair) -> std::function<void()> {
    return [&met, a = pair.a ? pair.a->id : "", b = pair.b ? pair.b->id : "", number = pair.number,
            findings = std::move(pair.findings)] {
      (b.empty() ? met.only_a : a.empty() ? met.only_b : met.both).push_back(a.empty() ? b : a);
      met.number[a.empty() ? b : a] = number;
      met.findings.add(findings);
      if (!a.empty() && !b.empty()) CHECK(a == b);
    };
  });
  return met;
}

using Names = std::vector<std::string>;

/// Cannot read an item, and has something to say of another.
class Troubled : public Source {
 public:
  Troubled(std::unique_ptr<Source> source, std::string lost, std::string odd)
      : source_(std::move(source)), lost_(std::move(lost)), odd_(std::move(odd)) {}
  const Metadata& metadata() const override { return source_->metadata(); }
  std::size_t size() const override { return source_->size(); }
  void rewind() override { source_->rewind(); }
  const Findings& findings() const override { return source_->findings(); }
  ReadItem next() override {
    ReadItem read = source_->next();
    if (!read) return {};
    return [this, read = std::move(read)](std::vector<Finding>& findings, Look look) -> std::optional<Item> {
      std::optional<Item> item = read(findings, look);
      if (item->id == lost_) {
        findings.push_back({"lost", Severity::error, {}, "cannot be read", {}});
        return std::nullopt;
      }
      if (item->id == odd_) findings.push_back({"odd", Severity::note, {}, "is odd", {}});
      return item;
    };
  }

 private:
  std::unique_ptr<Source> source_;
  std::string lost_, odd_;
};

}  // namespace

TEST_CASE("items of one order meet in step") {
  const auto a = items_called({"x", "y", "z"}), b = items_called({"x", "y", "z"});
  const Met all = met(*a, *b);
  CHECK(all.both == Names{"x", "y", "z"});
  CHECK(all.only_a.empty());
  CHECK(all.only_b.empty());
  CHECK(all.number.at("z") == 2);
}

TEST_CASE("items of other orders, and those of one side alone, meet too") {
  const auto a = items_called({"a", "b", "c", "d", "e"}),
             b = items_called({"a", "f", "d", "c", "g", "b", "h"});
  for (const int jobs : {1, 4}) {
    const Met all = met(*a, *b, jobs);
    CHECK(all.both == Names{"a", "b", "c", "d"});
    CHECK(all.only_a == Names{"e"});
    CHECK(all.only_b == Names{"f", "g", "h"});
    CHECK(all.number == std::map<std::string, std::size_t>{
                            {"a", 0}, {"b", 1}, {"c", 2}, {"d", 3}, {"e", 4}, {"f", 1}, {"g", 4}, {"h", 6}});
  }
}

TEST_CASE("nothing on either side is no trouble") {
  const auto none = items_called({}), some = items_called({"a"});
  CHECK(met(*none, *some).only_b == Names{"a"});
  CHECK(met(*some, *none).only_a == Names{"a"});
  const auto other = items_called({});
  CHECK(met(*none, *other).both.empty());
}

TEST_CASE("an item that cannot be read costs itself, and nothing is found twice") {
  Troubled a(items_called({"a", "b", "c", "d"}), "b", "c"), b(items_called({"a", "b", "d", "c"}), "d", "a");
  const Met all = met(a, b);
  CHECK(all.both == Names{"a", "c"});
  CHECK(all.only_a == Names{"d"});
  CHECK(all.only_b == Names{"b"});
  CHECK(all.unpaired.unreadable_a == 1);
  CHECK(all.unpaired.unreadable_b == 1);
  CHECK(all.findings.by_rule() == std::map<std::string, std::size_t>{{"lost", 2}, {"odd", 2}});
}
