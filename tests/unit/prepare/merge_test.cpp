// SPDX-License-Identifier: Apache-2.0
#include "prepare/merge.h"

#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Ids = std::vector<std::string>;

Label label(const char* name, std::optional<std::int64_t> id = {}, Role role = Role::object) {
  Label made;
  made.name = name;
  made.id = id;
  made.role = role;
  return made;
}

Item boxed_item(const char* id, int label) {
  Item item;
  item.id = id;
  item.size = Size{6, 4};
  Annotation one;
  one.label = label;
  one.shape = Box{0, 0, 2, 2};
  item.annotations = {one};
  return item;
}

MergeInput input(const char* name, std::vector<Label> labels, std::vector<Item> items,
                 std::vector<std::string> subsets = {}) {
  Metadata metadata;
  metadata.labels = LabelMap(std::move(labels));
  metadata.subsets = std::move(subsets);
  return {name, make_source(std::move(metadata), std::move(items))};
}

std::vector<MergeInput> inputs(MergeInput first, MergeInput second) {
  std::vector<MergeInput> both;
  both.push_back(std::move(first));
  both.push_back(std::move(second));
  return both;
}

ReadDataSet read(std::vector<MergeInput> from, SameId same_id = SameId::refuse) {
  ReadDataSet out;
  out.source = merged(std::move(from), same_id);
  Findings findings;
  out.items = read_all(*out.source, findings);
  findings.for_each([&](const Finding& finding) { out.findings.push_back(finding); });
  return out;
}

}  // namespace

TEST_CASE("items come one data set after the other, and labels by their names") {
  const ReadDataSet all =
      read(inputs(input("one", {label("cat", 1), label("dog", 2)}, {boxed_item("a", 1)}, {"train"}),
                  input("two", {label("cow", 3), label("dog", 2)}, {boxed_item("b", 1), boxed_item("c", 0)},
                        {"val", "train"})));
  CHECK(all.findings.empty());
  CHECK(all.ids() == Ids{"a", "b", "c"});
  CHECK(all.source->size() == 3);
  REQUIRE(all.labels().size() == 3);
  CHECK(all.labels()[2].name == "cow");
  CHECK(all.items[0].annotations[0].label == 1);
  CHECK(all.items[1].annotations[0].label == 1);
  CHECK(all.items[2].annotations[0].label == 2);
  CHECK(all.source->metadata().subsets == Ids{"train", "val"});
}

TEST_CASE("masks keep the label of each pixel") {
  const Scratch scratch;
  const auto coding = std::make_shared<MaskCoding>();
  coding->values = {{0, 0}, {1, 1}};
  const auto masked = [&](const char* id) {
    Item item;
    item.id = id;
    item.size = Size{6, 4};
    item.semantic = MaskRef{scratch.write(std::string(id) + ".png", png_mask({0, 1})), coding, {}, false};
    return item;
  };
  const ReadDataSet all =
      read(inputs(input("one", {label("sky"), label("road")}, {masked("a")}),
                  input("two", {label("road"), label("sky")}, {masked("b"), masked("c")})));
  const cv::Mat first = semantic_of(all.items[0], all.labels()).labels;
  for (const std::size_t i : {1U, 2U}) {
    const cv::Mat second = semantic_of(all.items[i], all.labels()).labels;
    CHECK(cv::countNonZero(second != 1 - first) == 0);  // 0 and 1 the other way round
  }
  CHECK(all.items[1].semantic->coding == all.items[2].semantic->coding);
}

TEST_CASE("what data sets say differently of a label is a finding, and the first holds") {
  Label blue = label("cat", 7);
  blue.colour = Rgb{0, 0, 255};
  const ReadDataSet all = read(inputs(input("one", {label("cat", 1), label("dog", 2)}, {}),
                                      input("two", {blue, label("cow", 2)}, {boxed_item("b", 1)})));
  REQUIRE(all.findings.size() == 2);
  CHECK(all.finding("labels-differ").place.file == "two");
  CHECK_THAT(all.findings[0].message, contains("id, colour"));
  CHECK_THAT(all.findings[1].message, contains("its id 2 is that of \"dog\""));
  CHECK(all.labels()[0].id == 1);
  CHECK_FALSE(all.labels()[2].id);
  CHECK(thrown_by([&] {
          read(inputs(input("one", {label("nothing", {}, Role::background)}, {}),
                      input("two", {label("background", {}, Role::background)}, {})));
        }).code() == Code::bad_value);
}

TEST_CASE("an id of two data sets is refused, renamed or skipped, as is asked for") {
  const auto both = [] {
    return inputs(input("one", {label("cat")}, {boxed_item("a", 0), boxed_item("b", 0)}),
                  input("two", {label("cat")}, {boxed_item("b", 0), boxed_item("c", 0)}));
  };
  const Error error = thrown_by([&] { read(both()); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.message(), contains("\"b\"") && contains("one"));
  const ReadDataSet renamed = read(both(), SameId::rename);
  CHECK(renamed.ids() == Ids{"a", "b", "two/b", "c"});
  CHECK(renamed.rules() == std::map<std::string, int>{{"same-id", 1}});
  const ReadDataSet skipped = read(both(), SameId::skip);
  CHECK(skipped.ids() == Ids{"a", "b", "c"});
  CHECK(skipped.source->size() == 3);
  CHECK(skipped.rules() == std::map<std::string, int>{{"same-id", 1}});
}
