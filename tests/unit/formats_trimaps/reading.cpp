// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "dataset/masks.h"
#include "formats/trimaps/trimaps.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Names = std::vector<std::string>;

void put(const Scratch& scratch, const std::string& name,
         const std::string& trimaps = "annotations/trimaps/") {
  scratch.write("images/" + name + ".jpg", jpeg_picture());
  scratch.write(trimaps + name + ".png", png_mask({1, 2, 3}));
}

ReadDataSet read(const Scratch& scratch, std::vector<std::string> settings = {}) {
  return read_data_set(trimaps(), scratch.path(), std::move(settings));
}

}  // namespace

TEST_CASE("trimaps have a pet, a background and a border that is a label of its own") {
  const Scratch scratch;
  put(scratch, "pug_1", GENERATE("annotations/trimaps/", "trimaps/"));
  CHECK(trimaps().probe(scratch.path()).confidence >= 30);
  const ReadDataSet data = read(scratch);
  CHECK(data.findings.empty());
  REQUIRE(data.labels().size() == 3);
  CHECK(data.labels().find_id(1) == data.labels().find("pet"));
  CHECK(data.labels().find_id(2) == data.labels().background());
  CHECK(data.labels()[*data.labels().find_id(3)].role == Role::object);
  const cv::Mat labels = semantic_of(data.items.at(0), data.labels()).labels;
  for (int x = 0; x < 3; ++x) CHECK(labels.at<std::uint16_t>(0, x) == *data.labels().find_id(x + 1));

  const ReadDataSet as_void = read(scratch, {"border=ignore"});
  CHECK(as_void.labels().is_ignored(*as_void.labels().find("border")));
}

TEST_CASE("the lists say what belongs to the data set, its order, its subsets and what it shows") {
  const Scratch scratch;
  for (const char* name : {"pug_2", "Bengal_1", "pug_10", "pug_3"}) put(scratch, name);
  scratch.write("annotations/list.txt",
                "#Image CLASS-ID SPECIES BREED ID\r\npug_2 2 2 1\r\nBengal_1 1 1 1\r\npug_10 2 2 1\r\n");
  scratch.write("annotations/test.txt", "pug_10 2 2 1\n");
  scratch.write("annotations/trainval.txt", "pug_2 2 2 1\n");
  const ReadDataSet data = read(scratch);
  CHECK(data.ids() == Names{"pug_2", "Bengal_1", "pug_10"});
  CHECK(data.source->metadata().subsets == Names{"trainval", "test"});
  CHECK(data.items[0].subset == "trainval");
  CHECK(data.items[1].subset.empty());
  CHECK(data.items[2].subset == "test");
  CHECK(data.items[1].origin == Place{(scratch / "annotations/list.txt").string(), 3, "Bengal_1"});
  CHECK(*find_attribute(data.items[1].attributes, "species") == AttributeValue(std::string("cat")));
  CHECK(*find_attribute(data.items[0].attributes, "breed") == AttributeValue(std::string("pug")));
  CHECK(*find_attribute(data.items[0].attributes, "class_id") == AttributeValue(std::int64_t{2}));

  CHECK(data.rules() == std::map<std::string, int>{{"not-listed", 2}});
  CHECK(data.finding("not-listed").place.file == (scratch / "images/pug_3.jpg").string());
}

TEST_CASE("without list.txt the other lists are the data set, without any list every image is") {
  const Scratch scratch;
  for (const char* name : {"c", "b", "a"}) put(scratch, name);
  CHECK(read(scratch).ids() == Names{"a", "b", "c"});
  scratch.write("annotations/val.txt", "c\na\n");
  const ReadDataSet data = read(scratch);
  CHECK(data.ids() == Names{"c", "a"});
  CHECK(data.source->metadata().subsets == Names{"val"});
}

TEST_CASE("each trap is a finding with its place") {
  const Scratch scratch;
  put(scratch, "good");
  const auto list = [&](const std::string& text) {
    scratch.write("annotations/list.txt", "good 1 1 1\n" + text);
  };
  list("");
  SECTION("no images, AppleDouble") {
    scratch.write("images/good.mat", "MATLAB");
    scratch.write("annotations/._trimaps", "Mac OS X");
    scratch.write("images/._good.jpg", "Mac OS X");
    const ReadDataSet data = read(scratch);
    CHECK(data.ids() == Names{"good"});
    CHECK(data.rules() == std::map<std::string, int>{{"not-an-image", 1}, {"apple-double", 2}});
    CHECK(data.finding("not-an-image").place.file == (scratch / "images/good.mat").string());
    CHECK(data.finding("apple-double").place.file == (scratch / "annotations/._trimaps").string());
  }
  SECTION("a GIF named .jpg, listed") {
    put(scratch, "bad");
    scratch.write("images/bad.jpg", std::string("GIF89a\x06\0\x04\0\0\0\0", 13));
    list("bad 1 1 1\n");
    const ReadDataSet data = read(scratch);
    CHECK(data.ids() == Names{"good"});
    CHECK(data.finding("unreadable-image").severity == Severity::error);
    CHECK_THAT(data.finding("unreadable-image").message, contains("GIF"));
  }
  SECTION("a GIF named .jpg, not listed") {
    put(scratch, "bad");
    scratch.write("images/bad.jpg", std::string("GIF89a\x06\0\x04\0\0\0\0", 13));
    const ReadDataSet data = read(scratch);
    CHECK(data.finding("not-listed").severity == Severity::warning);
    CHECK_THAT(data.finding("not-listed").message, contains("GIF"));
  }
  SECTION("a PNG named .jpg is read") {
    put(scratch, "odd");
    scratch.write("images/odd.jpg", png_picture());
    list("odd 1 1 1\n");
    const ReadDataSet data = read(scratch);
    CHECK(data.ids() == Names{"good", "odd"});
    CHECK(data.finding("wrong-extension").severity == Severity::warning);
  }
  SECTION("another size") {
    put(scratch, "bad");
    scratch.write("annotations/trimaps/bad.png", png_mask({1}, {4, 6}));
    list("bad 1 1 1\n");
    const ReadDataSet data = read(scratch);
    CHECK(data.ids() == Names{"good"});
    CHECK(data.finding("size-differs").place.file == (scratch / "annotations/trimaps/bad.png").string());
  }
  SECTION("listed, and not there") {
    scratch.write("images/half.jpg", jpeg_picture());
    list("gone 1 1 1\nhalf 1 1 1\n");
    const ReadDataSet data = read(scratch);
    CHECK(data.ids() == Names{"good", "half"});
    CHECK(!data.items[1].annotated);
    CHECK(data.rules() == std::map<std::string, int>{{"pair-missing", 1}, {"unlabelled-item", 1}});
    CHECK(data.finding("pair-missing").place ==
          Place{(scratch / "annotations/list.txt").string(), 2, "gone"});
  }
  SECTION("listed twice, or a line that is none") {
    list("good 2 2 2\nthis is no entry\n");
    const ReadDataSet data = read(scratch);
    CHECK(data.ids() == Names{"good"});
    CHECK(*find_attribute(data.items[0].attributes, "class_id") == AttributeValue(std::int64_t{1}));
    CHECK(data.finding("listed-twice").place.line == 2);
    CHECK(data.finding("unreadable-list-line").place ==
          Place{(scratch / "annotations/list.txt").string(), 3, ""});
  }
  SECTION("in two subsets, or in a subset but not in the list") {
    scratch.write("annotations/trainval.txt", "good 1 1 1\n");
    scratch.write("annotations/test.txt", "good 1 1 1\nunknown 1 1 1\n");
    const ReadDataSet data = read(scratch);
    CHECK(data.items.at(0).subset == "trainval");
    CHECK(data.finding("in-two-subsets").severity == Severity::error);
    CHECK(data.finding("in-two-subsets").place.line == 1);
    CHECK(data.finding("not-listed").place ==
          Place{(scratch / "annotations/test.txt").string(), 2, "unknown"});
  }
  SECTION("names that would lead out of the folder are only names") {
    list("../../etc/passwd 1 1 1\n/etc/passwd 1 1 1\n");
    CHECK(read(scratch).ids() == Names{"good"});
  }
}

TEST_CASE("a text file beside the lists that is no list is no subset") {
  const Scratch scratch;
  put(scratch, "a");
  scratch.write("annotations/list.txt", "a 1 1 1\n");
  scratch.write("annotations/README.txt", "OXFORD-IIIT PET Dataset\n\nPets, their breeds and their heads\n");
  const ReadDataSet data = read(scratch);
  CHECK(data.source->metadata().subsets.empty());
  CHECK(data.rules() == std::map<std::string, int>{{"not-a-list", 1}});
}

TEST_CASE("paths that are no trimaps say why") {
  const Scratch scratch;
  const auto error_of = [](const Path& path) { return thrown_by([&] { trimaps().open({path, {}}); }); };
  CHECK(error_of(scratch / "none").code() == Code::not_found);
  CHECK(error_of(scratch.write("file", "text")).code() == Code::unreadable);
  fs::create_directory(scratch / "empty");
  CHECK(error_of(scratch / "empty").code() == Code::bad_format);
  fs::create_directories(scratch / "hollow/images");
  fs::create_directories(scratch / "hollow/trimaps");
  CHECK(error_of(scratch / "hollow").code() == Code::bad_format);
  for (const char* name : {"none", "file", "empty", "hollow"}) {
    const Probe probe = trimaps().probe(scratch / name);
    CHECK(probe.confidence < 30);
    CHECK(!probe.reasons.empty());
  }
  CHECK(thrown_by([&] { trimaps().open({scratch / "empty", {"bordre=ignore"}}); }).code() == Code::usage);
}

TEST_CASE("text files that list no images hide nothing, and a list of any name is one") {
  const Scratch scratch;
  for (const char* name : {"a", "b"}) put(scratch, name, "trimaps/");
  scratch.write("labels.txt", "pet\nbackground\nborder\n");
  scratch.write("requirements.txt", "numpy==2.0\n");
  scratch.write("notes.txt", "");
  const ReadDataSet data = read(scratch);
  CHECK(data.ids() == Names{"a", "b"});
  CHECK(data.source->metadata().subsets.empty());
  CHECK(data.rules() == std::map<std::string, int>{{"not-a-list", 3}});

  scratch.write("fold1.txt", "# the first\nb\n");
  const ReadDataSet listed = read(scratch);
  CHECK(listed.ids() == Names{"b"});
  CHECK(listed.source->metadata().subsets == Names{"fold1"});
}

TEST_CASE("a link in a circle beside the folders does no harm") {
  const Scratch scratch;
  put(scratch, "a");
  for (const char* folder : {"", "images", "annotations"})
    fs::create_symlink("circle", scratch / folder / "circle");
  CHECK(trimaps().probe(scratch.path()).confidence >= 80);
  CHECK(read(scratch).ids() == Names{"a"});
}
