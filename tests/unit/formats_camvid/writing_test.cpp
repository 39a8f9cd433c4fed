// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "formats/camvid/camvid.h"
#include "formats/registry.h"
#include "support/data_sets.h"
#include "support/mask_items.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Label label_of(std::string name, std::optional<Rgb> colour = {}, Role role = Role::object) {
  Label label;
  label.name = std::move(name);
  label.colour = colour;
  label.role = role;
  return label;
}

/// Three labels, and an image in each subset.
MaskItems three_labels(const Scratch& scratch, const std::vector<std::string>& subsets,
                       const std::vector<int>& values = {0, 1, 2}) {
  MaskItems drawn;
  drawn.metadata.labels = LabelMap({label_of("Sky", Rgb{128, 128, 128}), label_of("Road", Rgb{128, 64, 128}),
                                    label_of("Void", Rgb{0, 0, 0}, Role::ignore)});
  for (std::size_t i = 0; i < subsets.size(); ++i) {
    Item item;
    item.id = "deep/" + std::to_string(i);
    item.image = scratch.write("there.png", png_picture());
    item.file_name = item.id + ".png";
    item.size = Size{6, 4};
    item.subset = subsets[i];
    if (!subsets[i].empty()) drawn.metadata.subsets.push_back(subsets[i]);
    cv::Mat labels;
    mask_of({6, 4}, values).convertTo(labels, CV_16U);
    item.semantic = made_mask(labels, index_coding(3), item.image);
    drawn.items.push_back(std::move(item));
  }
  return drawn;
}

}  // namespace

TEST_CASE("fast.ai's layout: gray masks _P, a name a line, the images of validation in valid.txt") {
  const Scratch scratch;
  write_items(camvid(), scratch / "out", three_labels(scratch, {"train", "val"}));
  CHECK(read_file(scratch / "out/codes.txt") == "Sky\nRoad\nVoid\n");
  CHECK(read_file(scratch / "out/label_colors.txt") == "128 128 128\tSky\n128 64 128\tRoad\n0 0 0\tVoid\n");
  CHECK(read_file(scratch / "out/valid.txt") == "deep/1.png\n");
  CHECK(read_file(scratch / "out/train.txt") == "deep/0.png\n");
  CHECK_FALSE(fs::exists(scratch / "out/val.txt"));
  const RawImage mask = read_raw(scratch / "out/labels/deep/0_P.png");
  CHECK(mask.palette.empty());  // fast.ai's reader would expand it
  CHECK(cv::norm(mask.pixels, mask_of({6, 4}, {0, 1, 2}), cv::NORM_INF) == 0);
  CHECK(fs::exists(scratch / "out/images/deep/0.png"));
  CHECK(formats::detect(scratch / "out").front().format == &camvid());
  const ReadDataSet data = read_data_set(camvid(), scratch / "out");
  CHECK(data.rules().empty());
  CHECK(data.items.at(1).subset == "val");
}

TEST_CASE("Cambridge's layout: RGB masks _L") {
  const Scratch scratch;
  write_items(camvid(), scratch / "out", three_labels(scratch, {""}), {"coding=colour"});
  const RawImage mask = read_raw(scratch / "out/LabeledApproved_full/deep/0_L.png");
  REQUIRE(mask.pixels.type() == CV_8UC3);
  CHECK(mask.pixels.at<cv::Vec3b>(0, 1) == cv::Vec3b(128, 64, 128));
  CHECK(fs::exists(scratch / "out/701_StillsRaw_full/deep/0.png"));
  CHECK(formats::detect(scratch / "out").front().format == &camvid());
}

TEST_CASE("pixels without a label get the number after the last label's, which codes.txt then names") {
  const Scratch scratch;
  MaskItems drawn = three_labels(scratch, {""}, {0, 1, 65535});
  drawn.metadata.labels = LabelMap({label_of("Sky"), label_of("Road"), label_of("void")});
  const std::vector<Finding> findings = write_items(camvid(), scratch / "out", drawn);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "unlabelled-pixels");
  CHECK(read_file(scratch / "out/codes.txt") == "Sky\nRoad\nvoid\nvoid_\n");
  CHECK(read_raw(scratch / "out/labels/deep/0_P.png").pixels.at<std::uint8_t>(0, 2) == 3);
}

TEST_CASE("an image in no subset stays in none beside fast.ai's one list") {
  const Scratch scratch;
  write_items(camvid(), scratch / "out", three_labels(scratch, {"valid", ""}));
  CHECK(read_file(scratch / "out/train.txt").empty());
  const ReadDataSet data = read_data_set(camvid(), scratch / "out");
  CHECK(data.items.at(0).subset == "valid");
  CHECK(data.items.at(1).subset.empty());
  CHECK(data.source->metadata().subsets == std::vector<std::string>{"valid"});
}

TEST_CASE("what the files beside the folders cannot hold is refused before anything is written") {
  const Scratch scratch;
  MaskItems drawn = three_labels(scratch, {"codes"});
  CHECK(thrown_by([&] { write_items(camvid(), scratch / "out", drawn); }).code() == Code::bad_value);
  drawn = three_labels(scratch, {""});
  drawn.metadata.labels = LabelMap({label_of("a\nb")});
  CHECK(thrown_by([&] { write_items(camvid(), scratch / "out", drawn); }).code() == Code::unsupported);
  CHECK_FALSE(fs::exists(scratch / "out"));
  drawn = three_labels(scratch, {"train"});
  drawn.items[0].id = "a\nb";
  CHECK(thrown_by([&] { write_items(camvid(), scratch / "out", drawn); }).code() == Code::bad_value);
  for (const char* id : {"../a", ".a", "a//b"}) {
    drawn.items[0].id = id;
    CHECK(thrown_by([&] { write_items(camvid(), scratch / "out", drawn); }).code() == Code::bad_value);
  }
  CHECK_FALSE(fs::exists(scratch / "out"));
}

TEST_CASE("items whose ids begin with the folder's own name are found again") {
  const Scratch scratch;
  MaskItems drawn = three_labels(scratch, {"train", "val"});
  for (Item& item : drawn.items) {
    item.id = "images/" + item.id;
    item.file_name = "images/" + item.file_name;
  }
  write_items(camvid(), scratch / "out", drawn);
  const ReadDataSet read = read_data_set(camvid(), scratch / "out");
  REQUIRE(read.items.size() == 2);
  CHECK(read.items[0].id == "images/deep/0");
  CHECK(read.items[0].semantic);
}
