// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "catch.h"
#include "prepare/convert.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Metadata street() {
  Metadata metadata;
  metadata.labels =
      LabelMap({panoptic_label("person", 1, LabelKind::thing), panoptic_label("road", 7, LabelKind::stuff),
                panoptic_label("nothing", {}, LabelKind::unknown, Role::ignore)});
  return metadata;
}

Item item_of(std::vector<Annotation> annotations) {
  Item item;
  item.id = "a";
  item.file_name = "a.jpg";
  item.size = kSize;
  item.source_id = 5;
  item.annotations = std::move(annotations);
  return item;
}

struct Written {
  Json json;
  Json segments;                      // of the first annotation
  std::vector<std::uint32_t> pixels;  // of its PNG
  std::vector<Finding> findings;
};

Written write(const Scratch& scratch, const Metadata& metadata, const std::vector<Item>& items,
              std::vector<std::string> settings = {}) {
  const auto sink =
      coco_panoptic().create({scratch / "out", Overwrite::yes, Media::none, metadata, std::move(settings)});
  for (const Item& item : items) sink->encode(item)();
  sink->close({.command = "test", .inputs = {}});
  Written written;
  written.json = read_json(scratch / "out/annotations/panoptic.json");
  if (!written.json["annotations"].empty()) {
    const Json& annotation = written.json["annotations"][0];
    written.segments = annotation["segments_info"];
    written.pixels =
        ids_in(scratch / "out/annotations/panoptic" / annotation["file_name"].get<std::string>());
  }
  sink->findings().for_each([&](const Finding& finding) { written.findings.push_back(finding); });
  return written;
}

std::vector<std::string> rules(const Written& written) {
  std::vector<std::string> list;
  for (const Finding& finding : written.findings) list.push_back(finding.rule);
  return list;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("what panopticapi's evaluation asks for is there: each id in both, area and box of the pixels") {
  const Scratch scratch;
  const Written written = write(scratch, street(),
                                {item_of({segment(1, rectangle(kSize, 0, 2, 6, 4), 900),
                                          segment(0, rectangle(kSize, 1, 1, 3, 4), 70000)})});
  CHECK(written.json["images"][0]["id"] == 5);
  CHECK(written.json["annotations"][0]["image_id"] == 5);
  CHECK(written.json["annotations"][0]["file_name"] == "a.png");
  CHECK(written.json["annotations"][0].size() == 3);
  CHECK(written.json["categories"].size() == 2);  // void is none
  CHECK(written.json["categories"][1]["isthing"] == 0);
  CHECK(written.json["categories"][1]["color"].size() == 3);
  REQUIRE(written.segments.size() == 2);
  CHECK(to_line(written.segments[0]) ==
        R"({"id":900,"category_id":7,"iscrowd":0,"area":8,"bbox":[0,2,6,2]})");
  CHECK(to_line(written.segments[1]) ==
        R"({"id":70000,"category_id":1,"iscrowd":0,"area":6,"bbox":[1,1,2,3]})");
  const std::uint32_t r = 900, p = 70000;
  CHECK(written.pixels ==
        std::vector<std::uint32_t>{0, 0, 0, 0, 0, 0, 0, p, p, 0, 0, 0, r, p, p, r, r, r, r, p, p, r, r, r});
  CHECK(rules(written) == Texts{"objects-overlap", "unlabelled-pixels"});
  CHECK_THAT(written.findings[0].message, contains("4 pixels"));
  CHECK_THAT(written.findings[1].message, contains("10 pixels of 1 image"));
}

TEST_CASE("the stacking order decides, and crowds lie below all") {
  const Scratch scratch;
  Annotation above = segment(0, rectangle(kSize, 0, 0, 2, 4), 1),
             below = segment(0, rectangle(kSize, 0, 0, 4, 4), 2),
             crowd = segment(0, rectangle(kSize, 0, 0, 6, 4), 3);
  above.z_order = 5;
  crowd.flags.crowd = true;
  crowd.z_order = 9;
  const Written written = write(scratch, street(), {item_of({above, below, crowd})});
  CHECK(std::vector(written.pixels.begin(), written.pixels.begin() + 6) ==
        std::vector<std::uint32_t>{1, 1, 2, 2, 3, 3});
  CHECK(written.segments[0]["iscrowd"] == 1);
  CHECK(rules(written) == Texts{"objects-overlap"});
}

TEST_CASE("an object below others that hide it is left out, and said") {
  const Scratch scratch;
  const Written written = write(
      scratch, street(),
      {item_of({segment(0, rectangle(kSize, 1, 1, 2, 2), 8), segment(1, rectangle(kSize, 0, 0, 6, 4), 9)})});
  CHECK(written.segments.size() == 1);
  CHECK(rules(written) == Texts{"empty-object", "objects-overlap"});
}

TEST_CASE("void is 0, and stays void where nothing lies above it") {
  const Scratch scratch;
  Annotation nothing = segment(2, rectangle(kSize, 0, 0, 3, 4)),
             over = segment(2, rectangle(kSize, 5, 0, 6, 4));
  nothing.flags.crowd = true;
  const Written written =
      write(scratch, street(), {item_of({segment(1, rectangle(kSize, 2, 0, 6, 4), 9), nothing, over})});
  CHECK(std::vector(written.pixels.begin(), written.pixels.begin() + 6) ==
        std::vector<std::uint32_t>{0, 0, 9, 9, 9, 0});
  CHECK(written.segments.size() == 1);
}

TEST_CASE("all of a stuff label is one segment, unless ids tell its parts apart") {
  const Scratch scratch;
  std::vector<Annotation> parts{
      segment(1, rectangle(kSize, 0, 0, 2, 4)), segment(1, rectangle(kSize, 4, 0, 6, 4)),
      segment(0, rectangle(kSize, 2, 0, 3, 4)), segment(0, rectangle(kSize, 3, 0, 4, 4))};
  const Written written = write(scratch, street(), {item_of(parts)});
  REQUIRE(written.segments.size() == 3);
  CHECK(written.segments[0]["area"] == 16);
  CHECK(rules(written) == Texts{"stuff-merged"});
  parts[0].id = 9;
  parts[1].id = 10;
  CHECK(write(scratch, street(), {item_of(parts)}).segments.size() == 4);
  CHECK(write(scratch, street(), {item_of(parts)}, {"merge-stuff=true"}).segments.size() == 3);
}

TEST_CASE("what nothing covers is a segment of the label that means background") {
  const Scratch scratch;
  Metadata metadata = street();
  metadata.labels.add(panoptic_label("ground", 40, LabelKind::unknown, Role::background));
  const Written written = write(scratch, metadata, {item_of({segment(0, rectangle(kSize, 0, 0, 2, 4), 9)})});
  REQUIRE(written.segments.size() == 2);
  CHECK(written.segments[1]["category_id"] == 40);
  CHECK(written.segments[1]["area"] == 16);
  CHECK(written.json["categories"][2]["isthing"] == 0);
  CHECK(written.findings.empty());
  const ReadDataSet read = read_data_set(coco_panoptic(), scratch / "out");
  CHECK(read.labels().background() == 3);
  CHECK(read.labels()[3].kind == LabelKind::unknown);
  CHECK(read.items.at(0).annotations.size() == 1);
}

TEST_CASE("an id stays if it is a colour of its own, else it is one near the label's, the same each time") {
  const LabelMap labels(
      {panoptic_label("thing", 1, LabelKind::thing), panoptic_label("stuff", 2, LabelKind::stuff)});
  const SegmentIds ids(labels);
  std::vector<SegmentIds::Wanted> wanted{
      {0, 77}, {0, 77}, {0, 0}, {0, -4}, {0, kMaxSegmentId + 1}, {0, kMaxSegmentId}, {1, 0}};
  const std::vector<std::uint32_t> given = ids.give(wanted);
  CHECK(given == ids.give(wanted));
  CHECK(given[0] == 77);
  CHECK(given[5] == kMaxSegmentId);
  CHECK(given[6] == segment_of_colour(labels.colour(1)));
  CHECK(given[1] == segment_of_colour(labels.colour(0)));
  for (std::size_t i = 0; i < given.size(); ++i) {
    CHECK(given[i] != 0);
    for (std::size_t k = 0; k < i; ++k) CHECK(given[i] != given[k]);
  }
  const Rgb base = labels.colour(0), near = colour_of_segment(given[2]);
  CHECK(std::abs(base.r - near.r) <= 30);
  CHECK(std::abs(base.g - near.g) <= 30);
  const std::vector<SegmentIds::Wanted> many(60'000, SegmentIds::Wanted{0, 0});
  std::vector<std::uint32_t> all = ids.give(many);
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  CHECK(all.front() > 0);
  CHECK(all.back() <= kMaxSegmentId);
}

TEST_CASE(
    "a label of unknown kind is written as a thing unless it is named as stuff, and comes back unknown") {
  const Scratch scratch;
  Metadata metadata;
  metadata.labels =
      LabelMap({panoptic_label("a", 1, LabelKind::unknown), panoptic_label("b", 2, LabelKind::unknown)});
  const Written written = write(scratch, metadata, {}, {"stuff=b"});
  CHECK(written.json["categories"][0]["isthing"] == 1);
  CHECK(written.json["categories"][1]["isthing"] == 0);
  CHECK(rules(written) == Texts{"kind-guessed"});
  const auto source = coco_panoptic().open({scratch / "out", {}});
  CHECK(source->metadata().labels[0].kind == LabelKind::unknown);
  CHECK(source->metadata().labels[1].kind == LabelKind::stuff);
  CHECK_FALSE(source->metadata().labels[0].colour.has_value());
  const Error error = thrown_by([&] { write(scratch, metadata, {}, {"stuff=bb"}); });
  CHECK(error.code() == Code::usage);
  CHECK_THAT(error.hint_text(), contains("did you mean b?"));
}

TEST_CASE("an item that nobody annotated has no annotation, and one without a size is an error of its own") {
  const Scratch scratch;
  Item item = item_of({});
  item.annotated = false;
  const Written written = write(scratch, street(), {item});
  CHECK(written.json["annotations"].empty());
  CHECK(written.json["images"].size() == 1);
  const ReadDataSet read = read_data_set(coco_panoptic(), scratch / "out", {});
  CHECK_FALSE(read.items.at(0).annotated);
  item.annotated = true;
  item.size.reset();
  CHECK(thrown_by([&] { write(scratch, street(), {item}); }).code() == Code::bad_value);
}

TEST_CASE("one file cannot hold the masks") {
  const Scratch scratch;
  CHECK(thrown_by([&] {
          coco_panoptic().create({scratch / "a.json", Overwrite::no, Media::none, street(), {}});
        }).code() == Code::usage);
}

TEST_CASE("polygons, label masks and void become the segments that they show") {
  const Scratch scratch;
  Metadata metadata;
  metadata.labels =
      LabelMap({panoptic_label("ground", 0, LabelKind::unknown, Role::background),
                panoptic_label("car", 1, LabelKind::thing), panoptic_label("sky", 2, LabelKind::stuff),
                panoptic_label("void", 255, LabelKind::unknown, Role::ignore)});
  Item drawn = item_of({});
  drawn.id = "drawn";
  Annotation polygon;
  polygon.label = 1;
  polygon.shape = Polygon{{{{{0, 0}, {4, 0}, {4, 4}, {0, 4}}, {{{1, 1}, {1, 3}, {3, 3}, {3, 1}}}}}};
  drawn.annotations = {polygon};
  Item painted = item_of({});
  painted.id = "painted";
  painted.source_id = 6;
  auto coding = std::make_shared<MaskCoding>();
  coding->values = {{0, 0}, {1, 1}, {2, 2}, {255, 3}};
  MaskRef mask;
  mask.file = scratch.write("mask.png", png_mask({2, 1, 2, 1, 255, 0}, kSize));
  mask.coding = coding;
  painted.semantic = mask;
  const auto source = make_source(metadata, {drawn, painted});
  Findings findings;
  convert(*source, coco_panoptic(), {scratch / "out", Overwrite::no, Media::none, metadata, {}}, {},
          {.command = "test", .inputs = {}}, findings, [](const std::vector<Loss>&) {});
  const ReadDataSet read = read_data_set(coco_panoptic(), scratch / "out");
  CHECK(read.findings.empty());
  CHECK(read.labels() == metadata.labels);
  REQUIRE(read.items.size() == 2);
  REQUIRE(read.items[0].annotations.size() == 1);
  CHECK(area(std::get<Rle>(read.items[0].annotations[0].shape)) == 16 - 4);
  // Two columns of cars, all of the sky as one, and the void.
  const std::vector<Annotation>& segments = read.items[1].annotations;
  REQUIRE(segments.size() == 4);
  CHECK(segments[0].label == 1);
  CHECK(segments[1].label == 1);
  CHECK(segments[2].label == 2);
  CHECK(area(std::get<Rle>(segments[2].shape)) == 8);
  CHECK(segments[3].label == 3);
  CHECK(segments[3].shape == Shape(rectangle(kSize, 4, 0, 5, 4)));
}
