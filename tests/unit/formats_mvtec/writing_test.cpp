// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "formats/mvtec/mvtec.h"
#include "formats/registry.h"
#include "support/data_sets.h"
#include "support/mask_items.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Texts = std::vector<std::string>;

Label label_of(std::string name, Role role = Role::object) {
  Label label;
  label.name = std::move(name);
  label.role = role;
  return label;
}

/// Items of the labels background, hole, crack and void.
class Nuts {
 public:
  Nuts() {
    drawn.metadata.labels = LabelMap({label_of("background", Role::background), label_of("hole"),
                                      label_of("crack"), label_of("void", Role::ignore)});
    drawn.metadata.subsets = {"train", "test"};
  }

  Nuts& add(std::string id, std::string subset, const std::vector<int>& values, Size size = {4, 1}) {
    Item item;
    item.id = std::move(id);
    item.image = scratch.write("there.png", png_picture(size));
    item.file_name = item.id + ".png";
    item.size = size;
    item.subset = std::move(subset);
    cv::Mat labels;
    mask_of(size, values).convertTo(labels, CV_16U);
    item.semantic = made_mask(labels, index_coding(4), item.image);
    drawn.items.push_back(std::move(item));
    return *this;
  }

  Texts write(std::vector<std::string> settings = {}) {
    Texts rules;
    for (const Finding& finding : write_items(mvtec(), scratch / "out", drawn, std::move(settings)))
      rules.push_back(finding.rule);
    return rules;
  }

  /// Relative to the output.
  Texts files() const {
    Texts names;
    for (const Path& file : list_files(scratch / "out"))
      names.push_back(relative_name(file, scratch / "out"));
    return names;
  }

  Scratch scratch;
  MaskItems drawn;
};

}  // namespace

TEST_CASE("an image goes to its label's folder, one without any to good/") {
  Nuts nuts;
  nuts.add("a", "train", {0}).add("b", "test", {0, 1, 1, 0}).add("c", "test", {2});
  CHECK(nuts.write() == Texts{});
  CHECK(nuts.files() == Texts{"ground_truth/crack/c_mask.png", "ground_truth/hole/b_mask.png", "labels.json",
                              "provenance.json", "test/crack/c.png", "test/hole/b.png", "train/good/a.png"});
  const cv::Mat mask = read_raw(nuts.scratch / "out/ground_truth/hole/b_mask.png").pixels;
  CHECK(cv::norm(mask, mask_of({4, 1}, {0, 255, 255, 0}), cv::NORM_INF) == 0);
  CHECK(formats::detect(nuts.scratch / "out").front().format == &mvtec());
}

TEST_CASE("an id that is such a path is the path, with its category") {
  Nuts nuts;
  nuts.add("metal_nut/train/good/000", "train", {0})
      .add("metal_nut/test/hole/000", "test", {1})
      .add("test/crack/000", "test", {2});
  CHECK(nuts.write() == Texts{});
  CHECK(nuts.files() == Texts{"ground_truth/crack/000_mask.png", "labels.json",
                              "metal_nut/ground_truth/hole/000_mask.png", "metal_nut/test/hole/000.png",
                              "metal_nut/train/good/000.png", "provenance.json", "test/crack/000.png"});
  const ReadDataSet data = read_data_set(mvtec(), nuts.scratch / "out");
  CHECK(data.ids() == Texts{"metal_nut/test/hole/000", "metal_nut/train/good/000", "test/crack/000"});
}

TEST_CASE("a category can be stated") {
  Nuts nuts;
  nuts.add("a", "test", {1}).add("screw/test/hole/000", "test", {1});
  CHECK(nuts.write({"category=nut"}) == Texts{});
  CHECK(fs::exists(nuts.scratch / "out/nut/test/hole/a.png"));
  CHECK(fs::exists(nuts.scratch / "out/nut/ground_truth/hole/000_mask.png"));
}

TEST_CASE("other ids with folders become names, which stay apart") {
  Nuts nuts;
  nuts.add("x/a", "test", {1}).add("x-a", "test", {1}).add("train/hole/a", "test", {1});
  CHECK(nuts.write() == Texts{"renamed", "renamed"});
  CHECK(list_files(nuts.scratch / "out/test/hole").size() == 3);
  CHECK(read_data_set(mvtec(), nuts.scratch / "out").rules().empty());
}

TEST_CASE("an image of several labels goes to combined/, and that is said") {
  Nuts nuts;
  nuts.add("a", "test", {1, 2, 0, 0});
  CHECK(nuts.write() == Texts{"labels-merged"});
  const ReadDataSet data = read_data_set(mvtec(), nuts.scratch / "out");
  CHECK(data.rules().empty());
  REQUIRE(data.labels().find("combined"));
  const cv::Mat labels = read_semantic(*data.items.at(0).semantic).labels;
  CHECK(cv::countNonZero(labels == *data.labels().find("combined")) == 2);
  Nuts binary;
  binary.add("a", "test", {1, 2, 0, 0});
  CHECK(binary.write({"labels=binary"}) == Texts{});
  CHECK(fs::exists(binary.scratch / "out/ground_truth/defect/a_mask.png"));
  const ReadDataSet read = read_data_set(mvtec(), binary.scratch / "out");
  CHECK(read.labels().size() == 2);
  CHECK(read.labels().find("defect"));
}

TEST_CASE("void has no place and is said") {
  Nuts nuts;
  nuts.add("a", "test", {1, 3, 65535, 0});
  CHECK(nuts.write() == Texts{"void-lost"});
  const cv::Mat mask = read_raw(nuts.scratch / "out/ground_truth/hole/a_mask.png").pixels;
  CHECK(cv::norm(mask, mask_of({4, 1}, {255, 0, 0, 0}), cv::NORM_INF) == 0);
}

TEST_CASE("masks of a defect in training do not fall upon those of the test") {
  Nuts nuts;
  nuts.add("train/hole/000", "train", {1, 0, 0, 0}).add("test/hole/000", "test", {0, 1, 1, 1});
  CHECK(nuts.write() == Texts{});
  CHECK(fs::exists(nuts.scratch / "out/train/ground_truth/hole/000_mask.png"));
  const ReadDataSet data = read_data_set(mvtec(), nuts.scratch / "out");
  CHECK(data.rules().empty());
  REQUIRE(data.items.size() == 2);
  CHECK(cv::countNonZero(read_semantic(*data.items[0].semantic).labels == 1) == 3);
  CHECK(cv::countNonZero(read_semantic(*data.items[1].semantic).labels == 1) == 1);
}

TEST_CASE("an item that nobody annotated lies in its subset's folder") {
  Nuts nuts;
  nuts.add("a", "test", {1}).add("b", "test", {0});
  nuts.drawn.items[1].annotated = false;
  nuts.drawn.items[1].semantic.reset();
  CHECK(nuts.write() == Texts{});
  CHECK(fs::exists(nuts.scratch / "out/test/b.png"));
  CHECK_FALSE(read_data_set(mvtec(), nuts.scratch / "out").items.at(1).annotated);
}

TEST_CASE("names that no folder can have, or that mean something else here, are refused") {
  for (const char* name : {"good", "ground_truth"}) {
    Nuts nuts;
    nuts.add("a", "test", {1});
    nuts.drawn.metadata.labels = LabelMap({label_of("background", Role::background), label_of(name)});
    CHECK(thrown_by([&] { nuts.write(); }).code() == Code::bad_value);
    CHECK_FALSE(fs::exists(nuts.scratch / "out"));
  }
  for (const char* subset : {"", "../x", ".x", "a/b", "ground_truth"}) {
    Nuts nuts;
    nuts.add("a", subset, {1});
    CHECK(thrown_by([&] { nuts.write(); }).code() == Code::bad_value);
  }
  for (const char* id : {"../a", ".a", "a//b", ""}) {
    Nuts nuts;
    nuts.add(id, "test", {1});
    CHECK(thrown_by([&] { nuts.write(); }).code() == Code::bad_value);
  }
  Nuts nuts;
  nuts.add("a", "test", {1});
  nuts.drawn.metadata.labels =
      LabelMap({label_of("background", Role::background), label_of("a/b"), label_of("a_b")});
  CHECK(thrown_by([&] { nuts.write(); }).code() == Code::bad_value);
  CHECK(thrown_by([&] { nuts.write({"category=../x"}); }).code() == Code::bad_value);
}
