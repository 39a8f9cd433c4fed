// SPDX-License-Identifier: Apache-2.0
#include "formats/cityscapes/polygons.h"

#include <rapidcheck.h>

#include <cmath>

#include "formats/scenes/scene_labels.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

LabelMap all_labels() {
  const Scratch scratch;
  return read_scene_labels(scratch.path(), SceneLabelSet::all).map;
}

struct Read {
  CityscapesPolygons polygons;
  std::vector<Finding> findings;
};

Read read_text(const std::string& text, std::optional<int> others = std::nullopt,
               LabelMap labels = all_labels()) {
  const Scratch scratch;
  Read read;
  read.polygons = read_cityscapes_polygons(scratch.write("a.json", text), labels, others, read.findings);
  return read;
}

std::string document(const std::string& objects) {
  return R"({"imgHeight": 4, "imgWidth": 8, "objects": [)" + objects + "]}";
}

const std::string kTriangle = R"("polygon": [[0, 0], [4, 0], [0, 4]])";

}  // namespace

TEST_CASE("objects keep their order, their coordinates and their place in the file") {
  const Read read = read_text(
      "{\"imgHeight\": 4,\n\"imgWidth\": 8, \"objects\": [\n{\"label\": \"road\", "
      "\"polygon\": [[0, 1], [2.25, -3], [1e1, 4]]},\n{\"label\": \"car\", " +
      kTriangle + "}]}");
  CHECK(read.findings.empty());
  CHECK(read.polygons.size == Size{8, 4});
  const LabelMap labels = all_labels();
  REQUIRE(read.polygons.annotations.size() == 2);
  const Annotation& road = read.polygons.annotations[0];
  CHECK(labels[*road.label].name == "road");
  CHECK(std::get<Polygon>(road.shape).parts.at(0).exterior == Ring{{0, 1}, {2.25, -3}, {10, 4}});
  CHECK(road.z_order == 0);
  CHECK(road.origin.line == 3u);
  CHECK(read.polygons.annotations[1].z_order == 1);
}

TEST_CASE("a group is a crowd of its label, but for polegroup, which is a label") {
  const Read read = read_text(
      document(R"({"label": "cargroup", )" + kTriangle + R"(}, {"label": "polegroup", )" + kTriangle +
               R"(}, {"label": "car", )" + kTriangle + R"(}, {"label": "ego vehicle", )" + kTriangle + "}"));
  const LabelMap labels = all_labels();
  REQUIRE(read.polygons.annotations.size() == 4);
  const auto& all = read.polygons.annotations;
  CHECK(labels[*all[0].label].name == "car");
  CHECK(all[0].flags.crowd == true);
  CHECK(labels[*all[1].label].name == "polegroup");
  CHECK_FALSE(all[1].flags.crowd);
  CHECK_FALSE(all[2].flags.crowd);
  CHECK(all[3].flags.crowd == true);  // void is neither right nor wrong
}

TEST_CASE("deleted objects are passed over, whatever else is wrong with them") {
  const Read read = read_text(document(
      R"({"deleted": 1, "label": "gone", "polygon": []}, {"label": "car", "deleted": true, "polygon": [[1, 2]]},
    {"label": "car", "deleted": 0, )" +
      kTriangle + "}"));
  CHECK(read.findings.empty());
  REQUIRE(read.polygons.annotations.size() == 1);
  CHECK(read.polygons.annotations[0].z_order == 2);
}

TEST_CASE("an object that cannot be read costs itself, not its neighbours") {
  for (const std::string bad :
       {R"({"label": "car", "polygon": []})", R"({"label": "car", "polygon": [[0, 0], [1, 1]]})",
        R"({"label": "car", "polygon": [[0, 0, 0], [1, 1], [2, 0]]})",
        R"({"label": "car", "polygon": [["a", 0], [1, 1], [2, 0]]})",
        R"({"label": "car", "polygon": [[0, 1e9], [1, 1], [2, 0]]})",
        R"({"label": "car", "polygon": [[0, NaN], [1, 1], [2, 0]]})", R"({"label": "car", "polygon": 5})",
        R"({"label": 5, "polygon": [[0, 0], [1, 1], [2, 0]]})", R"({"label": "car"})",
        R"({"polygon": [[0, 0], [1, 1], [2, 0]]})", R"({"label": "car" "polygon": []})", "5", "[[]]",
        "null"}) {
    INFO(bad);
    const Read read = read_text(document(bad + R"(, {"label": "car", )" + kTriangle + "}"));
    REQUIRE(read.findings.size() == 1);
    CHECK(read.findings[0].rule == "bad-object");
    CHECK(read.findings[0].place.field == "objects[0]");
    CHECK(read.polygons.annotations.size() == 1);
  }
}

TEST_CASE("labels that nobody knows are named; those that nobody trains on are void") {
  const Read unknown = read_text(
      document(R"({"label": "dragon", )" + kTriangle + R"(}, {"label": "dragongroup", )" + kTriangle + "}"));
  CHECK(unknown.polygons.annotations.empty());
  REQUIRE(unknown.findings.size() == 2);
  CHECK(unknown.findings[0].rule == "unknown-label");
  CHECK_THAT(unknown.findings[0].message, contains("dragon"));

  const Scratch scratch;
  const LabelMap trained = read_scene_labels(scratch.path(), SceneLabelSet::train).map;
  const Read read = read_text(
      document(R"({"label": "caravan", )" + kTriangle + R"(}, {"label": "trailergroup", )" + kTriangle + "}"),
      trained.find_id(kTrainVoid), trained);
  REQUIRE(read.polygons.annotations.size() == 2);
  for (const Annotation& annotation : read.polygons.annotations) {
    CHECK(trained.is_ignored(*annotation.label));
    CHECK(annotation.flags.crowd == true);
  }
}

TEST_CASE("a file that is none is an error with its place, and sizes that are none are passed over") {
  for (const std::string text : {"", "[]", "{", "{}", R"({"objects": 5})", R"({"objects": [}})"}) {
    INFO(text);
    CHECK(thrown_by([&] { read_text(text); }).code() == Code::bad_format);
  }
  CHECK(thrown_by([] { read_text(document(std::string(100000, '['))); }).code() == Code::bad_format);
  for (const std::string size : {"-4", "0", "\"4\"", "4.5", "99999999999999999999", "1073741824"}) {
    const Read read = read_text(R"({"imgHeight": )" + size + R"(, "imgWidth": 8, "objects": []})");
    CHECK(!read.polygons.size);
    REQUIRE(read.findings.size() == 1);
    CHECK(read.findings[0].rule == "bad-size");
  }
}

TEST_CASE("polygons are written to the last digit, and only where nothing is lost") {
  const LabelMap labels = all_labels();
  const bool holds = rc::check([&] {
    std::vector<Annotation> annotations(static_cast<std::size_t>(*rc::gen::inRange(0, 5)));
    for (std::size_t i = 0; i < annotations.size(); ++i) {
      Annotation& one = annotations[i];
      one.label = *rc::gen::inRange(0, labels.size());
      one.z_order = static_cast<int>(i);
      if (labels.is_ignored(*one.label) ||
          (tells_objects_apart(labels[*one.label]) && *rc::gen::arbitrary<bool>()))
        one.flags.crowd = true;
      Ring ring(static_cast<std::size_t>(*rc::gen::inRange(3, 9)));
      for (Point& point : ring) {
        const double any = *rc::gen::arbitrary<double>();
        point = {std::abs(any) < 1e8 ? any : 2.5, static_cast<double>(*rc::gen::inRange(-5, 2049))};
      }
      one.shape = Polygon{{{ring, {}}}};
    }
    std::vector<const Annotation*> pointers;
    for (const Annotation& one : annotations) pointers.push_back(&one);
    const auto text = cityscapes_polygons_text({2048, 1024}, pointers, labels);
    RC_ASSERT(text.has_value());
    const Read read = read_text(*text);
    RC_ASSERT(read.findings.empty());
    RC_ASSERT(read.polygons.size == (Size{2048, 1024}));
    RC_ASSERT(read.polygons.annotations == annotations);
  });
  CHECK(holds);

  Annotation holed;
  holed.label = 7;
  holed.shape = Polygon{{{{{0, 0}, {9, 0}, {9, 9}}, {{{5, 1}, {6, 1}, {6, 2}}}}}};
  Annotation parts = holed, none = holed, mask = holed;
  parts.shape = Polygon{{{{{0, 0}, {9, 0}, {9, 9}}, {}}, {{{5, 1}, {6, 1}, {6, 2}}, {}}}};
  none.shape = Polygon{{{{{0, 0}, {9, 0}, {9, 9}}, {}}}};
  none.label.reset();
  mask.shape = Rle{{2, 2}, {0, 4}};
  for (const Annotation& one : {holed, parts, none, mask}) {
    const std::vector<const Annotation*> pointers{&one};
    CHECK_FALSE(cityscapes_polygons_text({20, 10}, pointers, labels));
  }
}
