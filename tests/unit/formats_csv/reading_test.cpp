// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/csv/csv.h"
#include "support.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Ids = std::vector<std::string>;
using Rules = std::map<std::string, int>;

/// An image and its mask, and the row that names them.
std::string put(const Scratch& scratch, const std::string& name, const std::vector<int>& values = {0, 1, 2}) {
  scratch.write("images/" + name + ".jpg", jpeg_picture());
  scratch.write("masks/" + name + ".png", png_mask(values));
  return "images/" + name + ".jpg,masks/" + name + ".png,0,2,3,[0 1 2]\n";
}

ReadDataSet read(const Path& path, std::vector<std::string> settings = {}) {
  return read_data_set(csv(), path, std::move(settings));
}

}  // namespace

TEST_CASE("tables of subsets come first, in their rows' order, and df_data has the rest") {
  const Scratch scratch;
  const std::string a = put(scratch, "a"), b = put(scratch, "b"), c = put(scratch, "c"),
                    d = put(scratch, "d");
  scratch.write("df_data.csv", kHeader + a + b + c + d);
  scratch.write("df_train.csv", kHeader + c + a);
  scratch.write("df_valid.csv", kHeader + b);
  scratch.write("images/t.jpg", jpeg_picture());
  scratch.write("df_test.csv", "img_name,height,width,channel\nimages/t.jpg,4,6,3\n");
  scratch.write("df_label.csv", "label_id,label_name\n0,ground\n1,road\n2,car\n");
  CHECK(csv().probe(scratch.path()).confidence == 92);
  const ReadDataSet data = read(scratch.path());
  CHECK(data.findings.empty());
  CHECK(data.ids() == Ids{"t", "c", "a", "b", "d"});
  CHECK(data.source->metadata().subsets == Ids{"test", "train", "val"});
  CHECK(data.items[1].subset == "train");
  CHECK(data.items[3].subset == "val");
  CHECK(data.items[4].subset.empty());
  CHECK_FALSE(data.items[0].annotated);  // a test table names no masks
  CHECK(data.labels()[2].name == "car");
  CHECK(data.items[2].origin == Place{(scratch / "df_train.csv").string(), 3, {}});
  CHECK(cv::countNonZero(semantic_of(data.items[1], data.labels()).labels == 2) == 8);
}

TEST_CASE("values that the tables list and no label names are unknown_x") {
  const Scratch scratch;
  const std::string row = "images/a.jpg,masks/a.png,0,4,3,\"[0 1\n 4]\"\n";
  put(scratch, "a", {0, 1, 4});
  scratch.write("df_data.csv", kHeader + row);
  scratch.write("df_label.csv", "label_id,label_name\n0,ground\n1,road\n");
  ReadDataSet data = read(scratch.path());
  REQUIRE(data.labels().size() == 3);
  CHECK(data.labels()[2].name == "unknown_3");
  CHECK(data.labels()[2].id == 4);
  fs::remove(scratch / "df_label.csv");
  scratch.write("labels.txt", "ground\nroad\n");
  CHECK(read(scratch.path()).labels().size() == 3);
  fs::remove(scratch / "labels.txt");
  CHECK(read(scratch.path()).labels()[2].name == "4");
}

TEST_CASE("any table of images and masks is read: other names, separators, subsets, attributes") {
  const Scratch scratch;
  put(scratch, "a"), put(scratch, "b c");
  scratch.write("list.csv",
                "\xEF\xBB\xBFimage_path;Mask;patient;split;weight\r\n"
                "images/a.jpg;masks/a.png;\"Doe; J.\";train;0.5\r\n"
                ".\\images\\b c.jpg;masks\\b c.png;7;test;\r\n");
  CHECK(csv().probe(scratch.path()).confidence == 78);
  CHECK(csv().probe(scratch / "list.csv").confidence == 85);
  for (const char* path : {"", "list.csv"}) {
    const ReadDataSet data = read(scratch / path);
    CHECK(data.findings.empty());
    CHECK(data.ids() == Ids{"a", "b c"});
    CHECK(data.items[0].subset == "train");
    CHECK(data.items[1].subset == "test");
    CHECK(data.items[0].attributes == Attributes{{"patient", std::string("Doe; J.")}, {"weight", 0.5}});
    CHECK(data.items[1].attributes == Attributes{{"patient", std::int64_t{7}}});
  }
}

TEST_CASE("settings name the columns and where the paths begin") {
  const Scratch scratch;
  put(scratch, "a");
  scratch.write("tables/list.csv", "photo,truth,part\na.jpg,a.png,x\n");
  scratch.write("tables/flat/a.jpg", jpeg_picture());
  scratch.write("tables/flat/a.png", png_mask({0, 1}));
  CHECK(csv().probe(scratch / "tables").confidence == 0);
  const std::vector<std::string> settings{"image-column=photo", "mask-column=truth", "subset-column=part",
                                          "root=flat"};
  const ReadDataSet data = read(scratch / "tables/list.csv", settings);
  REQUIRE(data.items.size() == 1);
  CHECK(data.items[0].image == scratch / "tables/flat/a.jpg");
  CHECK(data.items[0].subset == "x");
  const Error wrong = thrown_by([&] { read(scratch / "tables/list.csv", {"image-column=photos"}); });
  CHECK(wrong.code() == Code::usage);
  CHECK_THAT(wrong.hint_text(), contains("photo"));
}

TEST_CASE("paths of another machine are read from here, and a note says so") {
  const Scratch scratch;
  put(scratch, "deep/a"), put(scratch, "deep/b");
  scratch.write("df_data.csv",
                std::string(kHeader) +
                    "/home/them/images/deep/a.jpg,/home/them/masks/deep/a.png,0,2,3,[0 1 2]\n"
                    "/home/them/images/deep/b.jpg,/home/them/masks/deep/b.png,0,2,3,[0 1 2]\n");
  const ReadDataSet data = read(scratch.path());
  CHECK(data.ids() == Ids{"deep/a", "deep/b"});
  CHECK(data.rules() == Rules{{"paths-moved", 2}});
  CHECK_THAT(data.finding("paths-moved").message, contains("/home/them/"));
  CHECK(data.finding("paths-moved").severity == Severity::note);
}

TEST_CASE("a row that cannot be used costs itself, and its line is said") {
  const Scratch scratch;
  const std::string a = put(scratch, "a"), b = put(scratch, "b"), c = put(scratch, "c");
  scratch.write("images/x.jpg", jpeg_picture());
  scratch.write("df_train.csv", kHeader + a +                                 // line 2
                                    "images/gone.jpg,masks/a.png,0,2,3,[]\n"  // 3
                                    "too,few\n"                               // 4
                                    "images/x.jpg,masks/gone.png,0,2,3,[]\n"  // 5
                                    "images/b.jpg,,,,,\n" +                   // 6
                                    a +                                       // 7
                                    "\"images\"/a.jpg,x,0,2,3,[]\n"           // 8
                                    ",masks/a.png,0,2,3,[]\n" +               // 9
                                    c);
  const ReadDataSet data = read(scratch.path());
  CHECK(data.ids() == Ids{"a", "x", "b", "c"});
  CHECK_FALSE(data.items[1].annotated);
  CHECK_FALSE(data.items[2].annotated);
  CHECK(data.rules() ==
        Rules{{"pair-missing", 2}, {"unlabelled-item", 1}, {"unreadable-row", 3}, {"listed-twice", 1}});
  std::vector<std::size_t> lines;
  for (const Finding& finding : data.findings) lines.push_back(*finding.place.line);
  std::ranges::sort(lines);
  CHECK(lines == std::vector<std::size_t>{3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("an image in two subsets is reported and read once; so are two of one name") {
  const Scratch scratch;
  const std::string a = put(scratch, "a"), b = put(scratch, "b");
  scratch.write("images/b.png", png_picture());
  scratch.write("df_train.csv", kHeader + a + b);
  scratch.write("df_valid.csv", kHeader + a + "images/b.png,masks/b.png,0,2,3,[]\n");
  const ReadDataSet data = read(scratch.path());
  CHECK(data.ids() == Ids{"a", "b"});
  CHECK(data.rules() == Rules{{"listed-twice", 1}, {"same-name", 1}});
  CHECK_THAT(data.finding("listed-twice").message, contains("df_train.csv"));
}

TEST_CASE("a broken mask costs its item, whether labels are named or found") {
  const Scratch scratch;
  const std::string rows = put(scratch, "a") + put(scratch, "b");
  scratch.write("masks/b.png", "no picture");
  scratch.write("df_data.csv", kHeader + rows);
  CHECK(read(scratch.path()).ids() == Ids{"a"});
  CHECK(read(scratch.path()).rules() == Rules{{"unreadable-mask", 1}});
  scratch.write("df_label.csv", "label_id,label_name\n0,g\n1,h\n2,i\n");
  CHECK(read(scratch.path()).rules() == Rules{{"unreadable-mask", 1}});
}

TEST_CASE("masks of 0 and 255 are binary, and settings say what labels mean") {
  const Scratch scratch;
  put(scratch, "a", {0, 255});
  scratch.write("t.csv", "image,mask\nimages/a.jpg,masks/a.png\n");
  CHECK(read(scratch.path()).labels().background() == 0);
  CHECK(read(scratch.path(), {"coding=index", "ignore=255"}).labels().is_ignored(1));
}

TEST_CASE("what names no pictures is no such table") {
  const Scratch scratch;
  scratch.write("classes/list.csv", "image,label\nimages/a.jpg,cat\n");
  scratch.write("openimages/list.csv", "MaskPath,ImageID,LabelName\na.png,1,/m/01\n");
  scratch.write("test/df_test.csv", "img_name,height\na.jpg,4\n");
  scratch.write("wide/t.csv", std::string_view("\xFF\xFE"
                                               "i\0",
                                               4));
  for (const char* name : {"classes", "classes/list.csv", "openimages", "test", "wide", "wide/t.csv"}) {
    INFO(name);
    CHECK(csv().probe(scratch / name).confidence < 30);
  }
  for (const char* name : {"classes", "openimages", "test", "wide/t.csv"})
    CHECK(thrown_by([&] { read(scratch / name); }).code() != Code::bug);
}
