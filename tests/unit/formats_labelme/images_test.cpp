// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "dataset/rle.h"
#include "base/base64.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

std::string with(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

std::string text_of_path(const std::string& path) {
  return with(labelme_text(""), "\"a.png\"", "\"" + path + "\"");
}

std::string text_of_data(const std::string& bytes, const std::string& size = "\"imageHeight\": 4") {
  return with(with(labelme_text(""), "\"imageData\": null", "\"imageData\": \"" + to_base64(bytes) + "\""),
              "\"imageHeight\": 4", size);
}

}  // namespace

TEST_CASE(
    "an image is looked for where its path leads, then beside the JSON by its name, then by the JSON's") {
  for (const auto& [path, image] : std::initializer_list<std::pair<const char*, const char*>>{
           {"a.png", "ann/a.png"},
           {"../pictures/x.png", "pictures/x.png"},
           {"..\\\\pictures\\\\x.png", "pictures/x.png"},
           {"C:\\\\Users\\\\me\\\\b.jpg", "ann/b.jpg"},
           {"/home/me/b.jpg", "ann/b.jpg"},
           {"../../elsewhere/b.jpg", "ann/b.jpg"}}) {
    INFO(path);
    const Scratch scratch;
    scratch.write(image, Path(image).extension() == ".png" ? png_picture() : jpeg_picture());
    scratch.write("ann/a.json", text_of_path(path));
    const ReadDataSet read = read_data_set(labelme(), scratch.path());
    CHECK(read.rules().empty());
    REQUIRE(read.items.size() == 1);  // the picture is no item of its own
    CHECK(read.items.front().image == scratch / image);
    CHECK(read.items.front().id == "ann/a");
  }
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  scratch.write("a.json", text_of_path("other.png"));
  const ReadDataSet read = read_data_set(labelme(), scratch.path());
  CHECK(read.items.at(0).image == scratch / "a.png");
  CHECK(read.rules() == std::map<std::string, int>{{"filename-differs", 1}});
}

TEST_CASE("an image that lies elsewhere is found by its path, or in the folder that is named") {
  const Scratch scratch;
  const Path image = scratch.write("there/p.png", png_picture());
  const Path json = scratch.write("set/a.json", text_of_path(image.string()));
  CHECK(read_data_set(labelme(), scratch / "set").items.at(0).image == image);
  scratch.write("set/a.json", text_of_path("gone/p.png"));
  CHECK(read_data_set(labelme(), json, {"images=../there"}).items.at(0).image ==
        scratch / "set/../there/p.png");
  const ReadDataSet lost = read_data_set(labelme(), json);
  CHECK(lost.rules() == std::map<std::string, int>{{"image-missing", 1}});
  CHECK(lost.items.at(0).size == Size{6, 4});
  CHECK(lost.items.at(0).file_name == "a.png");
  CHECK(thrown_by([&] { read_data_set(labelme(), json, {"images=none"}); }).code() == Code::not_found);
}

TEST_CASE("a path cannot make another file an image") {
  const Scratch scratch;
  scratch.write("secret.txt", "secret");
  scratch.write("set/a.json", text_of_path("../secret.txt"));
  const ReadDataSet read = read_data_set(labelme(), scratch / "set");
  CHECK(read.items.at(0).image.empty());
  CHECK(read.rules() == std::map<std::string, int>{{"image-missing", 1}});
}

TEST_CASE("an embedded image is the item's where it lies nowhere") {
  const Scratch scratch;
  const std::string bytes = jpeg_picture();
  const Path json = scratch.write("a.json", text_of_data(bytes));
  const ReadDataSet read = read_data_set(labelme(), json);
  CHECK(read.rules().empty());
  const Item& item = read.items.at(0);
  REQUIRE(item.made_image);
  CHECK(item.image.empty());
  CHECK(item.file_name == "a.jpg");  // what it is, not what imagePath says
  CHECK(item.size == Size{6, 4});
  CHECK(image_bytes(item) == bytes);
  CHECK(image_file(item) == json);
  scratch.write("a.png", png_picture());
  CHECK_FALSE(read_data_set(labelme(), json).items.at(0).made_image);
}

TEST_CASE("the size of an embedded image is its own") {
  const Scratch scratch;
  const ReadDataSet missing =
      read_data_set(labelme(), scratch.write("a.json", text_of_data(png_picture(), "\"imageHeight\": null")));
  CHECK(missing.rules().empty());
  CHECK(missing.items.at(0).size == Size{6, 4});
  const ReadDataSet wrong =
      read_data_set(labelme(), scratch.write("a.json", text_of_data(png_picture(), "\"imageHeight\": 5")));
  CHECK(wrong.rules() == std::map<std::string, int>{{"size-differs", 1}});
  CHECK(wrong.items.at(0).size == Size{6, 4});
}

TEST_CASE("an embedded image that is none is told, and the annotations stay") {
  const Scratch scratch;
  for (const std::string& bytes : {std::string("no picture at all"), png_picture().substr(0, 20)}) {
    const ReadDataSet read = read_data_set(labelme(), scratch.write("a.json", text_of_data(bytes)));
    CHECK(read.rules() == std::map<std::string, int>{{"unreadable-image", 1}});
    CHECK_FALSE(read.items.at(0).made_image);
    CHECK(read.items.at(0).size == Size{6, 4});
  }
}

TEST_CASE("the image's size counts, and another one in the file is a finding") {
  const Scratch scratch;
  scratch.write("a.png", png_picture({9, 5}));
  const ReadDataSet read = read_data_set(labelme(), scratch.write("a.json", labelme_text("")));
  CHECK(read.rules() == std::map<std::string, int>{{"size-differs", 1}});
  CHECK(read.items.at(0).size == Size{9, 5});
}

TEST_CASE("shapes are in displayed pixels, and a file of the stored size is told") {
  const Scratch scratch;
  scratch.write("a.jpg", with_orientation(jpeg_picture({4, 6}), 6));
  const Path json = scratch.write("a.json", text_of_path("a.jpg"));
  CHECK(read_data_set(labelme(), json).rules().empty());
  CHECK(read_data_set(labelme(), json).items.at(0).size == Size{6, 4});
  rewrite(scratch / "a.jpg", with_orientation(jpeg_picture({6, 4}), 6));
  CHECK(read_data_set(labelme(), json).rules() == std::map<std::string, int>{{"exif-rotation", 1}});
}

TEST_CASE("embedding writes the picture as LabelMe shows it") {
  const Scratch scratch;
  Item item;
  item.id = "a";
  item.file_name = "a.jpg";
  item.image = scratch.write("there/a.jpg", with_orientation(jpeg_picture({4, 6}), 6));
  item.size = Size{6, 4};
  CHECK(write_labelme(scratch / "out", {}, {item}, Media::none, {"embed=true"}).empty());
  const ReadDataSet turned = read_data_set(labelme(), scratch / "out");
  CHECK(turned.rules().empty());
  CHECK(turned.items.at(0).size == Size{6, 4});
  CHECK(probe_image_bytes(image_bytes(turned.items.at(0))).stored == Size{6, 4});
  CHECK(turned.items.at(0).file_name == "a.png");
  item.image = scratch.write("there/b.jpg", jpeg_picture());
  write_labelme(scratch / "plain", {}, {item}, Media::none, {"embed=true"});
  CHECK(image_bytes(read_data_set(labelme(), scratch / "plain").items.at(0)) == jpeg_picture());
}
