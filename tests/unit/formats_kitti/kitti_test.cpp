// SPDX-License-Identifier: Apache-2.0
#include "formats/kitti/kitti.h"

#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/coco/coco.h"
#include "prepare/convert.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Ids = std::vector<std::string>;
using Rules = std::map<std::string, int>;

// As the development kit says: label * 256 + object; road, two cars, a group of cars, void, two buildings.
const std::vector<int> kNumbers{7 * 256, 26 * 256 + 1, 26 * 256 + 2, 26 * 256,
                                0,       11 * 256 + 1, 11 * 256 + 2, 4 * 256};
const std::vector<int> kLabels{7, 26, 26, 26, 0, 11, 11, 4};
constexpr Size kSize{8, 3};

ReadDataSet read(const Path& path, std::vector<std::string> settings = {}) {
  return read_data_set(kitti(), path, std::move(settings));
}

void put(const Scratch& scratch, const std::string& subset, const std::string& name, bool masks = true) {
  scratch.write(subset + "/image_2/" + name + ".png", png_picture(kSize));
  if (!masks) return;
  scratch.write(subset + "/semantic/" + name + ".png", png_mask(kLabels, kSize));
  scratch.write(subset + "/instance/" + name + ".png", png_mask(kNumbers, kSize));
}

std::vector<Annotation> objects_of(const ReadDataSet& data, std::size_t item = 0) {
  InstanceLoss loss;
  auto made = instances_from_mask(read_semantic(*data.items.at(item).semantic).labels,
                                  read_instances(*data.items[item].instances), data.labels(), {}, loss);
  CHECK(loss.pixels_lost == 0);
  return made;
}

std::map<std::string, int> converted(const Path& from, const Format& format, const Format& target,
                                     const Path& to) {
  const auto source = format.open({from, {}});
  Findings findings;
  convert(*source, target, {.target = to, .media = Media::copy, .metadata = source->metadata()}, {},
          {.command = "test", .inputs = {}}, findings, [](const std::vector<Loss>&) {});
  std::map<std::string, int> rules;
  for (const auto& [rule, count] : findings.by_rule()) rules[rule] = static_cast<int>(count);
  return rules;
}

}  // namespace

TEST_CASE("training and testing: names of both, masks of one, objects, groups and void") {
  const Scratch scratch;
  put(scratch, "training", "000000_10");
  put(scratch, "training", "000001_10");
  put(scratch, "testing", "000000_10", false);
  CHECK(kitti().probe(scratch.path()).confidence >= 85);
  const ReadDataSet data = read(scratch.path());
  CHECK(data.findings.empty());
  CHECK(data.ids() == Ids{"000001_10", "testing/000000_10", "training/000000_10"});
  CHECK(data.source->metadata().subsets == Ids{"training", "testing"});
  CHECK_FALSE(data.items[1].annotated);
  CHECK(data.items[2].image == scratch / "training/image_2/000000_10.png");

  std::vector<std::pair<std::string, bool>> found;
  for (const Annotation& object : objects_of(data))
    found.emplace_back(data.labels()[*object.label].name, object.flags.crowd == true);
  const std::vector<std::pair<std::string, bool>> expected{
      {"road", false}, {"building", false}, {"building", false}, {"car", false},
      {"car", false},  {"car", true},       {"unlabeled", true}, {"static", true}};
  CHECK(found == expected);
}

TEST_CASE("there and back through COCO every label and every object is the same") {
  const Scratch scratch;
  put(scratch, "training", "000000_10");
  put(scratch, "testing", "000000_10", false);
  converted(scratch.path(), kitti(), coco(), scratch / "coco");
  CHECK(converted(scratch / "coco", coco(), kitti(), scratch / "back").empty());
  for (const char* folder : {"semantic", "instance"}) {
    const std::string name = std::string("training/") + folder + "/000000_10.png";
    CHECK(cv::norm(read_raw(scratch / name).pixels, read_raw(scratch / "back" / name).pixels, cv::NORM_INF) ==
          0);
  }
  CHECK(!fs::exists(scratch / "back/labels.json"));
  CHECK(fs::exists(scratch / "back/training/semantic_rgb/000000_10.png"));
}

TEST_CASE("either mask is enough, and one subset's folder too") {
  for (const char* folder : {"semantic", "instance"}) {
    const Scratch scratch;
    put(scratch, "training", "a");
    for (const char* other : {"semantic", "instance"})
      if (std::string(other) != folder) fs::remove_all(scratch / "training" / other);
    const ReadDataSet data = read(scratch / "training");
    CHECK(data.findings.empty());
    CHECK(data.items.at(0).subset.empty());
    const cv::Mat labels = read_semantic(*data.items[0].semantic).labels;
    CHECK(cv::countNonZero(labels == *data.labels().find("car")) == 9);
    CHECK(cv::countNonZero(labels == *data.labels().find("building")) == 6);
  }
}

TEST_CASE("datumaro's list of colours names the labels, and its default is no subset") {
  const Scratch scratch;
  scratch.write("label_colors.txt", "0 0 0 unlabeled\n1 1 1 dog\n2 2 2 trafficlight\n");
  scratch.write("default/instance/x/1.png", png_mask({0, 256, 257, 258, 512}));
  scratch.write("default/semantic/x/1.png", png_mask({0, 1, 1, 1, 2}));
  const ReadDataSet data = read(scratch.path());
  CHECK(kitti().probe(scratch.path()).confidence >= 70);
  CHECK(data.ids() == Ids{"x/1"});
  CHECK(data.items[0].subset.empty());
  CHECK(data.labels().size() == 3);
  CHECK(objects_of(data).size() == 6);  // traffic light, two dogs, dogs that nobody told apart, void twice
}

TEST_CASE("objects count from 1; those after the 255th are a group, and said") {
  Metadata metadata;
  Label dog;
  dog.name = "dog";
  metadata.labels.add(dog);
  Item item;
  item.id = "a";
  item.size = Size{20, 15};
  for (int i = 0; i < 258; ++i) {
    cv::Mat mask = cv::Mat::zeros(15, 20, CV_8UC1);
    mask.at<std::uint8_t>(i / 20, i % 20) = 1;
    Annotation one;
    one.label = 0;
    one.shape = rle_from_mask(mask);
    item.annotations.push_back(std::move(one));
  }
  const auto source = make_source(metadata, {item});
  const Scratch scratch;
  Findings findings;
  convert(*source, kitti(), {.target = scratch / "out", .media = Media::none, .metadata = metadata}, {},
          {.command = "test", .inputs = {}}, findings, [](const std::vector<Loss>&) {});
  CHECK(findings.by_rule().at("objects-joined") == 1);
  const cv::Mat numbers = read_raw(scratch / "out/default/instance/a.png").pixels;
  CHECK(numbers.at<std::uint16_t>(0, 0) == 34 * 256 + 1);
  CHECK(numbers.at<std::uint16_t>(12, 14) == 34 * 256 + 255);
  CHECK(cv::countNonZero(numbers == 34 * 256) == 3);
}

TEST_CASE("what is missing or wrong is said, and boxes are no masks") {
  const Scratch scratch;
  put(scratch, "training", "a");
  put(scratch, "training", "b", false);
  scratch.write("training/semantic/c.png", png_mask(kLabels, kSize));
  put(scratch, "training", "d");
  rewrite(scratch / "training/semantic/d.png", "no picture");
  scratch.write("training/image_2/a.jpg", jpeg_picture(kSize));
  const ReadDataSet data = read(scratch.path());
  CHECK(data.ids() == Ids{"a", "b", "c"});
  CHECK(data.rules() ==
        Rules{{"unlabelled-item", 1}, {"pair-missing", 1}, {"unreadable-mask", 1}, {"same-name", 1}});

  const Scratch boxes;
  boxes.write("training/image_2/a.png", png_picture());
  boxes.write("training/label_2/a.txt", "Car 0.00 0 0 1 1 2 2 1 1 1 1 1 1 1\n");
  CHECK(kitti().probe(boxes.path()).confidence < 30);
  CHECK(thrown_by([&] { read(boxes.path()); }).code() == Code::bad_format);
}
