// SPDX-License-Identifier: Apache-2.0
#include "formats/voc/voc_labels.h"

#include <set>

#include "catch.h"
#include "formats/voc/output_labels.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Label label_of(std::string name, std::optional<std::int64_t> id, Role role = Role::object) {
  Label label;
  label.name = std::move(name);
  label.id = id;
  label.role = role;
  return label;
}

std::vector<std::string> described(const std::vector<Label>& labels) {
  std::vector<std::string> texts;
  for (const Label& label : labels)
    texts.push_back(label.name + "=" + (label.id ? std::to_string(*label.id) : "-") +
                    (label.role == Role::background ? " background"
                     : label.role == Role::ignore   ? " ignore"
                                                    : ""));
  return texts;
}
std::vector<std::string> described(const LabelMap& labels) {
  return described(std::vector<Label>(labels.begin(), labels.end()));
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("VOC's own labels are those of the development kit") {
  const LabelMap labels(voc_labels());
  CHECK(labels.size() == 22);
  CHECK(labels.background() == 0);
  CHECK(labels[labels.find("aeroplane").value()].id == 1);
  CHECK(labels[labels.find("person").value()].id == 15);
  CHECK(labels[labels.find("tvmonitor").value()].id == 20);
  CHECK(labels[labels.find("void").value()].role == Role::ignore);
  CHECK(labels.colour(labels.find("person").value()) == Rgb{192, 128, 128});
  CHECK(labels.colour(labels.find("void").value()) == Rgb{224, 224, 192});
  CHECK(are_voc_names({"cat", "dog"}));
  CHECK_FALSE(are_voc_names({"cat", "bear"}));
  CHECK_FALSE(are_voc_names({}));
}

TEST_CASE("CVAT's labelmap.txt is read: colours, order, parts and actions") {
  const auto labels = parse_voc_labelmap(
      "# label:color_rgb:parts:actions\n"
      "background:0,0,0::\n"
      "car : new:250,50,83::\r\n"
      "\n"
      "person:192,128,12:head,hand:jumping,running\n",
      "labelmap.txt");
  CHECK(described(labels) == Texts{"background=0 background", "car : new=1", "person=2"});
  CHECK(labels[1].colour == Rgb{250, 50, 83});
  REQUIRE(labels[2].attributes.size() == 2);
  CHECK(labels[2].attributes[0].name == "parts");
  CHECK(labels[2].attributes[1].values == Texts{"jumping", "running"});
}

TEST_CASE("where every colour is one of VOC's colour map, its place there is the id") {
  // As datumaro writes VOC's own labels: the lines are sorted by id, and void is the last.
  CHECK(described(parse_voc_labelmap(
            "background:0,0,0::\ncat:64,0,0::\ntvmonitor:0,64,128::\nignored:224,224,192::\n",
            "labelmap.txt")) ==
        Texts{"background=0 background", "cat=8", "tvmonitor=20", "ignored=255 ignore"});
  CHECK(described(parse_voc_labelmap("background\ncat:\n", "labelmap.txt")) ==
        Texts{"background=0 background", "cat=1"});
}

TEST_CASE("lines that say nothing legal are errors with their number") {
  for (const char* text :
       {"a:1,2,3::\n:1,2,3::", "a:1,2,3::\nb:1,2::", "a:1,2,3::\nb:1,2,256::", "a:1,2,3::\nb:x::",
        "a:1,2,3::\n# ids: 1 2", "a:1,2,3::\n# ids: one", "a:1,2,3::\n# ids: 1=thing"}) {
    CAPTURE(text);
    const Error error = thrown_by([&] { parse_voc_labelmap(text, "labelmap.txt"); });
    CHECK(error.code() == Code::bad_value);
    CHECK(error.place() == Place{"labelmap.txt", 2, ""});
  }
}

TEST_CASE("names, ids, roles and colours come back from labelmap.txt") {
  std::vector<Label> labels{label_of("nothing here", 0, Role::background),
                            label_of("a:b", 17),
                            label_of("Käse", 3),
                            label_of("border", 255, Role::ignore),
                            label_of("more void", 9, Role::ignore),
                            label_of("unnumbered", std::nullopt)};
  labels[2].colour = Rgb{1, 2, 3};
  const LabelMap map(labels);
  const LabelMap back(parse_voc_labelmap(to_voc_labelmap(map), "labelmap.txt"));
  CHECK(described(back) == described(map));
  for (int i = 0; i < map.size(); ++i) CHECK(back.colour(i) == map.colour(i));
  CHECK(parse_voc_labelmap(to_voc_labelmap(LabelMap()), "labelmap.txt").empty());
}

TEST_CASE("a name that a line cannot hold is refused") {
  for (const char* name : {"two\nlines", "#hash", " blank", "bell\a", "\xff"})
    CHECK(thrown_by([&] { to_voc_labelmap(LabelMap({label_of(name, 1)})); }).code() == Code::unsupported);
}

TEST_CASE("files of names are numbered as their writers mean them") {
  CHECK(described(parse_voc_names("__ignore__\n_background_\naeroplane\ncat\n", "labels.txt")) ==  // labelme
        Texts{"__ignore__=255 ignore", "_background_=0 background", "aeroplane=1", "cat=2"});
  CHECK(described(parse_voc_names("cat\n\n dog \r\n", "classes.txt")) == Texts{"cat=1", "dog=2"});
  CHECK(thrown_by([] { parse_voc_names("cat\ncat\n", "classes.txt"); }).place().line == 2);
}

TEST_CASE("a palette's numbers are given: legal ids stay, others move and are reported") {
  Findings findings;
  // The Oxford pets' trimaps: 1 pet, 2 background, 3 border.
  const OutputLabels pets =
      output_labels(LabelMap({label_of("pet", 1), label_of("background", 2, Role::background),
                              label_of("border", 3, Role::ignore)}),
                    findings);
  CHECK(described(pets.painting) == Texts{"pet=1", "background=0 background", "border=255 ignore"});
  CHECK(described(pets.with_masks) == described(pets.painting));
  CHECK(pets.values == std::vector<int>{1, 0, 255});
  CHECK(findings.by_rule().at("label-renumbered") == 2);

  Findings others;
  const OutputLabels coco =
      output_labels(LabelMap({label_of("zero", 0), label_of("person", 1), label_of("lamp", 90),
                              label_of("far", 1203), label_of("fresh", std::nullopt)}),
                    others);
  CHECK(described(coco.plain) == Texts{"zero=2", "person=1", "lamp=90", "far=3", "fresh=4"});
  CHECK(described(coco.with_masks) == Texts{"background=0 background", "zero=2", "person=1", "lamp=90",
                                            "far=3", "fresh=4", "void=255 ignore"});
  CHECK(coco.values == std::vector<int>{2, 1, 90, 3, 4, 0, 255});
  CHECK(others.by_rule().at("label-renumbered") == 2);
}

TEST_CASE("an object that is called background does not become it") {
  Findings findings;
  const OutputLabels labels =
      output_labels(LabelMap({label_of("background", 1), label_of("void", 2)}), findings);
  CHECK(described(labels.with_masks) ==
        Texts{"_background_=0 background", "background=1", "void=2", "__ignore__=255 ignore"});
}

TEST_CASE("more labels than a palette has places keep their ids and get no number") {
  std::vector<Label> many;
  for (int i = 1; i <= 300; ++i) many.push_back(label_of("label" + std::to_string(i), i));
  Findings findings;
  const OutputLabels labels = output_labels(LabelMap(many), findings);
  CHECK(findings.empty());
  CHECK(labels.plain == LabelMap(many));
}

TEST_CASE("a label without a colour is written in one that no other label has") {
  std::vector<Label> stated{label_of("road", 1), label_of("sky", 2), label_of("tree", 3)};
  stated[0].colour = voc_colour(2);
  stated[2].colour = voc_colour(0);  // that of the background, which is added
  Findings findings;
  const OutputLabels labels = output_labels(LabelMap(stated), findings);
  std::set<Rgb> colours;
  for (int i = 0; i < labels.painting.size(); ++i) colours.insert(labels.painting.colour(i));
  CHECK(static_cast<int>(colours.size()) == labels.painting.size());
  CHECK(labels.painting.colour(0) == voc_colour(2));
  CHECK(labels.painting.colour(2) == voc_colour(0));
  CHECK(labels.palette.at(2) == labels.painting.colour(1));
  CHECK(labels.plain.colour(1) == labels.painting.colour(1));
}
