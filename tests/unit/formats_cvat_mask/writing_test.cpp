// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "dataset/rle.h"
#include "formats/cvat_mask/cvat_mask.h"
#include "support/data_sets.h"
#include "support/drawn.h"
#include "support/mask_items.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Label label_of(std::string name, std::optional<std::int64_t> id, std::optional<Rgb> colour = {},
               Role role = Role::object) {
  Label label;
  label.name = std::move(name);
  label.id = id;
  label.colour = colour;
  label.role = role;
  return label;
}

Item item_of(std::string id, Size size) {
  Item item;
  item.id = std::move(id);
  item.file_name = item.id + ".png";
  item.size = size;
  return item;
}

Annotation object_of(int label, const cv::Mat& mask) {
  Annotation annotation;
  annotation.label = label;
  annotation.shape = rle_from_mask(mask);
  return annotation;
}

MaskItems items_of(std::vector<Label> labels, std::vector<Item> items) {
  return {{LabelMap(std::move(labels)), {}, {}, {}, {}}, std::move(items), {}, {}};
}

std::vector<std::string> rules_of(const std::vector<Finding>& findings) {
  std::vector<std::string> rules;
  for (const Finding& finding : findings) rules.push_back(finding.rule);
  return rules;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("objects are painted in the labels' colours and numbered in VOC's, with lists and labelmap.txt") {
  const Scratch scratch;
  Item item = item_of("deep/a", {3, 1});
  item.subset = "train";
  item.annotations = {object_of(1, mask_of({3, 1}, {1, 0, 0})), object_of(0, mask_of({3, 1}, {0, 1, 0}))};
  Item other = item_of("b", {3, 1});
  const MaskItems drawn =
      items_of({label_of("cat", 7, Rgb{61, 61, 245}), label_of("dog", {})}, {item, other});
  CHECK(write_items(cvat_mask(), scratch / "out", drawn).empty());
  CHECK(read_file(scratch / "out/labelmap.txt") ==
        "# label:color_rgb:parts:actions\n"
        "# ids: -=background 7 -\n"
        "background:0,0,0::\ncat:61,61,245::\ndog:128,0,0::\n");
  CHECK(read_file(scratch / "out/ImageSets/Segmentation/train.txt") == "deep/a\n");
  CHECK(read_file(scratch / "out/ImageSets/Segmentation/default.txt") == "b\n");
  const cv::Mat classes = read_raw(scratch / "out/SegmentationClass/deep/a.png").pixels;
  REQUIRE(classes.type() == CV_8UC3);
  CHECK(classes.at<cv::Vec3b>(0, 0) == cv::Vec3b(128, 0, 0));
  CHECK(classes.at<cv::Vec3b>(0, 1) == cv::Vec3b(61, 61, 245));
  CHECK(classes.at<cv::Vec3b>(0, 2) == cv::Vec3b(0, 0, 0));
  const cv::Mat objects = read_raw(scratch / "out/SegmentationObject/deep/a.png").pixels;
  CHECK(objects.at<cv::Vec3b>(0, 0) == cv::Vec3b(128, 0, 0));
  CHECK(objects.at<cv::Vec3b>(0, 1) == cv::Vec3b(0, 128, 0));
  CHECK(objects.at<cv::Vec3b>(0, 2) == cv::Vec3b(0, 0, 0));
  CHECK_FALSE(fs::exists(scratch / "out/SegmentationObject/b.png"));
  CHECK(fs::exists(scratch / "out/provenance.json"));
}

TEST_CASE(
    "an image of background alone has no mask, as CVAT has it, unless its image is not there to say so") {
  const Scratch scratch;
  Item item = item_of("b", {3, 1});
  item.image = scratch.write("there.png", png_picture({3, 1}));
  const MaskItems drawn = items_of({label_of("cat", 7)}, {item});
  write_items(cvat_mask(), scratch / "out", drawn);
  CHECK_FALSE(fs::exists(scratch / "out/SegmentationClass/b.png"));
  const ReadDataSet data = read_data_set(cvat_mask(), scratch / "out");
  REQUIRE(data.items.at(0).id == "b");
  CHECK(data.items.at(0).annotated);
  CHECK_FALSE(data.items.at(0).semantic);
  MaskItems imageless = drawn;
  imageless.items[0].image.clear();
  write_items(cvat_mask(), scratch / "without", imageless);
  CHECK(fs::exists(scratch / "without/SegmentationClass/b.png"));
}

TEST_CASE("300 objects keep their numbers in either coding, and other programs' limit is said") {
  for (const char* coding : {"coding=colour", "coding=index"}) {
    const Scratch scratch;
    Item item = item_of("a", {300, 1});
    for (int x = 0; x < 300; ++x) {
      cv::Mat mask = cv::Mat::zeros(1, 300, CV_8UC1);
      mask.at<std::uint8_t>(0, x) = 1;
      item.annotations.push_back(object_of(0, mask));
    }
    const MaskItems drawn = items_of({label_of("cat", 1)}, {item});
    CHECK(rules_of(write_items(cvat_mask(), scratch / "out", drawn, {coding})) == Texts{"wide-object-mask"});
    const ReadDataSet data = read_data_set(cvat_mask(), scratch / "out");
    const cv::Mat numbers = read_instances(*data.items.at(0).instances);
    for (int x = 0; x < 300; ++x) CHECK(numbers.at<std::uint16_t>(0, x) == x + 1);
  }
}

TEST_CASE("pixels without a label become a label void, which labelmap.txt has only then") {
  const Scratch scratch;
  Item item = item_of("a", {2, 1});
  cv::Mat labels = mask_of({2, 1}, {0, 65535});
  item.semantic = made_mask(labels, index_coding(1), "a.png");
  const MaskItems drawn = items_of({label_of("cat", 1)}, {item});
  CHECK(rules_of(write_items(cvat_mask(), scratch / "out", drawn)) == Texts{"unlabelled-pixels"});
  const ReadDataSet data = read_data_set(cvat_mask(), scratch / "out");
  REQUIRE(data.labels().size() == 3);
  CHECK(data.labels()[2].name == "void");
  CHECK(data.labels().is_ignored(2));
  CHECK(read_semantic(*data.items.at(0).semantic).labels.at<std::uint16_t>(0, 1) == 2);
}

TEST_CASE("void of an object mask is no object") {
  const Scratch scratch;
  Item item = item_of("a", {2, 1});
  item.semantic = made_mask(mask_of({2, 1}, {0, 65535}), index_coding(1), "a.png");
  item.instances = made_mask(mask_of({2, 1}, {1, 65535}), number_coding(), "a.png");
  write_items(cvat_mask(), scratch / "out", items_of({label_of("cat", 1)}, {item}));
  const cv::Mat objects = read_raw(scratch / "out/SegmentationObject/a.png").pixels;
  CHECK(objects.at<cv::Vec3b>(0, 1) == cv::Vec3b(0, 0, 0));
}

TEST_CASE("background is black and the first line, and an object that is black gets another colour") {
  const Scratch scratch;
  const MaskItems drawn = items_of(
      {label_of("cat", 0, Rgb{0, 0, 0}), label_of("dog", 1), label_of("ground", 5, {}, Role::background)},
      {item_of("a", {2, 1})});
  CHECK(rules_of(write_items(cvat_mask(), scratch / "out", drawn)) == Texts{"label-recoloured"});
  CHECK(read_file(scratch / "out/labelmap.txt") ==
        "# label:color_rgb:parts:actions\n"
        "# ids: 5=background 0 1\n"
        "ground:0,0,0::\ncat:0,128,0::\ndog:128,0,0::\n");
}

TEST_CASE("a background that is added is black, also where CamVid's Void was") {
  const Scratch scratch;
  const MaskItems drawn =
      items_of({label_of("Road", 0, Rgb{128, 64, 128}), label_of("Void", 1, Rgb{0, 0, 0}, Role::ignore)},
               {item_of("a", {2, 1})});
  CHECK(rules_of(write_items(cvat_mask(), scratch / "out", drawn)) == Texts{"label-recoloured"});
  CHECK(read_file(scratch / "out/labelmap.txt") ==
        "# label:color_rgb:parts:actions\n"
        "# ids: 2=background 0 1=ignore\n"
        "background:0,0,0::\nRoad:128,64,128::\nVoid:128,0,0::\n");
}

TEST_CASE("labels of one colour cannot be told apart by colour, but by number") {
  const Scratch scratch;
  const MaskItems drawn =
      items_of({label_of("cat", 1, Rgb{1, 2, 3}), label_of("dog", 2, Rgb{1, 2, 3})}, {item_of("a", {2, 1})});
  CHECK(thrown_by([&] { write_items(cvat_mask(), scratch / "out", drawn); }).code() == Code::bad_value);
  CHECK_FALSE(fs::exists(scratch / "out"));
  write_items(cvat_mask(), scratch / "out", drawn, {"coding=index"});
  CHECK(fs::exists(scratch / "out/labelmap.txt"));
}

TEST_CASE("names that a list or a line cannot hold are changed or refused before anything is written") {
  const Scratch scratch;
  MaskItems drawn = items_of({label_of("cat", 1)}, {item_of(" .a\n/../b", {2, 1})});
  CHECK(rules_of(write_items(cvat_mask(), scratch / "out", drawn)) == Texts{"renamed"});
  const ReadDataSet data = read_data_set(cvat_mask(), scratch / "out");
  REQUIRE(data.items.size() == 1);
  CHECK(fs::exists(data.items[0].semantic->file));
  CHECK(std::distance(fs::directory_iterator(scratch.path()), fs::directory_iterator()) == 1);
  const MaskItems named = items_of({label_of("#cat", 1)}, {});
  CHECK(thrown_by([&] { write_items(cvat_mask(), scratch / "b", named); }).code() == Code::unsupported);
  drawn.items[0].subset = "../train";
  CHECK(thrown_by([&] { write_items(cvat_mask(), scratch / "b", drawn); }).code() == Code::bad_value);
  drawn.metadata.subsets = {"default"};
  drawn.items[0] = item_of("a", {2, 1});
  CHECK(rules_of(write_items(cvat_mask(), scratch / "c", drawn)) == Texts{"subset-lost"});
}
