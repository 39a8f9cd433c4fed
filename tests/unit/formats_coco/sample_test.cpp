// SPDX-License-Identifier: Apache-2.0
// The six images of COCO that lie beside the checkout. Areas and boxes were computed by pycocotools 2.0
// (annToRLE, area and toBbox), which defines them.
#include <boost/filesystem.hpp>
#include <map>

#include "catch.h"
#include "dataset/rle.h"
#include "formats/coco/coco.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

struct Golden {
  std::int64_t id, area;
  Box box;
};

constexpr Golden kGolden[] = {
    {150977, 43516, {175, 176, 321, 239}}, {167614, 93711, {0, 74, 416, 305}},
    {185837, 7096, {379, 203, 67, 178}},   {187883, 1761, {446, 222, 32, 98}},
    {197843, 3013, {538, 209, 41, 127}},   {214259, 542, {595, 230, 16, 53}},
    {228338, 533, {611, 225, 18, 53}},     {228575, 123, {634, 230, 6, 53}},
    {257712, 952, {433, 219, 23, 105}},    {436111, 33222, {37, 123, 254, 400}},
    {588082, 2123, {194, 98, 52, 64}},     {588100, 357, {165, 137, 22, 29}},
    {588110, 327, {122, 138, 17, 25}},     {644215, 3268, {90, 481, 137, 78}},
    {1175651, 524, {549, 244, 28, 51}},    {1178136, 127, {446, 264, 13, 11}},
    {1202321, 378, {577, 233, 17, 48}},    {1349040, 141, {366, 231, 14, 13}},
    {1435553, 361, {530, 265, 18, 35}},    {1492051, 193, {508, 386, 10, 30}},
    {1493335, 173, {201, 386, 8, 25}},     {1493837, 165, {471, 293, 10, 24}},
    {1493969, 152, {481, 295, 10, 22}},    {1494339, 141, {83, 296, 8, 24}},
    {1495049, 134, {120, 300, 8, 25}},     {1495178, 91, {70, 308, 6, 18}},
    {1495219, 96, {181, 301, 8, 21}},      {1495422, 141, {175, 298, 7, 25}},
    {1495491, 85, {55, 316, 7, 13}},       {1495580, 130, {171, 394, 8, 23}},
    {1706431, 677, {188, 207, 28, 45}},    {1869404, 108, {535, 302, 12, 15}},
    {2093295, 148, {531, 284, 9, 26}},     {2176580, 94, {587, 260, 11, 14}},
    {2176610, 84, {584, 248, 11, 10}},     {904400464689, 791, {131, 294, 116, 127}}};

Path sample() {
  const Path data = real_data();
  if (data.empty()) WARN("skipped: ../shared/data is not there");
  return data.empty() ? data : data / "formats" / "coco";
}

std::map<std::int64_t, Rle> masks_of(const Reading& reading) {
  std::map<std::int64_t, Rle> masks;
  for (const Item& item : reading.items)
    for (const Annotation& annotation : item.annotations)
      masks[*annotation.id] = rasterise(annotation.shape, *item.size);
  return masks;
}

void check_golden(const Reading& reading) {
  const auto masks = masks_of(reading);
  REQUIRE(masks.size() == std::size(kGolden));
  for (const Golden& golden : kGolden) {
    CAPTURE(golden.id);
    CHECK(area(masks.at(golden.id)) == golden.area);
    CHECK(bounding_box(masks.at(golden.id)) == golden.box);
  }
}

}  // namespace

TEST_CASE("COCO's own annotations are read as pycocotools reads them") {
  const Path path = sample();
  if (path.empty()) return;
  const Reading reading = read_coco(path);
  CHECK(reading.findings.empty());
  REQUIRE(reading.items.size() == 6);
  std::map<std::string, std::size_t> counts;
  for (const Item& item : reading.items) {
    counts[item.id] = item.annotations.size();
    CHECK(item.annotated);
    CHECK(fs::exists(item.image));
    CHECK(item.file_name == item.id + ".jpg");
  }
  CHECK(reading.items.front().id == "000000128372");
  CHECK(reading.items.front().source_id == 128372);
  CHECK(reading.items.front().size == Size{640, 427});
  CHECK(counts == std::map<std::string, std::size_t>{{"000000128372", 16},
                                                     {"000000404249", 2},
                                                     {"000000343934", 1},
                                                     {"000000194216", 3},
                                                     {"000000464689", 14},
                                                     {"000000000089", 0}});
  check_golden(reading);
}

TEST_CASE("COCO's labels, licences and info are kept") {
  const Path path = sample();
  if (path.empty()) return;
  const Metadata metadata = read_coco(path).metadata;
  CHECK(metadata.labels.size() == 80);
  CHECK(metadata.labels[0].name == "person");
  CHECK(metadata.labels[0].id == 1);
  CHECK(metadata.labels[0].supercategory == "person");
  CHECK(metadata.labels.find_id(90) == metadata.labels.find("toothbrush"));
  CHECK(metadata.description == "COCO 2017 Dataset");
  REQUIRE(metadata.licences.size() == 8);
  CHECK(metadata.licences[3] ==
        Licence{4, "Attribution License", "http://creativecommons.org/licenses/by/2.0/"});
  REQUIRE(find_attribute(metadata.attributes, "info"));
  CHECK_THAT(std::get<JsonText>(*find_attribute(metadata.attributes, "info")).text,
             contains("\"year\":2017"));
}

TEST_CASE("one crowd and one object of two parts come out as such") {
  const Path path = sample();
  if (path.empty()) return;
  std::size_t crowds = 0, several_parts = 0;
  for (const Item& item : read_coco(path).items)
    for (const Annotation& annotation : item.annotations) {
      CHECK(annotation.flags.crowd.has_value());
      CHECK(std::holds_alternative<Rle>(annotation.shape) == (annotation.flags.crowd == true));
      crowds += annotation.flags.crowd == true;
      const auto* polygon = std::get_if<Polygon>(&annotation.shape);
      several_parts += polygon && polygon->parts.size() == 2;
      CHECK(annotation.box.has_value());
      CHECK(annotation.area.has_value());
      CHECK(annotation.origin.line.value_or(0) > 1);
    }
  CHECK(crowds == 1);
  CHECK(several_parts == 1);
}

TEST_CASE("COCO's annotations are the same after writing and reading") {
  const Path path = sample();
  if (path.empty()) return;
  const Reading reading = read_coco(path);
  const Scratch scratch;
  write_coco(scratch / "out", reading.metadata, reading.items, Media::copy);
  const Reading again = read_coco(scratch / "out");
  CHECK(again.findings.empty());
  CHECK(again.metadata == reading.metadata);
  REQUIRE(again.items.size() == reading.items.size());
  for (std::size_t i = 0; i < again.items.size(); ++i) {
    CHECK(again.items[i].id == reading.items[i].id);
    CHECK(again.items[i].source_id == reading.items[i].source_id);
    CHECK(again.items[i].attributes == reading.items[i].attributes);
    CHECK(again.items[i].annotations == reading.items[i].annotations);
    CHECK(fs::equivalent(again.items[i].image, scratch / "out" / "images" / again.items[i].file_name));
  }
  check_golden(again);
}
