// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <boost/filesystem.hpp>

#include "catch.h"
#include "formats/coco/coco.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

std::string one_image(int id, const std::string& name,
                      const std::string& category = R"({"id": 1, "name": "cat"})") {
  return fmt::format(
      R"({{"images": [{{"id": {}, "file_name": "{}", "width": 4, "height": 4}}], "annotations": [{{"id": 1, "image_id": {}, "category_id": 1}}], "categories": [{}]}})",
      id, name, id, category);
}

// Images of these names, on one line, each with one annotation on the next.
std::string images_called(const std::vector<std::string>& names) {
  std::string images, annotations;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const char* comma = i == 0 ? "" : ", ";
    images +=
        fmt::format(R"({}{{"id": {}, "file_name": "{}", "width": 4, "height": 4}})", comma, i, names[i]);
    annotations += fmt::format(R"({}{{"image_id": {}}})", comma, i);
  }
  return "{\"images\": [" + images + "],\n\"annotations\": [" + annotations + "]}";
}

std::vector<std::string> ids(const Reading& reading) {
  std::vector<std::string> list;
  for (const Item& item : reading.items) list.push_back(item.subset + ":" + item.id);
  return list;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("COCO's own layout: subsets from the names, images in folders of those names") {
  const Scratch scratch;
  scratch.write("annotations/instances_train2017.json", one_image(1, "a.jpg"));
  scratch.write("annotations/instances_val2017.json", one_image(1, "b.jpg"));
  scratch.write("annotations/captions_val2017.json", one_image(1, "b.jpg"));
  scratch.write("annotations/person_keypoints_val2017.json", one_image(1, "b.jpg"));
  scratch.write("train2017/a.jpg", "x");
  scratch.write("images/val2017/b.jpg", "x");
  const Reading reading = read_coco(scratch.path());
  CHECK(reading.metadata.subsets == Texts{"train2017", "val2017"});
  CHECK(ids(reading) == Texts{"train2017:a", "val2017:b"});
  CHECK(reading.items[0].image == scratch / "train2017/a.jpg");
  CHECK(reading.items[1].image == scratch / "images/val2017/b.jpg");
  CHECK(reading.summary() == Texts{"file-left-out 0 ", "file-left-out 0 "});
  CHECK(coco().probe(scratch.path()).confidence == 95);
}

TEST_CASE("one file, and a folder with one file and its images") {
  const Scratch scratch;
  const Path json = scratch.write("annotations.json", one_image(1, "a.jpg"));
  scratch.write("images/a.jpg", "x");
  for (const Path& path : {json, scratch.path()}) {
    const Reading reading = read_coco(path);
    CHECK(ids(reading) == Texts{":a"});
    CHECK(reading.items[0].image == scratch / "images/a.jpg");
    CHECK(reading.metadata.subsets.empty());
  }
  CHECK(ids(read_coco(scratch.write("b/annotations/instances_val.json", one_image(1, "a.jpg")))) ==
        Texts{"val:a"});
}

TEST_CASE("Roboflow's layout: a folder a subset, the images beside") {
  const Scratch scratch;
  scratch.write("train/_annotations.coco.json", one_image(0, "a.jpg"));
  scratch.write("valid/_annotations.coco.json", one_image(0, "b.jpg"));
  scratch.write("valid/b.jpg", "x");
  const Reading reading = read_coco(scratch.path());
  CHECK(ids(reading) == Texts{"train:a", "valid:b"});
  CHECK(reading.items[1].image == scratch / "valid/b.jpg");
  CHECK(coco().probe(scratch.path()).confidence == 95);
}

TEST_CASE("beside the COCO file of a subset may lie files that are none") {
  const Scratch scratch;
  scratch.write("train/_annotations.coco.json", one_image(0, "a.jpg"));
  scratch.write("valid/_annotations.coco.json", one_image(0, "b.jpg"));
  scratch.write("valid/predictions.json", R"([{"image_id": 0, "score": 1}])");
  const Reading reading = read_coco(scratch.path());
  CHECK(ids(reading) == Texts{"train:a", "valid:b"});
  REQUIRE(reading.summary() == Texts{"file-left-out 0 "});
  CHECK(reading.findings[0].place.file == (scratch / "valid/predictions.json").string());
  CHECK_THAT(reading.findings[0].message, contains("a JSON list"));
}

TEST_CASE("a JSON file of another kind does not hide those that lie elsewhere") {
  const Scratch scratch;
  const std::string folder = GENERATE("", "annotations/");
  CAPTURE(folder);
  scratch.write(folder + "settings.json", R"({"epochs": 3})");
  scratch.write("train/_annotations.coco.json", one_image(0, "a.jpg"));
  scratch.write("valid/_annotations.coco.json", one_image(0, "b.jpg"));
  CHECK(coco().probe(scratch.path()).confidence == 95);
  const Reading reading = read_coco(scratch.path());
  CHECK(ids(reading) == Texts{"train:a", "valid:b"});
  REQUIRE(reading.summary() == Texts{"file-left-out 0 "});
  CHECK(reading.findings[0].severity == Severity::note);
  CHECK(reading.findings[0].place.file == (scratch / (folder + "settings.json")).string());
}

TEST_CASE("a file in the folder is found where annotations/ holds others") {
  const Scratch scratch;
  scratch.write("annotations/a.json", R"({"shapes": []})");
  scratch.write("all.json", one_image(0, "a.jpg"));
  const Reading reading = read_coco(scratch.path());
  CHECK(ids(reading) == Texts{":a"});
  CHECK(reading.summary() == Texts{"file-left-out 0 "});
}

TEST_CASE("a subset's folder without one file that must be its own is an error that is found") {
  const Scratch scratch;
  scratch.write("train/_annotations.coco.json", one_image(0, "a.jpg"));
  scratch.write("valid/b.json", one_image(0, "b.jpg"));
  scratch.write("valid/c.json", one_image(0, "c.jpg"));
  scratch.write("test/cut.json", "");
  scratch.write("photos/d.jpg", "x");
  const Reading reading = read_coco(scratch.path());
  CHECK(ids(reading) == Texts{"train:a"});
  REQUIRE(reading.summary() == Texts{"subset-left-out 0 ", "subset-left-out 0 "});
  CHECK(reading.findings[0].severity == Severity::error);
  CHECK(reading.findings[0].place.file == (scratch / "test").string());
  CHECK_THAT(reading.findings[0].message, contains("holds 1 JSON file, but no COCO file (\"cut.json\": "));
  CHECK(reading.findings[1].place.file == (scratch / "valid").string());
  CHECK_THAT(reading.findings[1].message,
             contains("holds 2 COCO files") && contains("\"b.json\"") && contains("\"c.json\""));
}

TEST_CASE("a folder that holds no COCO file says what its files are") {
  const Scratch scratch;
  scratch.write("settings.json", R"({"epochs": 3})");
  const Error none = thrown_by([&] { read_coco(scratch.path()); });
  CHECK(none.code() == Code::bad_format);
  CHECK_THAT(none.message(), contains("holds no COCO file") && contains("settings.json: no lists named"));
  scratch.write("valid/b.json", one_image(0, "b.jpg"));
  scratch.write("valid/c.json", one_image(0, "c.jpg"));
  const Error several = thrown_by([&] { read_coco(scratch.path()); });
  CHECK(several.place().file == (scratch / "valid").string());
  CHECK_THAT(several.message(), contains("holds 2 COCO files, where a subset has one"));
}

TEST_CASE("an image that is nowhere is named where it should be") {
  const Scratch scratch;
  const Path json = scratch.write("annotations.json", one_image(1, "x/a.jpg"));
  CHECK(read_coco(json).items.at(0).image == scratch / "x/a.jpg");
  fs::create_directory(scratch / "images");
  CHECK(read_coco(json).items.at(0).image == scratch / "images/x/a.jpg");
}

TEST_CASE("names that go up or are absolute are followed where they stay in the data set") {
  const Scratch scratch;
  scratch.write("images/a.jpg", "x");
  const std::string name =
      GENERATE("../images/a.jpg", "./a.jpg", "images/a.jpg", "ABSOLUTE", "..\\\\images\\\\a.jpg");
  CAPTURE(name);
  const std::string stated = name == "ABSOLUTE" ? (scratch / "images/a.jpg").string() : name;
  const Reading reading = read_coco(scratch.write("annotations/instances.json", one_image(1, stated)));
  CHECK(reading.findings.empty());
  CHECK(reading.items.at(0).image == scratch / "images/a.jpg");
}

TEST_CASE("of a name on another machine the longest end that is there is taken") {
  const Scratch scratch;
  for (const char* name : {"images/0001.jpg", "images/cam1/0001.jpg", "images/cam2/0001.jpg"})
    scratch.write(name, "x");
  const std::string start =
      GENERATE("/home/me/", "/home/me/images/", "D:\\\\me\\\\", "D:/me/./x/../", "../../me/");
  CAPTURE(start);
  const std::string separator = start.back() == '/' ? "/" : "\\\\";
  const Reading reading = read_coco(scratch.write(
      "annotations.json", images_called({start + "cam2" + separator + "0001.jpg",
                                         start + "cam1" + separator + "0001.jpg", start + "0001.jpg"})));
  CHECK(ids(reading) == Texts{":cam2/0001", ":cam1/0001", ":0001"});
  CHECK(reading.items[0].image == scratch / "images/cam2/0001.jpg");
  CHECK(reading.items[0].file_name == "cam2/0001.jpg");
  CHECK(reading.items[1].image == scratch / "images/cam1/0001.jpg");
  CHECK(reading.items[2].image == scratch / "images/0001.jpg");
  for (const Item& item : reading.items) CHECK(item.annotations.size() == 1);
  for (const Finding& finding : reading.findings) CHECK(finding.rule == "unsafe-file-name");
}

TEST_CASE("a name that leads out of the data set is not followed there") {
  const Scratch scratch;
  scratch.write("private/a.jpg", "x");
  scratch.write("data/private.jpg", "x");
  const std::string name =
      GENERATE("../private/a.jpg", "../../private/a.jpg", "ABSOLUTE", "x/../../private/a.jpg");
  CAPTURE(name);
  const std::string stated = name == "ABSOLUTE" ? (scratch / "private/a.jpg").string() : name;
  const Reading reading = read_coco(scratch.write("data/a.json", one_image(1, stated)));
  CHECK(reading.items.at(0).image == scratch / "data/a.jpg");
  CHECK(reading.items[0].id == "a");
}

TEST_CASE("LVIS's addresses lead into the folders of both of COCO's subsets") {
  const Scratch scratch;
  scratch.write("val2017/000000397133.jpg", "x");
  scratch.write("train2017/000000391895.jpg", "x");
  const Path json = scratch.write("annotations/lvis_v1_val.json", R"({"annotations": [], "images": [
{"id": 1, "width": 4, "height": 4, "coco_url": "http://images.cocodataset.org/val2017/000000397133.jpg"},
{"id": 2, "width": 4, "height": 4, "coco_url": "http://images.cocodataset.org/train2017/000000391895.jpg"},
{"id": 3, "width": 4, "height": 4, "coco_url": "http://images.cocodataset.org/train2017/000000000009.jpg"}]})");
  const Reading reading = read_coco(json);
  CHECK(reading.findings.empty());
  REQUIRE(reading.items.size() == 3);
  CHECK(reading.items[0].image == scratch / "val2017/000000397133.jpg");
  CHECK(reading.items[0].file_name == "val2017/000000397133.jpg");
  CHECK(reading.items[1].image == scratch / "train2017/000000391895.jpg");
  CHECK(reading.items[2].file_name == "000000000009.jpg");
  const Reading named = read_coco(json, {"images=" + (scratch / "train2017").string()});
  CHECK(named.items.at(1).image == scratch / "train2017/000000391895.jpg");
  CHECK(named.items[1].file_name == "000000391895.jpg");
}

TEST_CASE("one picture is no two items', where only the end of a name leads to it") {
  const Scratch scratch;
  scratch.write("images/0001.jpg", "x");
  const std::string first = GENERATE("/me/cam1/0001.jpg", "0001.jpg");
  const std::string json = GENERATE("annotations.json", "annotations/instances_val.json");
  CAPTURE(first, json);
  const Reading reading = read_coco(scratch.write(json, images_called({first, "/me/cam2/0001.jpg"})));
  REQUIRE(reading.items.size() == 1);
  CHECK(reading.items[0].id == "0001");
  CHECK(reading.items[0].image == scratch / "images/0001.jpg");
  CHECK(reading.items[0].annotations.size() == 1);
  std::vector<Finding> findings = reading.findings;
  std::erase_if(findings, [](const Finding& finding) { return finding.rule == "unsafe-file-name"; });
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].rule == "duplicate-file-name");
  CHECK(findings[0].severity == Severity::error);
  CHECK(findings[0].place.field == "images[1].file_name");
  const std::string both = "\"" + first + "\" and \"/me/cam2/0001.jpg\"";
  CHECK(findings[0].message == both + " would both be \"0001.jpg\"; this one is left out");
  CHECK(findings[1].rule == "image-left-out");
  CHECK(findings[1].place.field == "annotations[1].image_id");
}

TEST_CASE("the same holds for two files, but not for one name in both") {
  const Scratch scratch;
  scratch.write("images/0001.jpg", "x");
  scratch.write("annotations/instances_train.json", images_called({"/me/cam1/0001.jpg"}));
  scratch.write("annotations/instances_val.json", images_called({"/me/cam2/0001.jpg"}));
  const Reading reading = read_coco(scratch.path());
  CHECK(ids(reading) == Texts{"train:0001"});
  CHECK(reading.summary() == Texts{"unsafe-file-name 1 images[0].file_name",
                                   "duplicate-file-name 1 images[0].file_name",
                                   "image-left-out 2 annotations[0].image_id"});
  scratch.write("annotations/instances_val.json", images_called({"/me/cam1/0001.jpg"}));
  CHECK(ids(read_coco(scratch.path())) == Texts{"train:0001", "val:val/0001"});
}

TEST_CASE("names on another machine are told apart where the pictures are not there") {
  const Reading reading = read_coco_text(
      images_called({"/me/cam1/0001.jpg", "/me/cam2/0001.jpg", "/me/cam2/0001.jpg", "/me/cam1/0002.jpg"}));
  CHECK(ids(reading) == Texts{":0001", ":cam2/0001", ":0002"});
  CHECK(reading.items.at(1).file_name == "cam2/0001.jpg");
  CHECK(reading.items[1].annotations.size() == 2);
  CHECK(reading.summary() ==
        Texts{"unsafe-file-name 1 images[0].file_name", "unsafe-file-name 1 images[1].file_name",
              "duplicate-file-name 1 images[2].file_name", "unsafe-file-name 1 images[3].file_name"});
}

TEST_CASE("a backslash in a name is a name's own where such a file is there") {
  const Scratch scratch;
  scratch.write("images/x\\a.jpg", "x");
  scratch.write("images/x/b.jpg", "x");
  CHECK(read_coco(scratch.write("a.json", one_image(1, "x\\\\a.jpg"))).items.at(0).image ==
        scratch / "images/x\\a.jpg");
  CHECK(read_coco(scratch.write("b.json", one_image(1, "x\\\\b.jpg"))).items.at(0).image ==
        scratch / "images/x/b.jpg");
}

TEST_CASE("the folder of images can be named") {
  const Scratch scratch;
  const Path json = scratch.write("annotations.json", one_image(1, "a.jpg"));
  scratch.write("elsewhere/a.jpg", "x");
  CHECK(read_coco(json, {"images=" + (scratch / "elsewhere").string()}).items.at(0).image ==
        scratch / "elsewhere/a.jpg");
  CHECK(thrown_by([&] { read_coco(json, {"images=" + (scratch / "absent").string()}); }).code() ==
        Code::not_found);
  CHECK(thrown_by([&] { read_coco(json, {"image=x"}); }).code() == Code::usage);
}

TEST_CASE("the same file name in two subsets gives two items") {
  const Scratch scratch;
  scratch.write("annotations/instances_train.json", one_image(1, "a.jpg"));
  scratch.write("annotations/instances_val.json", one_image(1, "a.jpg"));
  const Reading reading = read_coco(scratch.path());
  CHECK(ids(reading) == Texts{"train:a", "val:val/a"});
  CHECK(reading.findings.empty());
}

TEST_CASE("labels of several files are one label by name, and each file keeps its own ids") {
  const Scratch scratch;
  scratch.write("annotations/instances_a.json", one_image(1, "a.jpg", R"({"id": 1, "name": "cat"})"));
  scratch.write("annotations/instances_b.json",
                one_image(1, "b.jpg", R"({"id": 1, "name": "dog"}, {"id": 5, "name": "cat"})"));
  const Reading reading = read_coco(scratch.path());
  REQUIRE(reading.metadata.labels.size() == 2);
  CHECK(reading.metadata.labels[0] == label("cat", 1));
  CHECK(reading.metadata.labels[1] == label("dog"));
  CHECK(reading.items.at(0).annotations.at(0).label == 0);
  CHECK(reading.items.at(1).annotations.at(0).label == 1);
  CHECK(reading.summary() == Texts{"files-differ 1 categories[0].id", "files-differ 1 categories[1].id"});
}

TEST_CASE("a source starts over") {
  const Scratch scratch;
  const auto source = coco().open({scratch.write("a.json", one_image(1, "a.jpg")), {}});
  CHECK(source->size() == 1);
  CHECK(source->next());
  CHECK_FALSE(source->next());
  source->rewind();
  std::vector<Finding> findings;
  CHECK(source->next()(findings)->id == "a");
}

TEST_CASE("a probe says why") {
  const Scratch scratch;
  const auto probe = [&](const std::string& text) { return coco().probe(scratch.write("a.json", text)); };
  CHECK(probe(one_image(1, "a.jpg")).confidence == 95);
  CHECK(probe("\xEF\xBB\xBF" + one_image(1, "a.jpg")).confidence == 95);
  CHECK(probe("{\"annotations\": [{\"image_id\": 1, \"segm").confidence == 95);
  CHECK(probe("{\"info\": {\"images\": []}, \"licenses\": [").confidence == 50);
  CHECK(probe(R"({"images": [], "annotations": [{"segments_info": []}]})").confidence == 10);
  CHECK(probe(R"({"shapes": [], "imagePath": "images"})").confidence == 0);
  CHECK_THAT(probe("[{\"image_id\": 1}]").reasons.at(0), contains("list"));
  CHECK(probe("").confidence == 0);
  CHECK(probe("\xFF\xD8\xFF").confidence == 0);
  CHECK(coco().probe(scratch / "absent").confidence == 0);
  const Scratch empty;
  CHECK(coco().probe(empty.path()).confidence == 0);
  CHECK(thrown_by([&] { read_coco(empty.path()); }).code() == Code::bad_format);
  CHECK(thrown_by([&] { read_coco(empty / "absent"); }).code() == Code::not_found);
}

TEST_CASE("a file is known although its info is longer than what a probe looks at") {
  const Scratch scratch;
  Metadata metadata;
  metadata.labels = LabelMap({label("cat", 1), label(std::string(20'000, 'x'), 0, Role::background)});
  write_coco(scratch / "name.json", metadata, {});
  CHECK(coco().probe(scratch / "name.json").confidence == 40);
  metadata.labels = LabelMap({label("cat", 1)});
  metadata.description = std::string(20'000, 'x');
  write_coco(scratch / "description.json", metadata, {});
  CHECK(coco().probe(scratch / "description.json").confidence == 40);
}
