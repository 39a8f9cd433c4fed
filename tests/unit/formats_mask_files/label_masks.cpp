// SPDX-License-Identifier: Apache-2.0
#include "formats/label_masks/label_masks.h"

#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/mask_files/label_mask_sink.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Ids = std::vector<std::string>;
using Rules = std::map<std::string, int>;

/// One mask: `values` over and over, each times 255.
void put_mask(const Scratch& scratch, const std::string& name, std::vector<int> values) {
  for (int& value : values) value *= 255;
  scratch.write(name, png_mask(values));
}

/// An image with a cat on every second pixel and a dog on every third.
void put_label_masks(const Scratch& scratch, const std::string& above, const std::string& name) {
  scratch.write(above + "images/" + name + ".jpg", jpeg_picture());
  put_mask(scratch, above + "cat/" + name + ".png", {1, 0});
  put_mask(scratch, above + "dog/" + name + ".png", {1, 0, 0});
}

ReadDataSet read_label_masks(const Path& path, std::vector<std::string> settings = {}) {
  return read_data_set(label_masks(), path, std::move(settings));
}

/// By label, in the label map's order: the pixels of an item's masks; none where there is no mask.
std::vector<std::int64_t> areas(const Item& item, const LabelMap& labels) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(labels.size()), -1);
  for (const Annotation& annotation : item.annotations) {
    CHECK(is_label_mask(annotation));
    sizes[static_cast<std::size_t>(*annotation.label)] = area(pixels_of(annotation, *item.size));
  }
  return sizes;
}

Label named(std::string name, Role role = Role::object) {
  Label label;
  label.name = std::move(name);
  label.role = role;
  return label;
}

/// Written by this format and read again.
ReadDataSet written(const Scratch& scratch, std::vector<Label> labels, std::vector<Item> items) {
  Metadata metadata;
  metadata.labels = LabelMap(std::move(labels));
  const auto source = make_source(std::move(metadata), std::move(items));
  write_data_set(label_masks(), *source, {.target = scratch / "out"});
  return read_label_masks(scratch / "out");
}

Item picture_item(const Scratch& scratch) {
  Item item;
  item.id = "a";
  item.image = scratch.write("a.jpg", jpeg_picture());
  item.size = Size{6, 4};
  return item;
}

Annotation area_of(int label, Shape shape) {
  Annotation annotation;
  annotation.label = label;
  annotation.shape = std::move(shape);
  return annotation;
}

Polygon rectangle(double x0, double y0, double x1, double y1) {
  return {{{{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}, {}}}};
}

}  // namespace

TEST_CASE("each label's mask is an annotation, and labels may overlap") {
  const Scratch scratch;
  put_label_masks(scratch, "", "b");
  put_label_masks(scratch, "", "a");
  CHECK(label_masks().probe(scratch.path()).confidence == 65);
  const ReadDataSet data = read_label_masks(scratch.path());
  CHECK(data.findings.empty());
  CHECK(data.ids() == Ids{"a", "b"});
  REQUIRE(data.labels().size() == 2);
  CHECK(data.labels()[0].name == "cat");
  CHECK(areas(data.items[0], data.labels()) == std::vector<std::int64_t>{12, 8});
  CHECK(data.items[0].annotations[1].origin.file == (scratch / "dog/a.png").string());
  CHECK(data.items[0].size == Size{6, 4});
}

TEST_CASE("subsets have folders of their own, and masks may lie one folder deeper") {
  const Scratch scratch;
  for (const char* subset : {"val/", "train/"}) put_label_masks(scratch, subset, "a");
  const ReadDataSet data = read_label_masks(scratch.path());
  CHECK(data.ids() == Ids{"train/a", "val/a"});
  CHECK(data.items[1].subset == "val");
  CHECK(data.source->metadata().subsets == Ids{"train", "val"});

  const Scratch deep;
  deep.write("images/a.jpg", jpeg_picture());
  put_mask(deep, "masks/cat/a.png", {1});
  put_mask(deep, "masks/dog/a.png", {0});
  CHECK(label_masks().probe(deep.path()).confidence >= 65);
  CHECK(areas(read_label_masks(deep.path()).items[0], read_label_masks(deep.path()).labels()) ==
        std::vector<std::int64_t>{24, 0});
}

TEST_CASE("ids may name folders, images/ among them, beside subsets too") {
  const Scratch scratch;
  for (const char* above : {"", "train/"})
    for (const char* folder : {"images", "cat", "dog"})
      scratch.write(std::string(above) + folder + "/images/" + (*above ? "b" : "a") + ".png",
                    folder == std::string_view("images") ? png_picture() : png_mask({255}));
  const ReadDataSet data = read_label_masks(scratch.path());
  CHECK(data.findings.empty());
  CHECK(data.ids() == Ids{"images/a", "images/b"});
  CHECK(data.items[1].subset == "train");
  CHECK(data.items[0].annotations.size() == 2);
}

TEST_CASE("ids may name folders where there is one label alone") {
  const Scratch scratch;
  scratch.write("images/nut/good/a.jpg", jpeg_picture());
  put_mask(scratch, "bent/nut/good/a.png", {1, 0});
  const ReadDataSet data = read_label_masks(scratch.path());
  CHECK(data.ids() == Ids{"nut/good/a"});
  REQUIRE(data.source->metadata().labels.find("bent"));
  CHECK(data.items.at(0).annotated);
}

TEST_CASE("an empty mask is annotated as empty, no mask at all is not annotated") {
  const Scratch scratch;
  put_label_masks(scratch, "", "a");
  scratch.write("images/empty.jpg", jpeg_picture());
  put_mask(scratch, "cat/empty.png", {0});
  put_mask(scratch, "dog/empty.png", {0});
  scratch.write("images/none.jpg", jpeg_picture());
  scratch.write("images/some.jpg", jpeg_picture());
  put_mask(scratch, "dog/some.png", {1});
  const ReadDataSet data = read_label_masks(scratch.path());
  CHECK(data.ids() == Ids{"a", "empty", "none", "some"});
  CHECK(data.items[1].annotated);
  CHECK(areas(data.items[1], data.labels()) == std::vector<std::int64_t>{0, 0});
  CHECK_FALSE(data.items[2].annotated);
  CHECK(data.items[3].annotated);
  CHECK(areas(data.items[3], data.labels()) == std::vector<std::int64_t>{-1, 24});
  CHECK(data.rules() == Rules{{"unlabelled-item", 1}, {"label-mask-missing", 1}});
  CHECK_THAT(data.finding("label-mask-missing").message, contains("\"cat\""));
  CHECK(data.finding("label-mask-missing").place.file == (scratch / "images/some.jpg").string());
}

TEST_CASE("masks may have suffixes, each label its own") {
  const Scratch scratch;
  for (const char* name : {"1", "2"}) {
    scratch.write(std::string("images/") + name + ".jpg", jpeg_picture());
    put_mask(scratch, std::string("cat/") + name + "_mask.png", {1});
    put_mask(scratch, std::string("dog/") + name + "_gt.PNG", {0});
  }
  const ReadDataSet data = read_label_masks(scratch.path());
  CHECK(data.findings.empty());
  CHECK(areas(data.items[1], data.labels()) == std::vector<std::int64_t>{24, 0});
}

TEST_CASE("a mask without an image, one of another size and one that is broken are reported, once") {
  const Scratch scratch;
  for (const char* name : {"a", "b", "c"}) put_label_masks(scratch, "", name);
  put_mask(scratch, "dog/lost.png", {1});
  scratch.write("dog/b.png", png_mask({255}, {5, 5}));
  scratch.write("cat/c.png", "no picture");
  scratch.write("images/a.png", png_picture());
  const ReadDataSet data = read_label_masks(scratch.path());
  CHECK(data.ids() == Ids{"a"});
  CHECK(data.rules() ==
        Rules{{"pair-missing", 1}, {"size-differs", 1}, {"unreadable-mask", 1}, {"same-name", 1}});
  CHECK(data.finding("size-differs").place.file == (scratch / "dog/b.png").string());
}

TEST_CASE("a subset without a folder of some label says so") {
  const Scratch scratch;
  put_label_masks(scratch, "train/", "a");
  scratch.write("val/images/b.jpg", jpeg_picture());
  put_mask(scratch, "val/cat/b.png", {1});
  const ReadDataSet data = read_label_masks(scratch.path());
  CHECK(data.rules() == Rules{{"label-mask-missing", 1}});
  CHECK_THAT(data.finding("label-mask-missing").message, contains("\"dog\""));
}

TEST_CASE("labels.json and settings say what labels mean; folders may be chosen") {
  const Scratch scratch;
  put_label_masks(scratch, "", "a");
  put_mask(scratch, "edge/a.png", {0, 0, 0, 1});
  scratch.write("labels.json", R"({"labels":[{"name":"dog","id":7},{"name":"ground","role":"background"}]})");
  const ReadDataSet data = read_label_masks(scratch.path(), {"ignore=edge"});
  REQUIRE(data.labels().size() == 4);
  CHECK(data.labels()[0].id == 7);
  CHECK(data.labels().background() == 1);
  CHECK(data.labels().is_ignored(*data.labels().find("edge")));
  CHECK(label_masks().probe(scratch.path()).confidence == 80);

  const ReadDataSet chosen = read_label_masks(scratch.path(), {"label-folders=cat"});
  CHECK(chosen.items[0].annotations.size() == 1);
  CHECK_THAT(thrown_by([&] { read_label_masks(scratch.path(), {"ignore=egde"}); }).hint_text(),
             contains("edge"));
}

TEST_CASE("what holds no binary masks is not taken for it") {
  const Scratch pictures;
  pictures.write("images/a.jpg", jpeg_picture());
  pictures.write("thumbnails/a.jpg", jpeg_picture());
  CHECK(label_masks().probe(pictures.path()).confidence < 30);

  const Scratch pairs;
  pairs.write("images/a.jpg", jpeg_picture());
  pairs.write("masks/a.png", png_mask({0, 255}));
  CHECK(label_masks().probe(pairs.path()).confidence < 30);

  const Scratch nothing;
  nothing.write("images/a.jpg", jpeg_picture());
  CHECK(label_masks().probe(nothing.path()).confidence == 0);
  CHECK(thrown_by([&] { read_label_masks(nothing.path()); }).code() == Code::bad_format);
  nothing.write("cat/b.png", png_mask({0}));
  CHECK_THAT(thrown_by([&] { read_label_masks(nothing.path()); }).message(), contains("no image has a mask"));
}

TEST_CASE("what is written reads back: overlaps, empty masks, roles, and what nobody annotated") {
  const Scratch scratch;
  put_label_masks(scratch, "train/", "a");
  put_label_masks(scratch, "train/", "b");
  put_mask(scratch, "train/dog/b.png", {0});
  scratch.write("val/images/c.jpg", jpeg_picture());
  scratch.write("labels.json", R"({"labels":[{"name":"dog","id":7,"color":[1,2,3]},{"name":"cat"},
                                   {"name":"ground","role":"background"},{"name":"edge","role":"ignore"}]})");
  const ReadDataSet data = read_label_masks(scratch.path());
  write_data_set(label_masks(), *data.source, {.target = scratch / "out"});
  const ReadDataSet back = read_label_masks(scratch / "out");
  CHECK(back.source->metadata() == data.source->metadata());
  CHECK(back.ids() == data.ids());
  CHECK(back.rules() == data.rules());
  for (std::size_t i = 0; i < data.items.size(); ++i) {
    CHECK(back.items[i].annotated == data.items[i].annotated);
    CHECK(back.items[i].subset == data.items[i].subset);
    std::vector<std::int64_t> before = areas(data.items[i], data.labels());
    if (data.items[i].annotated) before[3] = 0;  // void is written for each image
    CHECK(areas(back.items[i], back.labels()) == before);
  }
  const RawImage mask = read_raw(scratch / "out/train/dog/a.png");
  CHECK(mask.palette.empty());
  CHECK(cv::countNonZero(mask.pixels == 255) == 8);
  CHECK(cv::countNonZero(mask.pixels == 0) == 16);
}

TEST_CASE("a label mask is taken apart by label, and its void pixels get a mask of their own") {
  const Scratch scratch;
  Item item = picture_item(scratch);
  auto coding = std::make_shared<MaskCoding>();
  coding->values = {{0, 0}, {1, 1}, {2, 2}};
  item.semantic = MaskRef{scratch.write("m.png", png_mask({0, 1, 2, 9})), coding, std::nullopt, false};
  const ReadDataSet back =
      written(scratch, {named("ground", Role::background), named("cat"), named("dog")}, {item});
  REQUIRE(back.labels().size() == 4);
  CHECK(back.labels()[3].name == "void");
  CHECK(back.labels().is_ignored(3));
  CHECK(areas(back.items[0], back.labels()) == std::vector<std::int64_t>{-1, 6, 6, 6});
}

TEST_CASE("areas of one label merge, crowds and boxes are void where nothing else lies") {
  const Scratch scratch;
  Item item = picture_item(scratch);
  item.annotations = {area_of(0, rectangle(0, 0, 2, 4)), area_of(0, rectangle(1, 0, 3, 4)),
                      area_of(1, rectangle(2, 0, 4, 4)), area_of(1, rectangle(3, 0, 5, 4)),
                      area_of(1, Box{5, 0, 1, 2})};
  item.annotations[3].flags.crowd = true;
  const ReadDataSet back = written(scratch, {named("cat"), named("dog")}, {item});
  REQUIRE(back.labels().size() == 3);
  CHECK(areas(back.items[0], back.labels()) == std::vector<std::int64_t>{12, 8, 4 + 2});
}

TEST_CASE("annotations without pixels are no masks, and an image without objects has empty ones") {
  const Scratch scratch;
  Item item = picture_item(scratch);
  CHECK(areas(written(scratch, {named("cat")}, {item}).items[0], LabelMap({named("cat")})) ==
        std::vector<std::int64_t>{0});
  item.annotations = {area_of(0, Box{0, 0, 2, 2})};
  const Scratch other;
  CHECK_THAT(thrown_by([&] { written(other, {named("cat")}, {item}); }).message(), contains("pixels"));
}

TEST_CASE("background alone has no mask, and is refused") {
  const Scratch scratch;
  CHECK_THAT(thrown_by([&] {
               written(scratch, {named("ground", Role::background)}, {picture_item(scratch)});
             }).message(),
             contains("background"));
  CHECK(!fs::exists(scratch / "out"));
}

TEST_CASE("labels whose names cannot name a folder have one all the same") {
  CHECK(label_folder_name("traffic light") == "traffic light");
  CHECK(label_folder_name("a/b") == "a_b");
  CHECK(label_folder_name("..") == "_.");
  CHECK(label_folder_name("images") == "images_");
  const Scratch scratch;
  Item item = picture_item(scratch);
  item.annotations = {area_of(0, rectangle(0, 0, 6, 4))};
  const ReadDataSet back = written(scratch, {named("a/b"), named("images")}, {item});
  CHECK(back.findings.empty());
  CHECK(back.labels()[0].name == "a/b");
  CHECK(areas(back.items[0], back.labels()) == std::vector<std::int64_t>{24, 0});
  const Scratch other;
  CHECK_THAT(thrown_by([&] {
               written(other, {named("a/b"), named("a_b")}, {item});
             }).message(),
             contains("one folder"));
}
