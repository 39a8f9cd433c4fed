// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/label_files.h"

#include "support/scratch.h"

using namespace maskmill;
using maskmill::tests::contains;
using maskmill::tests::Scratch;
using maskmill::tests::thrown_by;

namespace {

std::vector<std::string> names_in(const LabelFile& file) {
  std::vector<std::string> names;
  for (const Label& label : file.labels) names.push_back(label.name);
  return names;
}

Error document_error(const std::string& text) {
  return thrown_by([&] { parse_label_document(text, "labels.json"); });
}

}  // namespace

TEST_CASE("labels.json gives each label all that it states") {
  const LabelFile file = parse_label_document(R"({
    "coding": "colour", "subsets": ["val", "train"],
    "labels": [
      {"name": "sky", "id": 7, "color": [70, 130, 180], "supercategory": "nature", "kind": "stuff"},
      {"name": "car", "id": 26, "kind": "thing", "value": 3},
      {"name": "else", "role": "background"},
      {"name": "void", "id": 255, "role": "ignore"}]})",
                                              "labels.json");
  CHECK(file.coding == PixelCoding::colour);
  CHECK(file.subsets == std::vector<std::string>{"val", "train"});
  REQUIRE(file.labels.size() == 4);
  CHECK(file.labels[0].colour == Rgb{70, 130, 180});
  CHECK(file.labels[0].supercategory == "nature");
  CHECK(file.labels[0].kind == LabelKind::stuff);
  CHECK(file.labels[1].id == 26);
  CHECK(file.labels[1].kind == LabelKind::thing);
  CHECK(!file.labels[1].colour);
  CHECK(!file.labels[2].id);
  CHECK(file.labels[2].role == Role::background);
  CHECK(file.labels[3].role == Role::ignore);
  CHECK(file.values == std::vector<int>{7, 3, 2, 255});
}

TEST_CASE("what labels.json may not say is an error with its field") {
  CHECK(document_error("[]").code() == Code::bad_value);
  CHECK(document_error("{\"labels\": [\n{]}").place().line == 2);
  CHECK(document_error(R"({"labels": [{"name": "a"}, {"nam": "b"}]})").place().field == "labels[1].nam");
  CHECK_THAT(document_error(R"({"labels": [{"nam": "b"}]})").hint_text(), contains("\"name\""));
  CHECK(document_error(R"({"labels": [{"id": 1}]})").place().field == "labels[0].name");
  CHECK(document_error(R"({"labels": [7]})").place().field == "labels[0]");
  for (const char* colour : {"[1, 2]", "[1, 2, 256]", "[1, 2, -1]", "\"red\"", "[1, 2, 3.5]"})
    CHECK(document_error(std::string(R"({"labels": [{"name": "a", "color": )") + colour + "}]}")
              .place()
              .field == "labels[0].color");
  CHECK(document_error(R"({"labels": [{"name": "a", "role": "bg"}]})").place().field == "labels[0].role");
  CHECK(document_error(R"({"labels": [{"name": "a", "value": 65536}]})").place().field == "labels[0].value");
  CHECK(document_error(R"({"labels": [{"name": "a", "id": 18446744073709551615}]})").place().field ==
        "labels[0].id");
  CHECK_THAT(document_error(R"({"labels": [{"name": "a"}, {"name": "a"}]})").message(), contains("\"a\""));
  CHECK_THAT(document_error(R"({"labels": [{"name": "a", "id": 1}, {"name": "b"}]})").message(),
             contains("value 1"));
  CHECK(document_error(R"({"labels": [], "subsets": "train"})").place() ==
        Place{"labels.json", {}, "subsets"});
}

TEST_CASE("a names file numbers its lines from 0, through CRLF, a byte order mark and empty lines") {
  const LabelFile file =
      parse_label_names("\xEF\xBB\xBFsky\r\n\r\n traffic light \r\nrue de l'\xC3\x89glise\n\n", "codes.txt");
  CHECK(names_in(file) == std::vector<std::string>{"sky", "traffic light", "rue de l'\xC3\x89glise"});
  CHECK(file.values == std::vector<int>{0, 2, 3});
  CHECK(file.labels[1].id == 2);
}

TEST_CASE("a names file that names a label twice, or is not UTF-8, is an error") {
  CHECK_THAT(thrown_by([] { parse_label_names("a\nb\na\n", "codes.txt"); }).message(), contains("\"a\""));
  const Error latin1 = thrown_by([] { parse_label_names("a\n\xC9glise\n", "codes.txt"); });
  CHECK(latin1.place() == Place{"codes.txt", 2, ""});
  CHECK_THAT(latin1.hint_text(), contains("UTF-8"));
}

TEST_CASE("a colours file may have the colour first or last, blanks, tabs or commas, and comments") {
  const LabelFile file = parse_label_colours(
      "# CamVid\n64 128 64\tAnimal\n192,0,128,Archway\n\n0 128 192   Traffic  cone 2\nSky 128 128 128\n",
      "label_colors.txt");
  CHECK(names_in(file) == std::vector<std::string>{"Animal", "Archway", "Traffic  cone 2", "Sky"});
  CHECK(file.labels[0].colour == Rgb{64, 128, 64});
  CHECK(file.labels[2].colour == Rgb{0, 128, 192});
  CHECK(file.labels[3].colour == Rgb{128, 128, 128});
  CHECK(file.values == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("a line of a colours file that is no colour and name is an error with its line") {
  const Error error = thrown_by([] { parse_label_colours("1 2 3 a\n\n1 2 300 b\n", "label_colors.txt"); });
  CHECK(error.place() == Place{"label_colors.txt", 3, ""});
  CHECK_THAT(error.message(), contains("1 2 300 b"));
}

TEST_CASE("a text file is taken for colours or for names by its first label") {
  const Scratch scratch;
  CHECK(read_label_file(scratch.write("a.txt", "# c\n0 0 0 none\n")).labels[0].colour == Rgb{0, 0, 0});
  CHECK(!read_label_file(scratch.write("b.txt", "0 none\n1 some\n")).labels[0].colour);
  CHECK(thrown_by([&] { read_label_file(scratch.write("c.txt", "\n \n")); }).code() == Code::bad_value);
  CHECK(thrown_by([&] { read_label_file(scratch / "d.txt"); }).code() == Code::not_found);
  CHECK(thrown_by([&] { read_label_file(scratch.path()); }).code() == Code::unreadable);
}

TEST_CASE("Kaggle's class_dict.csv has a head and names with blanks") {
  const Scratch scratch;
  const LabelFile file = read_label_file(scratch.write(
      "class_dict.csv", "name,r,g,b\r\nAnimal,64,128,64\r\nTraffic Cone,0, 0, 64\r\nVoid,0,0,0\r\n"));
  CHECK(names_in(file) == std::vector<std::string>{"Animal", "Traffic Cone", "Void"});
  CHECK(file.labels[1].colour == Rgb{0, 0, 64});
  CHECK(file.values == std::vector<int>{0, 1, 2});
  const auto found = find_label_file({scratch.path()});
  REQUIRE(found);
  CHECK(names_in(*found) == names_in(file));
  const Error again =
      thrown_by([] { parse_label_colours("name,r,g,b\na,1,2,3\nname,r,g,b\n", "class_dict.csv"); });
  CHECK(again.place() == Place{"class_dict.csv", 3, ""});
}

TEST_CASE("names that have their numbers before them keep these, where all have") {
  const LabelFile numbered = parse_label_names("0: unlabeled\n1: person\n12: street sign\n", "labels.txt");
  CHECK(names_in(numbered) == std::vector<std::string>{"unlabeled", "person", "street sign"});
  CHECK(numbered.values == std::vector<int>{0, 1, 12});
  CHECK(numbered.labels[2].id == 12);
  const LabelFile mixed = parse_label_names("0: unlabeled\nperson\n", "labels.txt");
  CHECK(names_in(mixed) == std::vector<std::string>{"0: unlabeled", "person"});
  CHECK(thrown_by([] { parse_label_names("1: a\n1: b\n", "labels.txt"); }).code() == Code::bad_value);
}

TEST_CASE("ADE20K's objectInfo150.txt names the benchmark's classes") {
  const Scratch scratch;
  const LabelFile file = read_label_file(scratch.write("objectInfo150.txt",
                                                       "Idx\tRatio\tTrain\tVal\tStuff\tName\n"
                                                       "1\t0.1576\t11664\t1172\t1\twall\n"
                                                       "2\t0.1072\t6046\t612\t0\tbuilding, edifice\n"));
  CHECK(names_in(file) == std::vector<std::string>{"other", "wall", "building, edifice"});
  CHECK(file.values == std::vector<int>{0, 1, 2});
  CHECK(file.labels[0].role == Role::ignore);
  CHECK(file.labels[1].kind == LabelKind::stuff);
  CHECK(file.labels[2].kind == LabelKind::thing);
  const Error error = thrown_by([&] {
    read_label_file(scratch.write("cut.txt", "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\t0.1576\t11664\n"));
  });
  CHECK(error.place().line == 2);
}

TEST_CASE("reading a written labels.json gives the labels back") {
  Label sky;
  sky.name = "Himmel \"blau\"\n\xE2\x98\x81";
  sky.id = -4;
  sky.colour = Rgb{1, 2, 3};
  sky.supercategory = "nature";
  sky.kind = LabelKind::stuff;
  Label none;
  none.name = "none";
  none.role = Role::background;
  Label unclear;
  unclear.name = "unclear";
  unclear.id = 300;
  unclear.role = Role::ignore;
  unclear.kind = LabelKind::thing;
  for (const PixelCoding coding :
       {PixelCoding::automatic, PixelCoding::index, PixelCoding::binary, PixelCoding::colour}) {
    const LabelFile file{coding, {"b", "a"}, {sky, none, unclear}, {0, 1, 300}};
    const LabelFile back = parse_label_document(to_text(file), "labels.json");
    CHECK(back.coding == file.coding);
    CHECK(back.subsets == file.subsets);
    CHECK(back.labels == file.labels);
    CHECK(back.values == file.values);
  }
}

TEST_CASE("labels.json is UTF-8 or not written") {
  Label label;
  label.name = "\xC9glise";
  CHECK(thrown_by([&] {
          to_text(LabelFile{PixelCoding::index, {}, {label}, {0}});
        }).code() == Code::bad_value);
}

TEST_CASE("label files are found by name, our own document first") {
  const Scratch scratch;
  const std::vector<Path> folders{scratch / "none", scratch.path()};
  CHECK(!find_label_file(folders));
  scratch.write("label_colors.txt", "9 9 9 sky\n1 1 1 road\n");
  CHECK(names_in(*find_label_file(folders)) == std::vector<std::string>{"sky", "road"});
  // The names file numbers the labels; the colours go by name.
  scratch.write("codes.txt", "road\nsky\nsea\n");
  const LabelFile joined = *find_label_file(folders);
  CHECK(names_in(joined) == std::vector<std::string>{"road", "sky", "sea"});
  CHECK(joined.labels[1].colour == Rgb{9, 9, 9});
  CHECK(!joined.labels[2].colour);
  scratch.write("labels.json", R"({"labels": [{"name": "one"}]})");
  CHECK(names_in(*find_label_file(folders)) == std::vector<std::string>{"one"});
}
