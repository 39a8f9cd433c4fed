// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "catch.h"
#include "formats/registry.h"
#include "formats/yolo/yolo.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Ids = std::vector<std::string>;

constexpr const char* kRow = "0 .5 .5 .2 .4\n";

void put_image(const Scratch& scratch, const Path& name) {
  scratch.write(name, png_picture({100, 50}));
}

std::size_t annotations_of(const ReadDataSet& read) {
  std::size_t count = 0;
  for (const Item& item : read.items) count += item.annotations.size();
  return count;
}

/// The best format is ours.
void check_detected(const Path& path) {
  CHECK(formats::best(formats::detect(path), path).format->name == "yolo");
}

}  // namespace

TEST_CASE("subsets, labels and images are where data.yaml says") {
  const Scratch scratch;
  put_rows(scratch, kRow);
  check_detected(scratch.path());
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.ids() == Ids{"a", "b"});
  CHECK(read.items[0].subset == "train");
  CHECK(read.items[0].annotated);
  CHECK(read.items[0].size == Size{100, 50});
  CHECK(read.items[0].annotations.at(0).origin.line == 1);
  CHECK_FALSE(read.items[1].annotated);  // val has no label file at all
  CHECK(read.source->metadata().subsets == Ids{"train", "val"});
  CHECK(read.findings.empty());
  CHECK(read_yolo(scratch / "data.yaml").ids() == read.ids());
  check_detected(scratch / "data.yaml");
}

TEST_CASE(
    "an empty label file is an image without an object, and a missing one is not annotated unless said") {
  const Scratch scratch;
  put_rows(scratch, "");
  put_image(scratch, "images/train/c.png");
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.items.at(0).annotated);
  CHECK(read.items.at(0).annotations.empty());
  CHECK_FALSE(read.items.at(2).annotated);
  CHECK(read.rules() == std::map<std::string, int>{{"label-file-missing", 1}});
  CHECK(read_yolo(scratch.path(), {"missing=background"}).items.at(2).annotated);
}

TEST_CASE("Roboflow's export is read, with its folder beside in data.yaml") {
  const Scratch scratch;
  scratch.write(
      "data.yaml",
      "train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnc: 1\nnames: ['cat']\n");
  scratch.write("README.roboflow.txt", "Roboflow\n");
  for (const char* name : {"train/images/a.png", "valid/images/b.png"}) put_image(scratch, name);
  scratch.write("train/labels/a.txt", kRow);
  scratch.write("valid/labels/b.txt", kRow);
  check_detected(scratch.path());
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.ids() == Ids{"a", "b"});
  CHECK(read.items.at(1).subset == "val");
  CHECK(annotations_of(read) == 2);
  CHECK(read.rules().at("paths-moved") == 2);
  CHECK(read.rules().at("listed-absent") == 1);  // test
}

TEST_CASE("paths of another machine are found below the folder") {
  const Scratch scratch;
  put_rows(scratch, kRow);
  scratch.write("data.yaml",
                "path: /content/datasets/mine\ntrain: /content/datasets/mine/images/train\n"
                "val: images/val\nnames: [cat, dog]\n");
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.ids() == Ids{"a", "b"});
  CHECK(read.rules().at("paths-moved") == 2);
  scratch.write("data.yaml", "train: /content/none\nnames: [cat]\n");
  fs::rename(scratch / "images", scratch / "pictures");
  const Error error = thrown_by([&] { read_yolo(scratch.path()); });
  CHECK(error.code() == Code::not_found);
  CHECK_THAT(error.hint_text(), contains("images=FOLDER"));
}

TEST_CASE("lists name images, relative to themselves or not") {
  const Scratch scratch;
  scratch.write("coco.yaml", "train: train2017.txt\nval: [val2017.txt]\nnames: [cat]\n");
  for (const char* name : {"images/train2017/1.png", "images/train2017/2.png", "images/val2017/1.png"})
    put_image(scratch, name);
  scratch.write("labels/train2017/1.txt", kRow);
  scratch.write("labels/val2017/1.txt", kRow);
  scratch.write("train2017.txt",
                "./images/train2017/1.png\r\n\n./images/train2017/2.png\n./images/train2017/3.png\n"
                "./images/train2017/1.png\n");
  scratch.write("val2017.txt", (scratch / "images/val2017/1.png").string() + "\n./images/train2017/2.png\n");
  check_detected(scratch.path());
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.ids() == Ids{"train2017/1", "train2017/2", "val2017/1"});
  CHECK(read.items.at(2).subset == "val");
  CHECK(annotations_of(read) == 2);
  CHECK(read.finding("listed-absent").place.line == 4);
  CHECK(read.finding("listed-twice").place.line == 5);
  CHECK(read.finding("in-two-subsets").place.line == 2);
}

TEST_CASE("one folder for train and val, as coco128 has it, is read once") {
  const Scratch scratch;
  put_rows(scratch, kRow);
  scratch.write("data.yaml", "train: images/train\nval: images/train\nnames: [cat]\n");
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.ids() == Ids{"a"});
  CHECK(read.items.at(0).subset == "train");
  CHECK(read.rules() == std::map<std::string, int>{{"in-two-subsets", 1}});
}

TEST_CASE("a list that is named twice is read once") {
  const Scratch scratch;
  put_rows(scratch, kRow);
  scratch.write("data.yaml", "train: [l.txt, l.txt, ./l.txt]\nval: l.txt\nnames: [cat]\n");
  scratch.write("l.txt", "./images/train/a.png\n");
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.ids() == Ids{"train/a"});
  CHECK(read.rules() == std::map<std::string, int>{{"in-two-subsets", 1}});
}

TEST_CASE("CVAT's YOLO 1.1 and darknet are read") {
  const Scratch scratch;
  scratch.write("obj.data",
                "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n");
  scratch.write("obj.names", "cat\nbig dog\n\n");
  scratch.write("train.txt", "data/obj_train_data/a.png\ndata/obj_train_data/deep/b.png\n");
  put_image(scratch, "obj_train_data/a.png");
  put_image(scratch, "obj_train_data/deep/b.png");
  scratch.write("obj_train_data/a.txt", "1 .5 .5 .2 .4\n");
  scratch.write("obj_train_data/deep/b.txt", "");
  check_detected(scratch.path());
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.ids() == Ids{"a", "deep/b"});
  CHECK(read.items.at(0).subset == "train");
  CHECK(read.labels()[*read.items.at(0).annotations.at(0).label].name == "big dog");
  CHECK(read.items.at(1).annotated);
}

TEST_CASE("labelImg's folder is read: images, texts and classes.txt side by side") {
  const Scratch scratch;
  scratch.write("classes.txt", "cat\ndog\n");
  put_image(scratch, "a.png");
  scratch.write("a.txt", kRow);
  scratch.write("lost.txt", kRow);
  scratch.write("notes.txt", "not rows at all\n");
  check_detected(scratch.path());
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.ids() == Ids{"a"});
  CHECK(read.labels().size() == 2);
  CHECK(annotations_of(read) == 1);
  CHECK(read.rules() == std::map<std::string, int>{{"unknown-image", 1}});
  CHECK_THAT(read.finding("unknown-image").place.file, contains("lost.txt"));
}

TEST_CASE("Label Studio's export is read: images/, labels/ and classes.txt") {
  const Scratch scratch;
  scratch.write("classes.txt", "cat\n");
  scratch.write("notes.json", "{\"categories\": []}");
  put_image(scratch, "images/a.png");
  scratch.write("labels/a.txt", kRow);
  check_detected(scratch.path());
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.labels()[0].name == "cat");
  CHECK(read.findings.empty());
  CHECK(read.items.at(0).subset.empty());
}

TEST_CASE("without data.yaml subsets are folders' names, and without names classes are their numbers") {
  const Scratch scratch;
  for (const char* name : {"images/train/a.png", "images/val/b.png"}) put_image(scratch, name);
  scratch.write("labels/train/a.txt", "3 .5 .5 .2 .4\n7 .5 .5 .1 .1\n");
  scratch.write("labels/val/b.txt", "3 .5 .5 .2 .4\nbroken\n");
  check_detected(scratch.path());
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.source->metadata().subsets == Ids{"train", "val"});
  REQUIRE(read.labels().size() == 2);
  CHECK(read.labels()[1].name == "7");
  CHECK(read.labels()[1].id == 7);
  CHECK(read.items.at(1).annotations.at(0).label == 0);
  CHECK(read.rules() == std::map<std::string, int>{{"unnamed-category", 1}, {"unreadable-row", 1}});
}

TEST_CASE("predictions are read beside the images they were made of") {
  const Scratch scratch;
  put_rows(scratch, kRow);
  scratch.write("runs/predict/labels/b.txt", "1 .5 .5 .2 .4 .75\n");
  const ReadDataSet read =
      read_yolo(scratch / "runs/predict", {"images=" + (scratch / "images/val").string(), "labels=labels",
                                           "names=" + (scratch / "data.yaml").string()});
  CHECK(read.ids() == Ids{"b"});
  CHECK(read.items.at(0).annotations.at(0).score == .75);
  CHECK(read.items.at(0).annotations.at(0).label == 1);
}

TEST_CASE("of a path the last /images/ is replaced, as Ultralytics does") {
  const Scratch scratch;
  scratch.write("images/set/data.yaml", "train: images/train\nnames: [cat]\n");
  put_image(scratch, "images/set/images/train/x/images/y.png");
  put_image(scratch, "images/set/images/train/images.png");
  scratch.write("images/set/images/train/x/labels/y.txt", kRow);
  scratch.write("images/set/labels/train/images.txt", kRow);
  const ReadDataSet read = read_yolo(scratch / "images/set");
  CHECK(read.ids() == Ids{"images", "x/images/y"});
  CHECK(annotations_of(read) == 2);
  CHECK(read.findings.empty());
}

TEST_CASE("images of one name are told apart, and of one label file the first stays") {
  const Scratch scratch;
  put_rows(scratch, kRow);
  put_image(scratch, "images/val/a.png");
  put_image(scratch, "images/train/a.bmp.png");
  put_image(scratch, "images/train/b.PNG");
  put_image(scratch, "images/train/b.tif");
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.ids() == Ids{"a.bmp", "train/a", "train/b", "val/a", "val/b"});
  CHECK(read.rules().at("same-name") == 1);
  scratch.write("data.yaml", "train: [images/train, images/val]\nnames: [cat]\n");
  CHECK(read_yolo(scratch.path()).ids() ==
        Ids{"a.bmp", "images/train/a", "images/train/b", "images/val/a", "images/val/b"});
}

TEST_CASE("coordinates are of the displayed image") {
  const Scratch scratch;
  put_rows(scratch, "");
  scratch.write("images/train/turned.jpg", with_orientation(jpeg_picture({40, 20}), 6));
  scratch.write("labels/train/turned.txt", "0 .5 .5 1 1\n");
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(std::get<Box>(read.items.at(2).annotations.at(0).shape) == Box{0, 0, 20, 40});
}

TEST_CASE("an image or a label file that cannot be read costs its item") {
  const Scratch scratch;
  put_rows(scratch, kRow);
  scratch.write("images/train/bad.png", "no picture");
  scratch.write("labels/train/bad.txt", kRow);
  put_image(scratch, "images/train/folder.png");
  put_image(scratch, "images/train/big.png");
  scratch.write("labels/train/big.txt", "");
  fs::resize_file(scratch / "labels/train/big.txt", (std::uint64_t{64} << 20) + 1);
  const ReadDataSet read = read_yolo(scratch.path());
  CHECK(read.ids() == Ids{"a", "b", "folder"});
  CHECK(read.rules().at("unreadable-image") == 1);
  CHECK(read.rules().at("unreadable-annotation") == 1);
}

TEST_CASE("names that would lead out of an output stay below it") {
  const Scratch scratch;
  put_image(scratch, "elsewhere/images/a.png");
  scratch.write("elsewhere/labels/a.txt", kRow);
  scratch.write("set/data.yaml", "train: list.txt\nnames: [cat]\n");
  scratch.write("set/list.txt", "../elsewhere/images/a.png\n/etc/passwd\n");
  const ReadDataSet read = read_yolo(scratch / "set");
  REQUIRE(read.ids() == Ids{"a"});
  CHECK(is_safe_relative(read.items.at(0).file_name));
  CHECK(read.rules().at("listed-absent") == 1);
}

TEST_CASE("settings that lead nowhere are errors") {
  const Scratch scratch;
  put_rows(scratch, kRow);
  for (const char* setting : {"images=none", "labels=none", "names=none.txt"}) {
    INFO(setting);
    CHECK(thrown_by([&] { read_yolo(scratch.path(), {setting}); }).code() == Code::not_found);
  }
  CHECK(thrown_by([&] { read_yolo(scratch / "images/train/a.png"); }).code() == Code::bad_format);
  CHECK(thrown_by([&] { read_yolo(scratch / "labels"); }).code() == Code::bad_format);
}

TEST_CASE("other folders are not taken for YOLO") {
  const Scratch scratch;
  put_image(scratch, "captions/a.png");
  scratch.write("captions/a.txt", "a cat on a mat\n");
  put_image(scratch, "pairs/images/a.png");
  put_image(scratch, "pairs/labels/a.png");
  scratch.write("config/settings.yaml", "names: [a]\ntrain: x\n");
  for (const char* name : {"captions", "pairs", "config"}) {
    INFO(name);
    CHECK(yolo().probe(scratch / name).confidence < 30);
    CHECK_FALSE(yolo().probe(scratch / name).reasons.empty());
  }
}
