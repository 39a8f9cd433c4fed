// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>
#include <set>

#include "base/text.h"
#include "dataset/masks.h"
#include "formats/cityscapes/cityscapes.h"
#include "formats/coco/coco.h"
#include "formats/kitti/kitti.h"
#include "prepare/convert.h"
#include "support.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Ids = std::vector<std::string>;
using Settings = std::vector<std::string>;

std::map<std::string, int> converted(const Path& from, const Format& format, const Format& target,
                                     const Path& to, Settings write = {}, Settings read = {}) {
  const auto source = format.open({from, std::move(read)});
  Findings findings;
  convert(*source, target,
          {.target = to, .media = Media::none, .metadata = source->metadata(), .settings = std::move(write)},
          {}, {.command = "test", .inputs = {}}, findings, [](const std::vector<Loss>&) {});
  std::map<std::string, int> rules;
  for (const auto& [rule, count] : findings.by_rule()) rules[rule] = static_cast<int>(count);
  rules.erase("file-left-out");
  return rules;
}

bool equal_pixels(const Path& a, const Path& b) {
  const cv::Mat one = read_raw(a).pixels, other = read_raw(b).pixels;
  return one.type() == other.type() && one.size() == other.size() && cv::norm(one, other, cv::NORM_INF) == 0;
}

/// A data set of one item with these annotations.
std::unique_ptr<Source> source_with(std::vector<Annotation> annotations, LabelMap labels,
                                    std::string id = "c/c_0_0", Size size = {20, 10}) {
  Metadata metadata;
  metadata.labels = std::move(labels);
  Item item;
  item.id = std::move(id);
  item.file_name = item.id + ".png";
  item.size = size;
  item.annotations = std::move(annotations);
  return make_source(std::move(metadata), {std::move(item)});
}

std::map<std::string, int> written(Source& source, const Path& to, Settings settings = {},
                                   const Format& target = cityscapes()) {
  Findings findings;
  convert(
      source, target,
      {.target = to, .media = Media::none, .metadata = source.metadata(), .settings = std::move(settings)},
      {}, {.command = "test", .inputs = {}}, findings, [](const std::vector<Loss>&) {});
  std::map<std::string, int> rules;
  for (const auto& [rule, count] : findings.by_rule()) rules[rule] = static_cast<int>(count);
  return rules;
}

Annotation area_of(int label, Box box, bool crowd = false) {
  Annotation annotation;
  annotation.label = label;
  const double right = box.x + box.width, bottom = box.y + box.height;
  annotation.shape = Polygon{{{{{box.x, box.y}, {right, box.y}, {right, bottom}, {box.x, bottom}}, {}}}};
  if (crowd) annotation.flags.crowd = true;
  return annotation;
}

LabelMap things(const std::vector<std::string>& names) {
  LabelMap labels;
  for (const std::string& name : names) {
    Label label;
    label.name = name;
    labels.add(label);
  }
  return labels;
}

}  // namespace

TEST_CASE(
    "what cityscapesScripts painted comes back from COCO and from KITTI: labels, objects, groups and void") {
  const Scratch scratch;
  CHECK(converted(kGolden, cityscapes(), coco(), scratch / "coco").empty());
  CHECK(converted(scratch / "coco", coco(), cityscapes(), scratch / "back").empty());
  CHECK(converted(kGolden, cityscapes(), kitti(), scratch / "kitti").empty());
  CHECK(converted(scratch / "kitti", kitti(), cityscapes(), scratch / "from_kitti").empty());
  for (const char* back : {"back", "from_kitti"}) {
    CHECK(equal_pixels(scratch / back / (kScene + "_labelIds.png"), kGolden / (kScene + "_labelIds.png")));
    CHECK(equal_pixels(scratch / back / (kScene + "_instanceIds.png"),
                       kGolden / (kScene + "_instanceIds.png")));
    CHECK(!fs::exists(scratch / back / "labels.json"));
    CHECK(read_data_set(cityscapes(), scratch / back).source->metadata() ==
          read_data_set(cityscapes(), kGolden).source->metadata());
  }
}

TEST_CASE("from Cityscapes to Cityscapes masks go byte for byte; training ids and colours on request") {
  const Scratch scratch;
  converted(kGolden, cityscapes(), cityscapes(), scratch / "out", {"train-ids=true"});
  for (const char* ending : {"_labelIds.png", "_instanceIds.png"})
    CHECK(read_file(scratch / "out" / (kScene + ending)) == read_file(kGolden / (kScene + ending)));
  CHECK(equal_pixels(scratch / "out" / (kScene + "_labelTrainIds.png"),
                     kGolden / (kScene + "_labelTrainIds.png")));
  const cv::Mat ours = read_image(scratch / "out" / (kScene + "_color.png")),
                theirs = read_image(kGolden / (kScene + "_color.png"));
  CHECK(cv::norm(ours, theirs, cv::NORM_INF) == 0);
  converted(kGolden, cityscapes(), cityscapes(), scratch / "plain", {"colours=false", "truth=gtCoarse"});
  CHECK(!fs::exists(scratch / "plain/gtCoarse/train/aachen/aachen_000000_000019_gtCoarse_color.png"));
  CHECK(fs::exists(scratch / "plain/gtCoarse/train/aachen/aachen_000000_000019_gtCoarse_labelIds.png"));
  for (const char* name : {"truth=a", "truth=gt/a", "truth=gt_a"})
    CHECK(thrown_by([&] {
            converted(kGolden, cityscapes(), cityscapes(), scratch / "bad", {name});
          }).code() == Code::usage);
}

TEST_CASE("training labels become Cityscapes' ids, and keep their own") {
  const Scratch scratch;
  converted(kGolden, cityscapes(), cityscapes(), scratch / "out", {}, {"labels=train"});
  const ReadDataSet data = read_data_set(cityscapes(), scratch / "out");
  CHECK(data.source->metadata().labels == read_data_set(cityscapes(), kGolden, {"labels=train"}).labels());
  const cv::Mat numbers = read_raw(scratch / "out" / (kScene + "_instanceIds.png")).pixels;
  CHECK(cv::countNonZero(numbers == 29000) == 0);  // a caravan is void here, and no object
  CHECK(cv::countNonZero(numbers == 26001) == 12);
}

TEST_CASE("polygons are painted in their order and written as they are, groups and license plates too") {
  const Scratch scratch;
  CHECK(converted(kGolden, cityscapes(), cityscapes(), scratch / "out", {}, {"objects=polygons"}).empty());
  const ReadDataSet back = read_data_set(cityscapes(), scratch / "out", {"objects=polygons"});
  const ReadDataSet before = read_data_set(cityscapes(), kGolden, {"objects=polygons"});
  REQUIRE(back.items.at(0).annotations.size() == before.items.at(0).annotations.size());
  for (std::size_t i = 0; i < before.items[0].annotations.size(); ++i) {
    Annotation expected = before.items[0].annotations[i];
    expected.z_order = static_cast<int>(i);  // what is deleted has left its place
    CHECK(back.items[0].annotations[i] == expected);
  }
  // Outlines here enclose their pixels; cityscapesScripts adds those under them.
  const cv::Mat numbers = read_raw(scratch / "out" / (kScene + "_instanceIds.png")).pixels;
  CHECK(cv::countNonZero(numbers == 26001) == 2 * 3);
  CHECK(cv::countNonZero(numbers == 26) > 0);
  CHECK(cv::countNonZero(numbers == 24000) > 0);
}

TEST_CASE("datumaro loses holes; here they come back") {
  const Scratch scratch;
  cv::Mat mask = cv::Mat::zeros(10, 20, CV_8UC1);
  mask(cv::Rect(2, 2, 9, 7)).setTo(1);
  mask(cv::Rect(4, 4, 3, 3)).setTo(0);
  Annotation car;
  car.label = 0;
  car.shape = rle_from_mask(mask);
  const auto source = source_with({car}, things({"car"}));
  CHECK(written(*source, scratch / "out").empty());
  const ReadDataSet data = read_data_set(cityscapes(), scratch / "out");
  InstanceLoss loss;
  const auto objects = instances_from_mask(read_semantic(*data.items.at(0).semantic).labels,
                                           read_instances(*data.items[0].instances), data.labels(), {}, loss);
  REQUIRE(objects.size() == 1);
  CHECK(objects[0].shape == car.shape);
}

TEST_CASE("crowds lie under objects, and boxes are void where nothing is") {
  const Scratch scratch;
  Annotation box;
  box.label = 0;
  box.shape = Box{15, 0, 3, 4};
  const auto source =
      source_with({area_of(0, {0, 0, 6, 6}), area_of(0, {3, 0, 9, 6}, true), area_of(0, {5, 0, 2, 6}), box},
                  things({"car"}));
  written(*source, scratch / "out");
  const cv::Mat numbers = read_raw(scratch / "out/gtFine/default/c/c_0_0_gtFine_instanceIds.png").pixels;
  const auto at = [&](int x, int y) { return static_cast<int>(numbers.at<std::uint16_t>(y, x)); };
  CHECK(at(0, 0) == 26000);
  CHECK(at(4, 0) == 26000);
  CHECK(at(5, 0) == 26001);
  CHECK(at(8, 0) == 26);
  CHECK(at(16, 1) == 0);
  CHECK(at(19, 9) == 34);  // background, which convert adds: nothing says that it is void
  const ReadDataSet back = read_data_set(cityscapes(), scratch / "out");
  CHECK(back.labels().background().has_value());
  CHECK(back.labels().find("car").has_value());
}

TEST_CASE("more than a thousand objects of a label: the rest is one group, and said") {
  const Scratch scratch;
  std::vector<Annotation> many;
  for (int i = 0; i < 1003; ++i)
    many.push_back(area_of(0, {static_cast<double>(i % 40), static_cast<double>(i / 40), 1, 1}));
  const auto source = source_with(many, things({"car"}), "c/c_0_0", {40, 30});
  const auto rules = written(*source, scratch / "out");
  CHECK(rules.at("objects-joined") == 1);
  const cv::Mat numbers = read_raw(scratch / "out/gtFine/default/c/c_0_0_gtFine_instanceIds.png").pixels;
  CHECK(cv::countNonZero(numbers == 26) == 3);
  CHECK(cv::countNonZero(numbers == 26999) == 1);
}

TEST_CASE("a label's mask tells no objects apart, and a mask alone has no instance mask beside it") {
  const Scratch scratch;
  MaskCoding coding;
  coding.kind = MaskCoding::Kind::non_zero;
  coding.label = 0;
  Annotation whole;
  whole.label = 0;
  whole.shape = MaskRef{scratch.write("m.png", png_mask({0, 255}, {20, 10})),
                        std::make_shared<const MaskCoding>(coding), std::nullopt, false};
  const auto source = source_with({whole}, things({"car"}));
  written(*source, scratch / "out");
  CHECK(!fs::exists(scratch / "out/gtFine/default/c/c_0_0_gtFine_instanceIds.png"));
  CHECK(cv::countNonZero(read_raw(scratch / "out/gtFine/default/c/c_0_0_gtFine_labelIds.png").pixels == 26) ==
        100);
}

TEST_CASE("names that Cityscapes' evaluation cannot parse are changed, and said; or kept") {
  for (const auto& [id, name] : std::map<std::string, std::string>{{"aachen/aachen_0_1", "aachen/aachen_0_1"},
                                                                   {"aachen_0_1", "aachen/aachen_0_1"},
                                                                   {"a/b/c_d", "a-b/a-b_c-d_"},
                                                                   {"photo.1", "city/city_photo-1_"}}) {
    INFO(id);
    const Scratch scratch;
    const auto source = source_with({area_of(0, {0, 0, 5, 5})}, things({"car"}), id);
    const auto rules = written(*source, scratch / "out");
    CHECK(rules.contains("renamed") == (id != name));
    const std::string read = read_data_set(cityscapes(), scratch / "out").items.at(0).id;
    CHECK(read.starts_with(name));
    CHECK(split_text(split_text(read, '/').back(), '_').size() == 3);
    written(*source, scratch / "kept", {"keep-names=true"});
    CHECK(read_data_set(cityscapes(), scratch / "kept").items.at(0).id == id);
  }
}

TEST_CASE("two items of one name are refused, not written into each other") {
  Metadata metadata;
  metadata.labels = things({"car"});
  std::vector<Item> items(2);
  for (std::size_t i = 0; i < 2; ++i) {
    items[i].id = i == 0 ? "aachen/aachen_0_1" : "aachen_0_1";
    items[i].size = Size{20, 10};
    items[i].annotations = {area_of(0, {0, 0, 5, 5})};
  }
  const auto source = make_source(metadata, items);
  const Scratch scratch;
  CHECK(thrown_by([&] { written(*source, scratch / "out"); }).code() == Code::write_failed);
  CHECK(!fs::exists(scratch / "out"));
}

TEST_CASE("any labels, objects and crowds come back from both formats as they were") {
  const bool holds = rc::check([] {
    const auto coin = [] { return *rc::gen::arbitrary<bool>(); };
    LabelMap labels;
    for (const char* name : {"car", "road", "static", "dog", "lawn", "haze", "person"}) {
      Label label;
      label.name = name;
      const std::string text = name;
      label.kind = text == "road" || text == "lawn" ? LabelKind::stuff : LabelKind::thing;
      if (text == "static" || text == "haze") label.role = Role::ignore;
      // Where no label has an id, convert gives them all one.
      if (labels.empty() || coin()) label.id = 100 + labels.size();
      if (coin()) label.colour = Rgb{1, static_cast<std::uint8_t>(labels.size()), 3};
      labels.add(label);
    }
    // Objects that do not overlap: a grid of cells.
    std::vector<Annotation> annotations;
    std::set<int> stuff;
    for (int cell = 0; cell < 50; ++cell) {
      const int label = *rc::gen::inRange(0, labels.size());
      if (coin() || (labels[label].kind == LabelKind::stuff && !stuff.insert(label).second)) continue;
      const bool crowd = labels.is_ignored(label) ||
                         (labels[label].kind == LabelKind::thing && *rc::gen::inRange(0, 4) == 0);
      annotations.push_back(area_of(label, {2. * (cell % 10), 2. * (cell / 10), 2, 2}, crowd));
    }
    if (annotations.empty()) return;
    for (const Format* format : {&cityscapes(), &kitti()}) {
      const Scratch scratch;
      const auto source = source_with(annotations, labels);
      RC_ASSERT(written(*source, scratch / "out", {}, *format).empty());
      const ReadDataSet back = read_data_set(*format, scratch / "out");
      for (const Label& label : labels) {
        RC_ASSERT(back.labels().find(label.name).has_value());
        RC_ASSERT(back.labels()[*back.labels().find(label.name)] == label);
      }
      InstanceLoss loss;
      const auto objects =
          instances_from_mask(read_semantic(*back.items.at(0).semantic).labels,
                              read_instances(*back.items[0].instances), back.labels(), {}, loss);
      RC_ASSERT(loss.pixels_lost == 0);
      std::map<std::string, int> areas, crowds;  // crowds of a label are one
      std::multiset<std::pair<std::string, std::vector<std::uint32_t>>> expected, found;
      cv::Mat crowd_of = cv::Mat::zeros(10, 20, CV_8UC1), found_crowd = crowd_of.clone();
      for (const Annotation& one : annotations) {
        const Rle pixels = rasterise(one.shape, Size{20, 10});
        if (one.flags.crowd == true)
          paint(crowd_of, pixels, *one.label + 1);
        else
          expected.emplace(labels[*one.label].name, pixels.counts);
      }
      for (const Annotation& one : objects) {
        const std::string& name = back.labels()[*one.label].name;
        const Rle& pixels = std::get<Rle>(one.shape);
        if (one.flags.crowd == true)
          paint(found_crowd, pixels, *labels.find(name) + 1);
        else
          found.emplace(name, pixels.counts);
      }
      RC_ASSERT(found == expected);
      RC_ASSERT(cv::norm(crowd_of, found_crowd, cv::NORM_INF) == 0);
    }
  });
  CHECK(holds);
}
