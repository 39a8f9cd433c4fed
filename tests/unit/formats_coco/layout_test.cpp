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
