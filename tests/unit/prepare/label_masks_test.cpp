// SPDX-License-Identifier: Apache-2.0
// Masks of one label each, on their way through everything that prepares data.
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/coco/coco.h"
#include "formats/label_masks/label_masks.h"
#include "formats/pairs/pairs.h"
#include "prepare/adapt.h"
#include "prepare/check/check.h"
#include "prepare/losses.h"
#include "prepare/split.h"
#include "prepare/statistics.h"
#include "support/data_sets.h"
#include "support/drawn.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// An annotation of a label of street_labels() whose mask's pixels are `values` over and over.
Annotation label_mask(const Scratch& scratch, const std::string& name, int label,
                      const std::vector<int>& values) {
  auto coding = std::make_shared<MaskCoding>();
  coding->kind = MaskCoding::Kind::non_zero;
  coding->label = label;
  Annotation annotation;
  annotation.label = label;
  annotation.shape = MaskRef{scratch.write(name, png_mask(values)), coding, std::nullopt, false};
  return annotation;
}

Item item_of(std::string id, std::vector<Annotation> annotations) {
  Item item;
  item.id = std::move(id);
  item.size = Size{6, 4};
  item.annotations = std::move(annotations);
  return item;
}

std::unique_ptr<Source> source_with(std::vector<Item> items) {
  Metadata metadata;
  metadata.labels = street_labels();
  return make_source(std::move(metadata), std::move(items));
}

/// Road in two pieces, car over one of them, no void.
Item street(const Scratch& scratch) {
  return item_of("a", {label_mask(scratch, "road.png", 1, {255, 255, 0, 0, 255, 255}),
                       label_mask(scratch, "car.png", 2, {255, 0, 0, 0, 0, 0}),
                       label_mask(scratch, "void.png", 3, {0})});
}

std::vector<std::pair<int, std::int64_t>> made(Item item, std::optional<InstancePolicy> policy) {
  InstanceSettings settings;
  settings.policy = policy;
  InstanceLoss loss;
  std::vector<std::pair<int, std::int64_t>> areas;
  for (const Annotation& annotation :
       adapted(std::move(item), coco().holds, street_labels(), settings, loss).annotations)
    areas.emplace_back(*annotation.label, area(std::get<Rle>(annotation.shape)));
  return areas;
}

std::map<std::string, std::string> outcomes(Source& source, const Format& target) {
  Findings findings;
  std::map<std::string, std::string> all;
  for (const Loss& loss : survey(source, target, findings).losses) all[loss.what] = loss.outcome;
  return all;
}

}  // namespace

TEST_CASE("masks of one label become instances as other masks do, each label by itself") {
  const Scratch scratch;
  using Areas = std::vector<std::pair<int, std::int64_t>>;
  CHECK(made(street(scratch), {}) == Areas{{1, 8}, {1, 8}, {2, 4}});
  CHECK(made(street(scratch), InstancePolicy::component) == Areas{{1, 8}, {1, 8}, {2, 4}});
  CHECK(made(street(scratch), InstancePolicy::label) == Areas{{1, 16}, {2, 4}});
  CHECK(made(street(scratch), InstancePolicy::object_mask) == Areas{{1, 8}, {1, 8}, {2, 4}});
}

TEST_CASE("void of a mask of its own becomes a crowd") {
  const Scratch scratch;
  InstanceLoss loss;
  const Item item = adapted(item_of("a", {label_mask(scratch, "v.png", 3, {255, 0})}), coco().holds,
                            street_labels(), {}, loss);
  REQUIRE(!item.annotations.empty());
  CHECK(item.annotations[0].flags.crowd == true);
}

TEST_CASE("what becomes of masks of one label is said") {
  const Scratch scratch;
  const auto source = source_with({street(scratch)});
  CHECK(outcomes(*source, coco()).at("masks of one label") == "become instances");
  CHECK(outcomes(*source, pairs()).at("masks of one label") == "merge into one mask an image");
  CHECK(outcomes(*source, label_masks()).empty());
  Item objects = item_of("b", {});
  objects.annotations.emplace_back();
  objects.annotations[0].label = 1;
  objects.annotations[0].shape = Rle{{6, 4}, {0, 24}};
  const auto others = source_with({objects});
  CHECK(outcomes(*others, label_masks()).at("objects of their own") == "merge into one mask a label");
}

TEST_CASE("an empty mask counts neither as an annotation nor as an item that holds its label") {
  const Scratch scratch;
  const auto source = source_with({street(scratch), item_of("b", {label_mask(scratch, "n.png", 2, {0})})});
  Findings findings;
  const Statistics statistics = statistics_of(*source, {}, findings);
  CHECK(statistics.annotations == 0);
  CHECK(statistics.shapes.at("mask of one label") == 4);
  CHECK(statistics.labels[1].pixels == 16);
  CHECK(statistics.labels[2].items == 1);
  CHECK(statistics.labels[3].items == 0);
  CHECK(statistics.empty == 0);
}

TEST_CASE("a split spreads the items in which a label has pixels") {
  const Scratch scratch;
  std::vector<Item> items;
  for (int i = 0; i < 8; ++i) {
    const std::string name = std::to_string(i);
    items.push_back(item_of(name, {label_mask(scratch, name + ".png", 1, {i < 2 ? 255 : 0})}));
  }
  SplitSettings settings;
  settings.ratios = parse_ratios("a=1,b=1");
  settings.stratify = SplitSettings::Stratify::labels;
  SplitReport report;
  Findings findings;
  const auto divided = split(source_with(std::move(items)), settings, report, findings);
  std::map<std::string, int> with_pixels;
  for (const Item& item : read_all(*divided, findings)) with_pixels[item.subset] += item.id < "2";
  CHECK(with_pixels == std::map<std::string, int>{{"a", 1}, {"b", 1}});
}

TEST_CASE("a mask that breaks off is found, though its header can be read") {
  const Scratch scratch;
  Item item = street(scratch);
  const std::string whole = read_file(scratch / "car.png");
  scratch.write("car.png", whole.substr(0, whole.size() - 20));
  const auto source = source_with({item});
  const CheckReport report = check(*source);
  CHECK(report.findings.by_rule().at("broken-file") == 1);
}
