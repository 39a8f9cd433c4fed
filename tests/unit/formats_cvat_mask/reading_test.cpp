// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/cvat_mask/cvat_mask.h"
#include "formats/registry.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Rules = std::map<std::string, int>;

constexpr const char* kLabelmap =
    "# label:color_rgb:parts:actions\n"
    "background:0,0,0::\n"
    "cat:61,61,245::\n"
    "traffic: light:255,0,204::\n";

constexpr Rgb kBlack{0, 0, 0}, kCat{61, 61, 245}, kLight{255, 0, 204};

/// Row by row, the colours over and over.
std::string rgb_png(const std::vector<Rgb>& colours, Size size = {6, 4}) {
  cv::Mat pixels(size.height, size.width, CV_8UC3);
  std::size_t next = 0;
  for (auto pixel = pixels.begin<cv::Vec3b>(); pixel != pixels.end<cv::Vec3b>(); ++pixel) {
    const Rgb colour = colours[next++ % colours.size()];
    *pixel = {colour.r, colour.g, colour.b};
  }
  return encode_png(pixels);
}

/// As CVAT's manual draws it: a task's export, with images or without.
void put_export(const Scratch& scratch, bool with_images = true) {
  scratch.write("labelmap.txt", kLabelmap);
  scratch.write("ImageSets/Segmentation/default.txt", "b\ndeep/a\nempty\n");
  scratch.write("SegmentationClass/b.png", rgb_png({kBlack, kCat, kLight}));
  scratch.write("SegmentationObject/b.png", rgb_png({kBlack, {128, 0, 0}, {0, 128, 0}}));
  scratch.write("SegmentationClass/deep/a.png", rgb_png({kCat}));
  scratch.write("SegmentationObject/deep/a.png", rgb_png({{128, 0, 0}}));
  if (!with_images) return;
  for (const char* name : {"b.jpg", "deep/a.jpg", "empty.jpg"})
    scratch.write(Path("JPEGImages") / name, jpeg_picture());
}

std::vector<int> first_values(const cv::Mat& mask, int count) {
  std::vector<int> values;
  for (int x = 0; x < count; ++x) values.push_back(mask.at<std::uint16_t>(0, x));
  return values;
}

std::vector<std::string> names_of(const LabelMap& labels) {
  std::vector<std::string> names;
  for (const Label& label : labels) names.push_back(label.name);
  return names;
}

std::string taken_for(const Path& path) {
  return std::string(formats::best(formats::detect(path), path).format->name);
}

}  // namespace

TEST_CASE("an export of a task: colours are labels, objects are numbers of VOC's colour map") {
  const Scratch scratch;
  put_export(scratch);
  const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
  CHECK(data.rules() == Rules{});
  CHECK(data.ids() == std::vector<std::string>{"b", "deep/a", "empty"});
  CHECK(names_of(data.labels()) == std::vector<std::string>{"background", "cat", "traffic: light"});
  CHECK(data.labels()[0].role == Role::background);
  CHECK(data.labels()[2].id == 2);
  CHECK(data.labels()[2].colour == kLight);
  CHECK(data.source->metadata().subsets.empty());
  const Item& item = data.items.at(0);
  CHECK(item.subset.empty());
  CHECK(item.file_name == "b.jpg");
  CHECK(item.origin.file == (scratch / "SegmentationClass/b.png").string());
  const SemanticMask mask = read_semantic(*item.semantic);
  CHECK(mask.unknown_values.empty());
  CHECK(first_values(mask.labels, 3) == std::vector<int>{0, 1, 2});
  CHECK(first_values(read_instances(*item.instances), 3) == std::vector<int>{0, 1, 2});
}

TEST_CASE("an image that a list names and that has no mask is empty; one that none names is not annotated") {
  const Scratch scratch;
  put_export(scratch);
  scratch.write("JPEGImages/later.jpg", jpeg_picture());
  const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
  CHECK(data.rules() == Rules{{"unlisted", 1}});
  CHECK(data.items.at(2).id == "empty");
  CHECK(data.items.at(2).annotated);
  CHECK(data.items.at(3).id == "later");
  CHECK_FALSE(data.items.at(3).annotated);
}

TEST_CASE("without images, items have the masks' sizes") {
  const Scratch scratch;
  put_export(scratch, false);
  const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
  CHECK(data.rules() == Rules{{"listed-absent", 1}});
  CHECK(data.ids() == std::vector<std::string>{"b", "deep/a"});
  CHECK(data.items.at(0).size == Size{6, 4});
  CHECK(data.items.at(0).image.empty());
}

TEST_CASE("lists are subsets, but default is none") {
  const Scratch scratch;
  put_export(scratch);
  scratch.write("ImageSets/Segmentation/default.txt", "deep/a\n");
  scratch.write("ImageSets/Segmentation/train.txt", "empty\r\nb\r\n");
  const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
  CHECK(data.source->metadata().subsets == std::vector<std::string>{"train"});
  CHECK(data.ids() == std::vector<std::string>{"empty", "b", "deep/a"});
  CHECK(data.items.at(0).subset == "train");
  CHECK(data.items.at(2).subset.empty());
}

TEST_CASE("gray masks are places in labelmap.txt, whatever the colours are in VOC's map") {
  const Scratch scratch;
  // By its colours cat would be 2 and dog 1.
  scratch.write("labelmap.txt", "background:0,0,0::\ncat:0,128,0::\ndog:128,0,0::\n");
  scratch.write("SegmentationClass/a.png", png_mask({0, 1, 2}));
  scratch.write("SegmentationObject/a.png", png_mask({0, 255, 7}));
  scratch.write("JPEGImages/a.jpg", jpeg_picture());
  const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
  CHECK(data.rules() == Rules{});
  CHECK(data.labels()[1].id == 1);
  CHECK(first_values(read_semantic(*data.items.at(0).semantic).labels, 3) == std::vector<int>{0, 1, 2});
  CHECK(first_values(read_instances(*data.items.at(0).instances), 3) == std::vector<int>{0, 255, 7});
}

TEST_CASE("a palette that has the labels' colours means them, another means places in labelmap.txt") {
  const Scratch scratch;
  scratch.write("labelmap.txt", kLabelmap);
  const auto put = [&](const std::vector<Rgb>& palette) {
    rewrite(scratch / "SegmentationClass/a.png", encode_index_png(mask_of({6, 4}, {0, 1, 2}), palette));
    const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
    return first_values(read_semantic(*data.items.at(0).semantic).labels, 3);
  };
  scratch.write("SegmentationClass/a.png", "");
  CHECK(put({kBlack, kLight, kCat}) == std::vector<int>{0, 2, 1});
  CHECK(put(voc_palette(256)) == std::vector<int>{0, 1, 2});
  rewrite(scratch / "SegmentationClass/a.png",
          encode_index_png(mask_of({6, 4}, {0, 1, 2}), {kBlack, kLight, kCat}));
  const ReadDataSet stated = read_data_set(cvat_mask(), scratch.path(), {"coding=index"});
  CHECK(first_values(read_semantic(*stated.items.at(0).semantic).labels, 3) == std::vector<int>{0, 1, 2});
}

TEST_CASE("datumaro: more than 255 instances wrap in uint8") {
  const Scratch scratch;
  scratch.write("labelmap.txt", kLabelmap);
  const std::vector<int> numbers{254, 255, 256, 257, 511, 512, 4095, 65534};
  std::vector<Rgb> colours;
  for (const int number : numbers) colours.push_back(voc_colour(number));
  scratch.write("SegmentationClass/a.png", rgb_png({kCat}, {8, 1}));
  scratch.write("SegmentationObject/a.png", rgb_png(colours, {8, 1}));
  scratch.write("SegmentationClass/b.png", rgb_png({kCat}, {8, 1}));
  scratch.write("SegmentationObject/b.png", encode_index_png(mask_of({8, 1}, numbers)));
  const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
  for (const Item& item : data.items) CHECK(first_values(read_instances(*item.instances), 8) == numbers);
}

TEST_CASE("datumaro: VOC void becomes a label") {
  const Scratch scratch;
  scratch.write("labelmap.txt", "background:0,0,0::\ncat:128,0,0::\nignored:224,224,192::\n");
  scratch.write("SegmentationClass/a.png", rgb_png({kBlack, {128, 0, 0}, {224, 224, 192}}));
  const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
  CHECK(data.labels().is_ignored(2));
  InstanceLoss loss;
  const cv::Mat labels = read_semantic(*data.items.at(0).semantic).labels;
  for (const Annotation& annotation : instances_from_mask(labels, {}, data.labels(), {}, loss))
    CHECK((annotation.flags.crowd == true) == (annotation.label == 2));  // void is no object
}

TEST_CASE("black is background where no name says that, and is added where labelmap.txt has none") {
  const Scratch scratch;
  scratch.write("labelmap.txt", "ground:0,0,0::\ncat:61,61,245::\n");
  scratch.write("SegmentationClass/a.png", rgb_png({kBlack, kCat}));
  CHECK(read_data_set(cvat_mask(), scratch.path()).labels()[0].role == Role::background);
  rewrite(scratch / "labelmap.txt", "cat:61,61,245::\n");
  const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
  CHECK(names_of(data.labels()) == std::vector<std::string>{"cat", "background"});
  CHECK(first_values(read_semantic(*data.items.at(0).semantic).labels, 2) == std::vector<int>{1, 0});
}

TEST_CASE("what is wrong has its place, and costs itself only") {
  const Scratch scratch;
  put_export(scratch);
  scratch.write("SegmentationClass/broken.png", "no picture");
  scratch.write("SegmentationObject/alone.png", rgb_png({kBlack}));
  scratch.write("SegmentationObject/deep/a.png", rgb_png({kBlack}, {3, 3}));
  scratch.write("SegmentationClass/lost.png", rgb_png({kCat}));
  scratch.write("SegmentationClass/small.png", rgb_png({kCat}, {2, 2}));
  scratch.write("JPEGImages/small.jpg", jpeg_picture());
  const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
  CHECK(data.rules() == Rules{{"unlisted", 1},
                              {"unreadable-mask", 1},
                              {"object-mask-alone", 1},
                              {"pair-missing", 3},  // broken, lost and alone have no image
                              {"size-differs", 2}});
  CHECK(data.ids() == std::vector<std::string>{"b", "deep/a", "empty", "alone", "lost"});
  CHECK(data.finding("unreadable-mask").place.file == (scratch / "SegmentationClass/broken.png").string());
  CHECK_FALSE(data.items.at(1).instances);
}

TEST_CASE("a colour that no label has is kept apart, with its count") {
  const Scratch scratch;
  put_export(scratch);
  rewrite(scratch / "SegmentationClass/b.png", rgb_png({kCat, {1, 2, 3}}));
  const ReadDataSet data = read_data_set(cvat_mask(), scratch.path());
  const SemanticMask mask = read_semantic(*data.items.at(0).semantic);
  CHECK(mask.unknown_values == std::map<std::int64_t, std::int64_t>{{0x010203, 12}});
}

TEST_CASE("a labelmap that cannot be meant is an error with its line") {
  const Scratch scratch;
  put_export(scratch);
  rewrite(scratch / "labelmap.txt", "background:0,0,0::\ncat:1,2\n");
  const Error colour = thrown_by([&] { read_data_set(cvat_mask(), scratch.path()); });
  CHECK(colour.place().line == 2);
  CHECK(colour.place().file == (scratch / "labelmap.txt").string());
  rewrite(scratch / "labelmap.txt", "background:0,0,0::\ncat:1,2,3::\ndog:1,2,3::\n");
  CHECK_THAT(thrown_by([&] { read_data_set(cvat_mask(), scratch.path()); }).message(),
             contains("same colour 1,2,3"));
  rewrite(scratch / "labelmap.txt", "a:0,0,0::\na:1,2,3::\n");
  CHECK(thrown_by([&] { read_data_set(cvat_mask(), scratch.path()); }).place().file ==
        (scratch / "labelmap.txt").string());
  fs::remove(scratch / "labelmap.txt");
  CHECK(thrown_by([&] { read_data_set(cvat_mask(), scratch.path()); }).code() == Code::not_found);
}

TEST_CASE("it is told from Pascal VOC, with reasons") {
  const Scratch scratch;
  put_export(scratch);
  CHECK(taken_for(scratch.path()) == "cvat_mask");
  CHECK(cvat_mask().probe(scratch.path()).reasons.size() == 4);
  const Scratch above;
  fs::create_directories(above / "task");
  fs::rename(scratch / "labelmap.txt", above / "task/labelmap.txt");
  fs::rename(scratch / "SegmentationClass", above / "task/SegmentationClass");
  CHECK(taken_for(above.path()) == "cvat_mask");

  const Scratch voc;
  put_export(voc);
  voc.write("Annotations/b.xml", "<annotation><size><width>6</width><height>4</height></size></annotation>");
  CHECK(taken_for(voc.path()) == "voc");
  CHECK(cvat_mask().probe(voc.path()).confidence == 0);
  CHECK_THAT(thrown_by([&] { read_data_set(cvat_mask(), voc.path()); }).hint_text(), contains("--from voc"));

  const Scratch without_boxes;  // CVAT's "PASCAL VOC 1.1" has no XML where a task has masks only
  put_export(without_boxes);
  without_boxes.write("ImageSets/Main/default.txt", "b\ndeep/a\nempty\n");
  CHECK(taken_for(without_boxes.path()) == "voc");

  const Scratch palettes;  // VOC's own masks, without labelmap.txt
  palettes.write("SegmentationClass/a.png", encode_index_png(mask_of({6, 4}, {0, 1, 255}), voc_palette(256)));
  palettes.write("JPEGImages/a.jpg", jpeg_picture());
  CHECK(taken_for(palettes.path()) == "voc");
}
