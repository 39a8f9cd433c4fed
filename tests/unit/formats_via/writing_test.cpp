// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Metadata metadata_of(const std::vector<std::string>& names) {
  Metadata metadata;
  for (const std::string& name : names) {
    Label label;
    label.name = name;
    metadata.labels.add(label);
  }
  return metadata;
}

Item item_of(std::vector<Annotation> annotations, const std::string& id = "a") {
  Item item;
  item.id = id;
  item.file_name = id + ".png";
  item.annotations = std::move(annotations);
  return item;
}

Annotation annotation_of(Shape shape, int label = 0) {
  Annotation annotation;
  annotation.label = label;
  annotation.shape = std::move(shape);
  return annotation;
}

}  // namespace

TEST_CASE("a project is written as VIA 2 saves it") {
  const Scratch scratch;
  Annotation box = annotation_of(Box{1, 2.5, 3, 4});
  box.flags.occluded = false;
  box.attributes = {{"note", std::string("a \"b\"")}};
  Item item = item_of({box, annotation_of(Ellipse{{1, 2}, 3, 3, 0}, 1)});
  item.image = scratch.write("there/x.png", png_picture());
  item.attributes = {{"place", std::string("here")}};
  Metadata metadata = metadata_of({"zebra", "cat"});
  CHECK(write_via(scratch / "out", metadata, {item}, Media::copy).empty());
  const Json project = read_json(scratch / "out/via_project.json");
  const std::string key = "a.png" + std::to_string(png_picture().size());
  CHECK(project["_via_image_id_list"] == Json::parse("[\"" + key + "\"]"));
  CHECK(project["_via_data_format_version"] == "2.0.10");
  CHECK(project["_via_settings"]["core"]["default_filepath"] == "./");
  CHECK(project["_via_settings"]["ui"]["image"]["region_label"] == "label");
  CHECK(project["_via_attributes"] == Json::parse(R"({
    "region": {
      "label": {"type": "dropdown", "description": "", "options": {"zebra": "", "cat": ""}, "default_options": {}},
      "flags": {"type": "checkbox", "description": "",
                "options": {"crowd": "", "occluded": "", "truncated": "", "difficult": ""}, "default_options": {}},
      "note": {"type": "text", "description": "", "default_value": ""}},
    "file": {"place": {"type": "text", "description": "", "default_value": ""}}})"));
  CHECK(project["_via_img_metadata"][key] ==
        Json::parse(R"({"filename": "a.png", "size": )" + std::to_string(png_picture().size()) +
                    R"(, "regions": [
    {"shape_attributes": {"name": "rect", "x": 1, "y": 2.5, "width": 3, "height": 4},
     "region_attributes": {"label": "zebra", "flags": {"occluded": false}, "note": "a \"b\""}},
    {"shape_attributes": {"name": "circle", "cx": 1, "cy": 2, "r": 3}, "region_attributes": {"label": "cat"}}],
    "file_attributes": {"place": "here"}})"));
  CHECK(fs::exists(scratch / "out/a.png"));
}

TEST_CASE("a label's number is its option's id, unless another label has that for a name") {
  const Scratch scratch;
  Metadata metadata;
  Label cat, seven;
  cat.name = "cat";
  cat.id = 7;
  seven.name = "7";
  metadata.labels = LabelMap({cat});
  CHECK(write_via(scratch / "a.json", metadata, {item_of({annotation_of(Points{{{1, 1}}})})}).empty());
  CHECK(read_json(scratch / "a.json")["_via_attributes"]["region"]["label"]["options"] == Json{{"7", "cat"}});
  metadata.labels = LabelMap({cat, seven});
  const auto findings = write_via(scratch / "b.json", metadata, {item_of({annotation_of(Points{{{1, 1}}})})});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "ids-lost");
  CHECK(read_json(scratch / "b.json")["_via_attributes"]["region"]["label"]["options"] ==
        Json{{"cat", ""}, {"7", ""}});
}

TEST_CASE("what a project said of its attributes and settings is written back") {
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  const ReadDataSet read = read_data_set(
      via(),
      scratch.write(
          "p.json",
          via_project(
              via_image("[" + via_region(R"("name": "point", "cx": 1, "cy": 2)", "\"kind\": \"b\"") + "]"),
              R"("kind": {"type": "radio", "description": "what it is", "options": {"a": "A", "b": "B"},
                                    "default_options": {"a": true}},
                                   "mood": {"type": "text", "description": "", "default_value": "good"}, "unused": 7)",
              "\"buffer_size\": 5")),
      {"label-attribute=kind"});
  write_via(scratch / "out.json", read.source->metadata(), read.items);
  const Json project = read_json(scratch / "out.json");
  CHECK(project["_via_settings"]["core"]["buffer_size"] == 5);
  CHECK(project["_via_attributes"]["region"]["mood"]["default_value"] == "good");
  CHECK(project["_via_attributes"]["region"]["kind"] ==
        Json::parse(R"({"type": "radio", "description": "what it is", "options": {"a": "", "b": ""},
                        "default_options": {"a": true}})"));
}

TEST_CASE("an annotation that VIA cannot hold is left out, and said") {
  const Scratch scratch;
  const auto findings =
      write_via(scratch / "a.json", metadata_of({"x"}),
                {item_of({annotation_of(Polygon{}), annotation_of(Points{}),
                          annotation_of(Points{{{0.0 / 0.0, 0}}}), annotation_of(Points{{{1, 1}}})})});
  CHECK(std::ranges::count(findings, "annotation-left-out", &Finding::rule) == 3);
  CHECK(read_data_set(via(), scratch / "a.json").items.at(0).annotations.size() == 1);
}

TEST_CASE("one file holds no images and no subsets") {
  const Scratch scratch;
  Metadata metadata = metadata_of({"x"});
  CHECK(thrown_by([&] { write_via(scratch / "a.json", metadata, {}, Media::copy); }).code() == Code::usage);
  metadata.subsets = {"train"};
  CHECK(thrown_by([&] { write_via(scratch / "a.json", metadata, {}); }).code() == Code::usage);
  CHECK_FALSE(fs::exists(scratch / "a.json"));
}

TEST_CASE("images may stay where they are") {
  const Scratch scratch;
  Item item = item_of({annotation_of(Points{{{1, 1}}})});
  item.image = scratch.write("there/x.png", png_picture());
  write_via(scratch / "a.json", metadata_of({"x"}), {item}, Media::reference);
  const ReadDataSet read = read_data_set(via(), scratch / "a.json");
  CHECK(read.rules().empty());
  CHECK(read.items.at(0).image == item.image);
  CHECK(read_json(scratch / "a.json")["_via_settings"]["core"]["default_filepath"] == "file://");
}

TEST_CASE("holes are lost, and the object stays") {
  const Scratch scratch;
  const PolygonPart ring{{{0, 0}, {4, 0}, {4, 4}}, {{{3, 1}, {3.5, 1}, {3.5, 1.5}}}};
  CHECK(
      write_via(scratch / "a.json", metadata_of({"x"}), {item_of({annotation_of(Polygon{{ring}})})}).empty());
  const ReadDataSet read = read_data_set(via(), scratch / "a.json");
  CHECK(read.items.at(0).annotations.at(0).shape == Shape(Polygon{{{ring.exterior, {}}}}));
}
