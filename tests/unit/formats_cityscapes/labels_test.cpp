// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "formats/scenes/scene_labels.h"
#include "formats/scenes/scene_sink.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Label named(const std::string& name, LabelKind kind = LabelKind::unknown, Role role = Role::object) {
  Label label;
  label.name = name;
  label.kind = kind;
  label.role = role;
  return label;
}

}  // namespace

TEST_CASE("Cityscapes' labels: ids from -1 to 33, 19 of them evaluated, ten with instances") {
  std::set<int> ids, train_ids;
  int with_instances = 0;
  for (const SceneLabel& label : scene_labels()) {
    ids.insert(label.id);
    if (label.train_id != kTrainVoid) train_ids.insert(label.train_id);
    with_instances += label.has_instances;
  }
  CHECK(scene_labels().size() == 35);
  CHECK(ids.size() == 35);
  CHECK(*ids.begin() == -1);
  CHECK(*ids.rbegin() == 33);
  CHECK(train_ids.size() == 19);
  CHECK(*train_ids.begin() == 0);
  CHECK(*train_ids.rbegin() == 18);
  CHECK(with_instances == 10);
}

TEST_CASE("a name is found with its blanks or, as datumaro writes it, without") {
  REQUIRE(find_scene_label("traffic light"));
  CHECK(find_scene_label("trafficlight") == find_scene_label("traffic light"));
  CHECK(find_scene_label("train")->id == 31);
  for (const char* other : {"", "trafficligh", "traffic lights", "Car", "ca", "cargroup"})
    CHECK(!find_scene_label(other));
}

TEST_CASE("all labels keep their ids; those of the category void mean void") {
  const Scratch scratch;
  const SceneLabels labels = read_scene_labels(scratch.path(), SceneLabelSet::all);
  REQUIRE(labels.map.size() == 35);
  CHECK(labels.map[*labels.map.find("license plate")].id == -1);
  CHECK(labels.map.is_ignored(*labels.map.find("static")));
  CHECK_FALSE(labels.map.is_ignored(*labels.map.find("caravan")));
  CHECK(labels.map[*labels.map.find("caravan")].kind == LabelKind::thing);
  CHECK(labels.map[*labels.map.find("road")].kind == LabelKind::stuff);
  CHECK(labels.values.size() == 34);
}

TEST_CASE("training ids: 19 labels, and all others void") {
  const Scratch scratch;
  const SceneLabels labels = read_scene_labels(scratch.path(), SceneLabelSet::train);
  REQUIRE(labels.map.size() == 20);
  CHECK(labels.map[0].name == "road");
  CHECK(labels.map[0].id == 0);
  CHECK(labels.map[18].name == "bicycle");
  CHECK(labels.map[19].id == 255);
  CHECK(labels.map.is_ignored(19));
  const auto label_of = [&](int value) {
    return std::ranges::find(labels.values, value, &std::pair<int, int>::first)->second;
  };
  CHECK(label_of(7) == 0);
  CHECK(label_of(33) == 18);
  CHECK(label_of(29) == 19);
  CHECK(label_of(9) == 19);
}

TEST_CASE("datumaro's list of colours numbers its labels from 0, and has their roles from Cityscapes") {
  const Scratch scratch;
  scratch.write("label_colors.txt",
                "0 0 0 unlabeled\n111 74 0 dynamic\n250 170 30 trafficlight\n1 2 3 dog\n");
  const SceneLabels labels = read_scene_labels(scratch.path(), SceneLabelSet::all);
  REQUIRE(labels.map.size() == 4);
  CHECK(labels.map.is_ignored(1));
  CHECK(labels.map[2].id == 2);
  CHECK(labels.map[2].kind == LabelKind::stuff);
  CHECK(labels.map[3].role == Role::object);
  CHECK(read_scene_labels(scratch.path(), SceneLabelSet::train).map.size() == 2);
}

TEST_CASE("labels.json is read back as it is written, and what is wrong in it is named") {
  const Scratch scratch;
  std::vector<Label> labels{named("pet", LabelKind::thing), named("lawn", LabelKind::stuff), named("plate")};
  labels[0].id = 4;
  scratch.write("labels.json", scene_label_document(labels, {34, 35, kNoSceneValue}));
  const SceneLabels read = read_scene_labels(scratch.path(), SceneLabelSet::all);
  CHECK(std::ranges::equal(read.map, labels));
  CHECK(read.values == std::vector<std::pair<int, int>>{{34, 0}, {35, 1}});

  for (const char* text :
       {R"({"labels": [{"name": "a", "value": 70000}]})", R"({"labels": [{"name": "a", "value": -2}]})",
        R"({"labels": [{"name": "a", "value": 1}, {"name": "b", "value": 1}]})",
        R"({"labels": [{"name": "a", "id": 1}, {"name": "a", "id": 2}]})", R"({"labels": 3})"}) {
    INFO(text);
    rewrite(scratch / "labels.json", text);
    const Error error = thrown_by([&] { read_scene_labels(scratch.path(), SceneLabelSet::all); });
    CHECK(error.code() == Code::bad_value);
    CHECK(error.place().file == (scratch / "labels.json").string());
  }
}

TEST_CASE("an output gives Cityscapes' labels their ids, and others numbers from 34, things first") {
  LabelMap labels({named("lawn", LabelKind::stuff), named("dog"), named("car", LabelKind::thing),
                   named("trafficlight"), named("license plate"),
                   named("nothing", LabelKind::unknown, Role::background)});
  const SceneOutputLabels out = scene_output_labels(labels, kCityscapesNumbers);
  CHECK(out.values == std::vector<int>{35, 34, 26, 19, kNoSceneValue, 36});
  CHECK(out.train_values == std::vector<int>{255, 255, 13, 6, 255, 255});
}

TEST_CASE("labels of objects must leave room for their objects' numbers") {
  LabelMap labels;
  for (int i = 0; i < 31; ++i) labels.add(named("thing " + std::to_string(i)));
  CHECK(scene_output_labels(labels, kCityscapesNumbers).values.back() == 64);
  labels.add(named("one more"));
  const Error error = thrown_by([&] { scene_output_labels(labels, kCityscapesNumbers); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.message(), contains("32 labels of objects") && contains("31"));
  CHECK(scene_output_labels(labels, kKittiNumbers).values.back() == 65);
  for (int i = 0; i < 189; ++i) labels.add(named("more " + std::to_string(i)));
  CHECK(scene_output_labels(labels, kKittiNumbers).values.back() == 254);
  labels.add(named("too many"));
  CHECK(thrown_by([&] { scene_output_labels(labels, kKittiNumbers); }).code() == Code::bad_value);
}
