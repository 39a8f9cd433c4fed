// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "base/parallel.h"
#include "catch.h"
#include "formats/openimages/openimages.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// A data set of the image a, 8x8, with these tables of boxes and of masks.
ReadDataSet with_rows(const Scratch& scratch, const std::string& boxes, const std::string& masks = "") {
  scratch.write("d/class-descriptions-boxable.csv", "/m/04yx4,Man\n");
  scratch.write("d/images/a.jpg", jpeg_picture({8, 8}));
  scratch.write("d/train-annotations-bbox.csv", kBoxHeader + boxes);
  if (!masks.empty()) scratch.write("d/train-annotations-object-segmentation.csv", kMaskHeader + masks);
  return read_data_set(openimages(), scratch / "d");
}

}  // namespace

TEST_CASE("a row that cannot be read costs itself, with its place") {
  const Scratch scratch;
  const ReadDataSet read = with_rows(scratch,
                                     "a,x,/m/04yx4,1,0,0.5,0,0.5,0,0,0,0,0\n"
                                     "a,x,/m/04yx4,1,left,0.5,0,0.5,0,0,0,0,0\n"
                                     "a,x,/m/04yx4,1,nan,0.5,0,0.5,0,0,0,0,0\n"
                                     "a,x,/m/04yx4,1,,0.5,0,0.5,0,0,0,0,0\n"
                                     "a\n"
                                     "\"a\"b,x\n"
                                     "a,x,/m/04yx4,1,0.5,1,0.5,1,0,0,0,0,0\n");
  REQUIRE(read.items.size() == 1);
  CHECK(read.items[0].annotations.size() == 2);
  CHECK(read.rules() == std::map<std::string, int>{{"unreadable-row", 5}});
  std::vector<std::size_t> lines;
  for (const Finding& finding : read.findings) lines.push_back(finding.place.line.value_or(0));
  std::ranges::sort(lines);
  CHECK(lines == std::vector<std::size_t>{3, 4, 5, 6, 7});
}

TEST_CASE("flags, scores and boxes that are wrong are said") {
  const Scratch scratch;
  const ReadDataSet read = with_rows(scratch,
                                     "a,x,/m/04yx4,2,0,0.5,0,0.5,yes,0,0,0,0\n"
                                     "a,x,/m/04yx4,1.0,0.5,0.25,0,0.5,0,0,0,0,0\n"
                                     "a,x,/m/04yx4,0.25,0.5,0.5,0,0.5,0,0,0,0,0\n"
                                     "a,x,/m/04yx4,1,0.5,1.5,0,0.5,0,0,0,0,0\n");
  CHECK(read.rules() == std::map<std::string, int>{{"bad-flag", 1},
                                                   {"box-empty", 1},
                                                   {"box-inverted", 1},
                                                   {"outside-image", 1},
                                                   {"score-outside-range", 1}});
  REQUIRE(read.items.at(0).annotations.size() == 4);
  CHECK(read.items[0].annotations[1].score == 1.);
  CHECK(read.items[0].annotations[2].score == .25);
}

TEST_CASE("a mask that is missing or broken leaves its box") {
  const Scratch scratch;
  scratch.write("d/masks/a_m04yx4_00000002.png", "no picture");
  scratch.write("d/masks/a_m04yx4_00000003.png", "");
  scratch.write("d/masks/a_m04yx4_00000004.png", png_mask({1}, {8, 2}));
  const ReadDataSet read = with_rows(scratch, "",
                                     "a_m04yx4_00000001.png,a,/m/04yx4,00000001,0,1,0,1,,\n"
                                     "a_m04yx4_00000002.png,a,/m/04yx4,00000002,0,0.5,0,1,,\n"
                                     "a_m04yx4_00000003.png,a,/m/04yx4,00000003,0,0.5,0,0.5,,\n"
                                     "a_m04yx4_00000004.png,a,/m/04yx4,00000004,0,1,0,0.5,,\n"
                                     "../../secret.png,a,/m/04yx4,00000005,0,1,0,0.25,,\n"
                                     "/etc/passwd,a,/m/04yx4,00000006,0,1,0,0.125,,\n");
  REQUIRE(read.items.size() == 1);
  const auto& annotations = read.items[0].annotations;
  REQUIRE(annotations.size() == 6);
  CHECK(std::get<Box>(annotations[0].shape) == Box{0, 0, 8, 8});
  CHECK(std::get<Box>(annotations[1].shape) == Box{0, 0, 4, 8});
  CHECK(std::get<Box>(annotations[2].shape) == Box{0, 0, 4, 4});
  CHECK(std::holds_alternative<MaskRef>(annotations[3].shape));
  CHECK(read.rules() ==
        std::map<std::string, int>{
            {"mask-missing", 1}, {"mask-stretched", 1}, {"unreadable-mask", 2}, {"unsafe-file-name", 2}});
}

TEST_CASE("an image that cannot be read is left out, not its neighbours") {
  const Scratch scratch;
  scratch.write("d/images/b.jpg", "no picture");
  const ReadDataSet read =
      with_rows(scratch, "a,x,/m/04yx4,1,0,0.5,0,0.5,0,0,0,0,0\nb,x,/m/04yx4,1,0,0.5,0,0.5,0,0,0,0,0\n");
  CHECK(read.ids() == std::vector<std::string>{"a"});
  CHECK(read.rules() == std::map<std::string, int>{{"unreadable-image", 1}});
}

TEST_CASE("ids that lead out of a folder name no item") {
  const Scratch scratch;
  scratch.write("d/train-annotations-bbox.csv", kBoxHeader +
                                                    "../a,x,/m/04yx4,1,0,1,0,1,0,0,0,0,0\n"
                                                    "/a,x,/m/04yx4,1,0,1,0,1,0,0,0,0,0\n"
                                                    ".a,x,/m/04yx4,1,0,1,0,1,0,0,0,0,0\n"
                                                    ",x,/m/04yx4,1,0,1,0,1,0,0,0,0,0\n"
                                                    "a/b,x,/m/04yx4,1,0,1,0,1,0,0,0,0,0\n");
  const ReadDataSet read = read_data_set(openimages(), scratch / "d");
  CHECK(read.ids() == std::vector<std::string>{"a/b"});
  CHECK(read.rules().at("unsafe-file-name") == 4);
}

TEST_CASE("a folder without a table of Open Images is refused, with the reason") {
  const Scratch scratch;
  scratch.write("d/a.jpg", jpeg_picture());
  scratch.write("d/a.csv", "image,mask\na,b\n");
  const Error error = thrown_by([&] { openimages().open({scratch / "d"}); });
  CHECK(error.code() == Code::bad_format);
  CHECK(openimages().probe(scratch / "d").confidence == 0);
  CHECK(openimages().probe(scratch / "d/a.csv").confidence == 0);
  CHECK(openimages().probe(scratch / "nowhere").confidence == 0);
}

TEST_CASE("classes and hierarchies that are broken leave the rest readable") {
  const Scratch scratch;
  scratch.write("d/class-descriptions-boxable.csv",
                "/m/04yx4,Man\n/m/0a,Man\n/m/04yx4,Other\n/m/0b\n\n/m/0c,\n");
  scratch.write("d/bbox_labels_600_hierarchy.json", "[1, 2");
  scratch.write("d/images/a.jpg", jpeg_picture({8, 8}));
  scratch.write("d/train-annotations-bbox.csv", kBoxHeader + "a,x,/m/04yx4,1,0,0.5,0,0.5,0,0,0,0,0\n");
  const ReadDataSet read = read_data_set(openimages(), scratch / "d");
  std::vector<std::string> names;
  for (const Label& label : read.labels()) names.push_back(label.name);
  CHECK(names == std::vector<std::string>{"Man", "/m/0a", "/m/0c"});
  CHECK(read.rules() ==
        std::map<std::string, int>{
            {"duplicate-id", 1}, {"duplicate-name", 1}, {"file-left-out", 1}, {"unreadable-row", 1}});
}

TEST_CASE("a hierarchy in circles, and one that is deep, come to an end") {
  const Scratch scratch;
  Metadata metadata;
  for (const char* name : {"a", "b", "c"}) {
    Label label;
    label.name = name;
    label.supercategory = name == std::string("a") ? "b" : name == std::string("b") ? "a" : "thing";
    metadata.labels.add(label);
  }
  std::string deep;
  for (int i = 0; i < 150; ++i) deep += R"({"LabelName":"/m/0z","Subcategory":[)";
  for (int i = 0; i < 150; ++i) deep += "]}";
  write_items(openimages(), scratch / "d", metadata, {}, Media::none);
  scratch.write("d/train-annotations-bbox.csv", kBoxHeader + "a,x,/x/a,1,0,0.5,0,0.5,0,0,0,0,0\n");
  const ReadDataSet read = read_data_set(openimages(), scratch / "d");
  CHECK(read.labels()[0].supercategory == "b");
  CHECK(read.labels()[1].supercategory == "a");
  CHECK(read.labels()[2].supercategory == "thing");
  rewrite(scratch / "d/annotations/bbox_labels_600_hierarchy.json", deep);
  CHECK(read_data_set(openimages(), scratch / "d").labels().size() == 3);
}

TEST_CASE("an image of too many rows is left out, and the memory is bounded") {
  const Scratch scratch;
  std::string rows;
  const std::string row = "a,x,/m/04yx4,1,0,0.5,0,0.5,0,0,0,0,0\n";
  while (rows.size() < std::size_t{17} << 20) rows += row;
  const ReadDataSet read = with_rows(scratch, rows);
  CHECK(read.items.empty());
  CHECK(read.rules() == std::map<std::string, int>{{"unreadable-row", 1}});
}
