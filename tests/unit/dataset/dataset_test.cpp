// SPDX-License-Identifier: Apache-2.0
#include "dataset/dataset.h"

#include <atomic>

#include "support/scratch.h"

namespace maskmill::tests {
namespace {

std::vector<Item> numbered_items(int count) {
  std::vector<Item> items(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    items[static_cast<std::size_t>(i)].id = std::to_string(i);
    items[static_cast<std::size_t>(i)].subset = i % 3 ? "train" : "val";
  }
  return items;
}

std::vector<std::string> ids(Source& source, Findings& findings) {
  std::vector<std::string> result;
  for_each_item(source, findings, [&](Item&& item) { result.push_back(item.id); });
  return result;
}

/// Items 0 to 99; each has a finding, and every tenth cannot be read.
class FaultySource : public Source {
 public:
  FaultySource() {
    Finding finding;
    finding.message = "of opening";
    findings_.add(finding);
  }
  const Metadata& metadata() const override { return metadata_; }
  std::size_t size() const override { return 100; }
  ReadItem next() override {
    if (next_ == 100) return {};
    return [this, number = next_++](std::vector<Finding>& findings, Look) -> std::optional<Item> {
      ++reads;
      Finding finding;
      finding.message = std::to_string(number);
      findings.push_back(finding);
      if (number % 10 == 0) return std::nullopt;
      Item item;
      item.id = std::to_string(number);
      return item;
    };
  }
  void rewind() override { next_ = 0; }
  const Findings& findings() const override { return findings_; }

  std::atomic<int> reads = 0;

 private:
  Metadata metadata_;
  Findings findings_;
  int next_ = 0;
};

std::vector<std::string> messages(const Findings& findings) {
  std::vector<std::string> result;
  findings.for_each([&](const Finding& finding) { result.push_back(finding.message); });
  return result;
}

}  // namespace

TEST_CASE("a data set in memory gives its items in order, again after a rewind") {
  Metadata metadata;
  metadata.description = "made up";
  const auto source = make_source(metadata, numbered_items(50));
  CHECK(source->metadata() == metadata);
  CHECK(source->size() == 50);
  CHECK(source->findings().empty());
  Findings findings;
  const std::vector<std::string> first = ids(*source, findings);
  CHECK(first.size() == 50);
  CHECK(first[7] == "7");
  CHECK(!source->next());
  CHECK(ids(*source, findings) == first);
  CHECK(read_all(*source, findings).size() == 50);
  CHECK(findings.empty());
}

TEST_CASE("findings come in the order of the items, those of opening first") {
  FaultySource source;
  Findings findings;
  std::vector<std::string> read = ids(source, findings);
  CHECK(read.size() == 90);
  CHECK(read[0] == "1");
  const std::vector<std::string> said = messages(findings);
  REQUIRE(said.size() == 101);
  CHECK(said[0] == "of opening");
  for (std::size_t i = 0; i < 100; ++i) CHECK(said[i + 1] == std::to_string(i));
}

TEST_CASE("a filtered data set knows its size, keeps the order and reads only what it gives") {
  const std::shared_ptr<Source> source = make_source({}, numbered_items(50));
  const auto val = filtered(source, [](const Item& item) { return item.subset == "val"; });
  CHECK(val->size() == 17);
  Findings findings;
  for (int round = 0; round < 2; ++round) {
    const std::vector<std::string> kept = ids(*val, findings);
    REQUIRE(kept.size() == 17);
    for (std::size_t i = 0; i < kept.size(); ++i) CHECK(kept[i] == std::to_string(3 * i));
    CHECK(!val->next());
  }
  CHECK(filtered(source, [](const Item&) { return false; })->size() == 0);
  CHECK(!filtered(source, [](const Item&) { return false; })->next());

  const auto faulty = std::make_shared<FaultySource>();
  const auto few = filtered(faulty, [](const Item& item) { return item.id == "55"; });
  CHECK(faulty->reads == 100);
  Findings of_few;
  CHECK(ids(*few, of_few) == std::vector<std::string>{"55"});
  CHECK(few->size() == 11);
  CHECK(faulty->reads == 111);
  CHECK(messages(of_few).size() == 12);
}

TEST_CASE("an error while reading or visiting ends the loop and is passed on") {
  const auto source = make_source({}, numbered_items(50));
  Findings findings;
  int visited = 0;
  const Error error = thrown_by([&] {
    for_each_item(*source, findings, [&](Item&&) {
      if (++visited == 5) throw Error(Code::write_failed, "full");
    });
  });
  CHECK(error.code() == Code::write_failed);
  CHECK(visited == 5);
}

TEST_CASE("attributes are found by name") {
  const Attributes attributes{{"weather", std::string("rain")}, {"speed", 3.5}};
  REQUIRE(find_attribute(attributes, "speed"));
  CHECK(*find_attribute(attributes, "speed") == AttributeValue(3.5));
  CHECK(!find_attribute(attributes, "Speed"));
}

}  // namespace maskmill::tests
