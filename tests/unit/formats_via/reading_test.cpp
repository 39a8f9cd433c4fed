// SPDX-License-Identifier: Apache-2.0
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Shape shape_of(const std::string& shape) {
  const auto annotations = via_annotations("[" + via_region(shape) + "]");
  REQUIRE(annotations.size() == 1);
  return annotations.front().shape;
}

ReadDataSet read_image(const Scratch& scratch, const std::string& regions,
                       std::vector<std::string> settings = {"label-attribute=label"}) {
  scratch.write("a.png", png_picture());
  return read_data_set(via(), scratch.write("via.json", "{\n" + via_image(regions) + "\n}"),
                       std::move(settings));
}

}  // namespace

TEST_CASE("each shape of VIA is read in pixels from the corner") {
  CHECK(shape_of(R"("name": "rect", "x": 1, "y": 2.5, "width": 3, "height": 4.125)") ==
        Shape(Box{1, 2.5, 3, 4.125}));
  CHECK(shape_of(R"("name": "circle", "cx": 1, "cy": 2, "r": 3.5)") == Shape(Ellipse{{1, 2}, 3.5, 3.5, 0}));
  CHECK(shape_of(R"("name": "ellipse", "cx": 1, "cy": 2, "rx": 3, "ry": 4)") ==
        Shape(Ellipse{{1, 2}, 3, 4, 0}));
  CHECK(shape_of(R"("name": "ellipse", "cx": 1, "cy": 2, "rx": 3, "ry": 4, "theta": 0.5235987755982988)") ==
        Shape(Ellipse{{1, 2}, 3, 4, 30}));  // pi / 6
  CHECK(shape_of(R"("name": "polygon", "all_points_x": [0, 5, 5.25], "all_points_y": [0, 0, 3])") ==
        Shape(Polygon{{{{{0, 0}, {5, 0}, {5.25, 3}}, {}}}}));
  CHECK(shape_of(R"("name": "polyline", "all_points_x": [0, 5], "all_points_y": [1, 2])") ==
        Shape(Polyline{{{0, 1}, {5, 2}}}));
  CHECK(shape_of(R"("name": "point", "cx": 1, "cy": 2)") == Shape(Points{{{1, 2}}}));
}

TEST_CASE("VIA 1 numbers its regions, closes its polygons and may write numbers as texts") {
  const auto annotations = via_annotations(
      "{\"0\": " +
      via_region(R"("name": "polygon", "all_points_x": [0, 5, 5, 0], "all_points_y": [0, 0, 3, 0])") +
      ", \"1\": " + via_region(R"("name": "rect", "x": "1", "y": " 2", "width": "3", "height": "4.5")") +
      "}");
  REQUIRE(annotations.size() == 2);
  CHECK(annotations[0].shape == Shape(Polygon{{{{{0, 0}, {5, 0}, {5, 3}}, {}}}}));
  CHECK(annotations[1].shape == Shape(Box{1, 2, 3, 4.5}));
}

TEST_CASE("a region's other attributes are the annotation's, checkboxes among them") {
  const auto annotations = via_annotations("[" +
                                           via_region(R"("name": "point", "cx": 1, "cy": 2)",
                                                      R"("label": "cat", "note": "a b", "": "x",
                                                               "quality": {"blurred": true, "dark": false},
                                                               "flags": {"occluded": true, "crowd": false},
                                                               "score": 0.5, "group": 3, "z_order": -1)") +
                                           "]");
  REQUIRE(annotations.size() == 1);
  CHECK(annotations[0].attributes ==
        Attributes{{"note", std::string("a b")}, {"quality", JsonText{"{\"blurred\":true,\"dark\":false}"}}});
  CHECK(annotations[0].flags.occluded == true);
  CHECK(annotations[0].flags.crowd == false);
  CHECK(annotations[0].score == 0.5);
  CHECK(annotations[0].group == 3);
  CHECK(annotations[0].z_order == -1);
}

TEST_CASE("what somebody typed under a name of ours stays an attribute") {
  const auto annotations = via_annotations(
      "[" +
      via_region(R"("name": "point", "cx": 1, "cy": 2)",
                 R"("label": "cat", "score": "0.5", "group": "b", "flags": {"red": true}, "z_order": 1.5)") +
      "]");
  CHECK(annotations.at(0).attributes == Attributes{{"score", std::string("0.5")},
                                                   {"group", std::string("b")},
                                                   {"flags", JsonText{"{\"red\":true}"}},
                                                   {"z_order", 1.5}});
}

TEST_CASE("a region that cannot be read costs itself, with its place") {
  for (const std::string& broken : std::initializer_list<std::string>{
           "7", "null", "{}", "{\"shape_attributes\": 7}", via_region(""), via_region("\"name\": \"blob\""),
           via_region(R"("name": "rect", "x": 1, "y": 2, "width": 3)"),
           via_region(R"("name": "rect", "x": 1, "y": 2, "width": 3, "height": null)"),
           via_region(R"("name": "rect", "x": 1, "y": 2, "width": 3, "height": "wide")"),
           via_region(R"("name": "polygon", "all_points_x": [1, 2, 3], "all_points_y": [1, 2])"),
           via_region(R"("name": "polygon", "all_points_x": [1, 2], "all_points_y": [1, 2])"),
           via_region(R"("name": "polygon", "all_points_x": 1, "all_points_y": 2)"),
           via_region(R"("name": "polyline", "all_points_x": [], "all_points_y": [])")}) {
    INFO(broken);
    const Scratch scratch;
    const ReadDataSet read = read_image(
        scratch, "[\n" + broken + ",\n" + via_region(R"("name": "point", "cx": 1, "cy": 2)") + "]");
    CHECK(read.rules() == std::map<std::string, int>{{"unreadable-annotation", 1}});
    CHECK(read.findings.at(0).place.line == 3);
    CHECK_THAT(read.findings.at(0).place.field, contains("regions[0]"));
    REQUIRE(read.items.size() == 1);
    CHECK(read.items[0].annotations.size() == 1);
  }
}

TEST_CASE("an entry that is no image costs itself") {
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  const ReadDataSet read =
      read_data_set(via(), scratch.write("via.json", "{\"b\": [],\n\"c\": {\"regions\": []},\n" +
                                                         via_image("[]") + ",\n\"d\": {\"filename\": 7}}"));
  CHECK(read.ids() == std::vector<std::string>{"a"});
  CHECK(read.rules() ==
        std::map<std::string, int>{{"label-missing", 1}, {"no-file-name", 1}, {"unreadable-image", 2}});
  CHECK(read.finding("no-file-name").place.line == 2);
  CHECK(thrown_by([&] {
          read_data_set(via(), scratch.write("broken.json", "{" + via_image("[") + "}"));
        }).code() == Code::bad_format);
  CHECK(thrown_by([&] {
          read_data_set(via(), scratch.write("deep.json", "{" + via_image("[]") +
                                                              ", \"x\": " + std::string(100'000, '[')));
        }).code() == Code::bad_format);
}

TEST_CASE("the label is the only attribute, or that of a usual name, or the one that is named") {
  const Scratch scratch;
  const std::string point = R"("name": "point", "cx": 1, "cy": 2)";
  const auto label_of = [&](const std::string& attributes, std::vector<std::string> settings = {}) {
    const ReadDataSet read =
        read_image(scratch, "[" + via_region(point, attributes) + "]", std::move(settings));
    const auto label = read.items.at(0).annotations.at(0).label;
    return (label ? read.labels()[*label].name : "none") + (read.rules().empty() ? "" : "?");
  };
  CHECK(label_of(R"("kind of thing": "cat")") == "cat");
  CHECK(label_of(R"("note": "n", "Class": "cat")") == "cat?");
  CHECK(label_of(R"("note": "n", "Class": "cat")", {"label-attribute=note"}) == "n");
  CHECK(label_of(R"("label": 7)") == "7");
  CHECK(label_of(R"("label": {"cat": false, "dog": true})") == "dog");
  CHECK(label_of(R"("label": "")") == "none");
  CHECK(label_of(R"("label": "")", {"label=thing"}) == "thing");
  CHECK(label_of("") == "region?");
  CHECK(label_of("", {"label=thing"}) == "thing");
  CHECK_THAT(thrown_by([&] { label_of(R"("note": "n", "mood": "m")"); }).message(),
             contains("\"note\", \"mood\""));
  CHECK(thrown_by([&] { label_of(R"("note": "n")", {"label-attribute=mood"}); }).code() == Code::bad_value);
  const ReadDataSet several =
      read_image(scratch, "[" + via_region(point, R"("label": {"cat": true, "dog": true})") + "]");
  CHECK(several.rules() == std::map<std::string, int>{{"several-labels", 1}});
  CHECK(several.items[0].annotations[0].attributes ==
        Attributes{{"label", JsonText{"{\"cat\":true,\"dog\":true}"}}});
}

TEST_CASE("the options of a project are the labels in their order, with the numbers of COCO's categories") {
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  const std::string regions = "[" + via_region(R"("name": "point", "cx": 1, "cy": 2)", "\"kind\": \"3\"") +
                              "," + via_region(R"("name": "point", "cx": 1, "cy": 2)", "\"kind\": \"new\"") +
                              "]";
  const ReadDataSet read = read_data_set(
      via(), scratch.write("p.json", via_project(via_image(regions, "a.png", "{\"place\": \"here\"}"),
                                                 R"("kind": {"type": "dropdown", "description": "",
                                                    "options": {"zebra": "with stripes", "3": "cat", "7": ""},
                                                    "default_options": {}})")));
  CHECK(read.rules().empty());
  const LabelMap& labels = read.labels();
  REQUIRE(labels.size() == 4);
  CHECK(labels[0].name == "zebra");
  CHECK(labels[1].name == "cat");
  CHECK(labels[1].id == 3);
  CHECK(labels[2].name == "7");
  CHECK_FALSE(labels[2].id);
  CHECK(labels[3].name == "new");
  CHECK(read.items[0].annotations[0].label == 1);
  CHECK(read.items[0].annotations[1].label == 3);
  CHECK(read.items[0].attributes == Attributes{{"place", std::string("here")}});
}
