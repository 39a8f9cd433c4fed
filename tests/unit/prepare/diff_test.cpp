// SPDX-License-Identifier: Apache-2.0
#include "prepare/diff.h"

#include <functional>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr Size kSize{12, 10};

Annotation boxed(int label, double x, double y, double width, double height) {
  Annotation one;
  one.label = label;
  one.shape = Polygon{{{{{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}}, {}}}};
  one.id = 1;
  return one;
}

Label label_called(const char* name, Role role = Role::object) {
  Label made;
  made.name = name;
  made.role = role;
  return made;
}

struct DataSet {
  Metadata metadata;
  std::vector<Item> items;
};

DataSet example() {
  DataSet data;
  data.metadata.labels = LabelMap({label_called("cat"), label_called("dog")});
  data.metadata.subsets = {"train"};
  for (const char* id : {"a", "b"}) {
    Item item;
    item.id = id;
    item.size = kSize;
    item.subset = "train";
    item.annotations = {boxed(0, 1, 1, 4, 3), boxed(1, 6, 2, 3, 3)};
    data.items.push_back(std::move(item));
  }
  return data;
}

DiffReport compared(const DataSet& a, const DataSet& b, const DiffSettings& settings = {}) {
  Findings findings;
  return diff(*make_source(a.metadata, a.items), *make_source(b.metadata, b.items), settings, findings);
}

/// The aspects that differ, with their counts.
std::map<Aspect, std::size_t> counts(const DiffReport& report) {
  std::map<Aspect, std::size_t> all;
  for (const auto& [aspect, differences] : report.differences) all[aspect] = differences.count;
  return all;
}

using Counts = std::map<Aspect, std::size_t>;

}  // namespace

TEST_CASE("a data set does not differ from itself, whatever the order of its items and annotations") {
  const DataSet a = example();
  DataSet b = a;
  std::swap(b.items[0], b.items[1]);
  std::swap(b.items[0].annotations[0], b.items[0].annotations[1]);
  const DiffReport report = compared(a, b);
  CHECK(report.none());
  CHECK(report.common == 2);
  CHECK(report.equal == 2);
  CHECK(report.pixels == 2 * kSize.area());
  CHECK(report.pixels_different == 0);
}

TEST_CASE("each change is found under its aspect, and nothing else is") {
  const auto [change, expected] = GENERATE(table<std::function<void(DataSet&)>, Counts>({
      {[](DataSet& data) { data.items.pop_back(); }, {{Aspect::item, 1}}},
      {[](DataSet& data) { data.items[0].id = "c"; }, {{Aspect::item, 2}}},
      {[](DataSet& data) { data.items[0].subset = "val"; }, {{Aspect::subset, 1}}},
      {[](DataSet& data) { data.items[1].annotations[0].flags.crowd = false; }, {{Aspect::statement, 1}}},
      {[](DataSet& data) { data.items[1].annotations[0].score = 0.5; }, {{Aspect::statement, 1}}},
      {[](DataSet& data) { data.items[1].annotations[0].id = 9; }, {{Aspect::number, 1}}},
      {[](DataSet& data) { data.items[1].attributes.emplace_back("x", true); }, {{Aspect::attribute, 1}}},
      {[](DataSet& data) { data.items[1].annotations[1].attributes.emplace_back("x", true); },
       {{Aspect::attribute, 1}}},
      {[](DataSet& data) { data.items[0].annotations[0] = boxed(0, 1, 1, 4, 4); },
       {{Aspect::geometry, 1}, {Aspect::pixels, 1}}},
      {[](DataSet& data) { data.items[0].annotations[0].label = 1; },
       {{Aspect::label, 1}, {Aspect::pixels, 1}}},
      {[](DataSet& data) { data.items[0].annotations.pop_back(); },
       {{Aspect::annotation, 1}, {Aspect::pixels, 1}}},
      {[](DataSet& data) { data.items[0].annotations.push_back(boxed(0, 1, 1, 4, 3)); },
       {{Aspect::annotation, 1}}},
      {[](DataSet& data) {
         data.metadata.labels = LabelMap({label_called("cat"), label_called("dog"), label_called("cow")});
       },
       {{Aspect::label_map, 1}}},
      {[](DataSet& data) { data.metadata.description = "other"; }, {{Aspect::metadata, 1}}},
  }));
  DataSet b = example();
  change(b);
  const DiffReport report = compared(example(), b);
  CHECK(counts(report) == expected);
  CHECK(counts(compared(b, example())) == expected);
  DiffSettings ignoring;
  for (const auto& [aspect, count] : expected) ignoring.ignored.insert(aspect);
  CHECK(compared(example(), b, ignoring).none());
}

TEST_CASE("pixels are counted one by one, with what they were and are") {
  DataSet b = example();
  b.items[0].annotations[0] = boxed(0, 1, 1, 4, 5);  // two rows of 4 more
  const DiffReport report = compared(example(), b);
  CHECK(report.pixels_different == 8);
  REQUIRE(report.differences.at(Aspect::pixels).examples.size() == 1);
  CHECK_THAT(report.differences.at(Aspect::pixels).examples[0],
             contains("a: 8 pixels of 120") && contains("background in A and \"cat\" in B"));
  CHECK_THAT(report.differences.at(Aspect::geometry).examples[0], contains("IoU 0.6000"));
}

TEST_CASE("a mask and the objects that paint to it do not differ") {
  const Scratch scratch;
  const DataSet a = example();
  DataSet b = a;
  b.metadata.labels =
      LabelMap({label_called("nothing", Role::background), label_called("dog"), label_called("cat")});
  const auto coding = std::make_shared<MaskCoding>();
  coding->values = {{0, 0}, {1, 1}, {2, 2}};
  for (Item& item : b.items) {
    cv::Mat mask = cv::Mat::zeros(kSize.height, kSize.width, CV_8UC1);
    mask(cv::Rect(1, 1, 4, 3)) = 2, mask(cv::Rect(6, 2, 3, 3)) = 1;
    item.semantic = MaskRef{scratch.write(item.id + ".png", encode_index_png(mask)), coding, {}, false};
    item.annotations.clear();
  }
  DiffSettings settings;
  settings.ignored = {Aspect::label_map};
  CHECK(compared(a, b, settings).none());
  CHECK(compared(a, b, settings).pixels == 2 * kSize.area());
}

TEST_CASE("coordinates within the tolerance are the same") {
  DataSet b = example();
  b.items[0].annotations[0] = boxed(0, 1.005, 1, 4, 3);
  CHECK(counts(compared(example(), b)).count(Aspect::geometry) == 1);
  DiffSettings settings;
  settings.tolerance = 0.01;
  CHECK(compared(example(), b, settings).none());
}

TEST_CASE("images are compared by their bytes, and only so many examples are kept") {
  const Scratch scratch;
  DataSet a = example(), b = a;
  for (std::size_t i = 0; i < 2; ++i) {
    a.items[i].image = scratch.write("a" + a.items[i].id, "same");
    b.items[i].image = scratch.write("b" + a.items[i].id, "same");
  }
  CHECK(compared(a, b).none());
  for (Item& item : b.items) scratch.write(item.image.filename().string(), "other");
  DiffSettings settings;
  settings.examples = 1;
  const DiffReport report = compared(a, b, settings);
  CHECK(counts(report) == Counts{{Aspect::image, 2}});
  CHECK(report.differences.at(Aspect::image).examples.size() == 1);
  CHECK(report.equal == 0);
}
