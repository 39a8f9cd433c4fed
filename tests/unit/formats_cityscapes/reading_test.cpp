// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/cityscapes/cityscapes.h"
#include "support.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Ids = std::vector<std::string>;
using Rules = std::map<std::string, int>;
using Settings = std::vector<std::string>;

/// The golden files of these endings.
void put_golden(const Scratch& scratch, const std::vector<std::string>& endings) {
  for (const std::string& ending : endings)
    scratch.write(kScene + ending, read_file(kGolden / (kScene + ending)));
}

ReadDataSet read(const Path& path, Settings settings = {}) {
  return read_data_set(cityscapes(), path, std::move(settings));
}

/// Pixels by the label's name.
std::map<std::string, int> pixels_of(const ReadDataSet& data) {
  const SemanticMask mask = semantic_of(data.items.at(0), data.labels());
  CHECK(mask.unknown_values.empty());
  std::map<std::string, int> pixels;
  for (int label = 0; label < data.labels().size(); ++label)
    if (const int count = cv::countNonZero(mask.labels == label); count > 0)
      pixels[data.labels()[label].name] = count;
  return pixels;
}

// As cityscapesScripts painted them.
const std::map<std::string, int> kPixels{{"ego vehicle", 60}, {"out of roi", 32}, {"road", 418},
                                         {"building", 240},   {"polegroup", 24},  {"traffic sign", 20},
                                         {"sky", 413},        {"person", 75},     {"rider", 19},
                                         {"car", 210},        {"caravan", 25}};

}  // namespace

TEST_CASE("labelIds and instanceIds: every pixel of every label, objects, and groups as crowds") {
  const ReadDataSet data = read(kGolden);
  CHECK(data.ids() == Ids{"aachen/aachen_000000_000019"});
  CHECK(data.items[0].subset == "train");
  CHECK(data.items[0].size == Size{48, 32});
  CHECK(data.items[0].image.empty());
  CHECK(data.rules() == Rules{{"file-left-out", 1}});
  CHECK(pixels_of(data) == kPixels);

  InstanceLoss loss;
  const std::vector<Annotation> objects =
      instances_from_mask(read_semantic(*data.items[0].semantic).labels,
                          read_instances(*data.items[0].instances), data.labels(), {}, loss);
  CHECK(loss.pixels_lost == 0);
  CHECK(loss.left_out == 0);
  std::map<std::string, std::vector<std::int64_t>> areas, crowds;
  for (const Annotation& object : objects)
    (object.flags.crowd == true ? crowds : areas)[data.labels()[*object.label].name].push_back(
        area(std::get<Rle>(object.shape)));
  CHECK(areas["car"] == std::vector<std::int64_t>{120, 12, 36});
  CHECK(areas["person"] == std::vector<std::int64_t>{27});
  CHECK(areas["rider"] == std::vector<std::int64_t>{19});
  CHECK(areas["caravan"] == std::vector<std::int64_t>{25});
  CHECK(areas["road"] == std::vector<std::int64_t>{418});
  CHECK(areas["polegroup"] == std::vector<std::int64_t>{24});
  CHECK(crowds["car"] == std::vector<std::int64_t>{42});
  CHECK(crowds["person"] == std::vector<std::int64_t>{48});
  CHECK(crowds["ego vehicle"] == std::vector<std::int64_t>{60});
  CHECK(!crowds.contains("polegroup"));
}

TEST_CASE("any one of the files is enough") {
  for (const char* ending : {"_labelIds.png", "_instanceIds.png"}) {
    INFO(ending);
    const Scratch scratch;
    put_golden(scratch, {ending});
    CHECK(cityscapes().probe(scratch.path()).confidence >= 80);
    const ReadDataSet data = read(scratch.path());
    CHECK(data.findings.empty());
    CHECK(pixels_of(data) == kPixels);
    CHECK(data.items[0].instances.has_value() == (std::string(ending) == "_instanceIds.png"));
  }
  const Scratch coloured;
  put_golden(coloured, {"_color.png"});
  std::map<std::string, int> expected = kPixels;  // in colours, void is black, and a group of poles a pole
  expected.erase("ego vehicle");
  expected.erase("out of roi");
  expected.erase("polegroup");
  expected["unlabeled"] = 92;
  expected["pole"] = 24;
  CHECK(pixels_of(read(coloured.path())) == expected);
}

TEST_CASE("datumaro drops road, whose training id is 0; here it stays") {
  const Scratch scratch;
  put_golden(scratch, {"_labelTrainIds.png"});
  const ReadDataSet data = read(scratch.path());
  CHECK(data.labels().size() == 20);
  const std::map<std::string, int> expected{{"road", 418}, {"building", 240}, {"traffic sign", 20},
                                            {"sky", 413},  {"person", 75},    {"rider", 19},
                                            {"car", 210},  {"unlabeled", 141}};
  CHECK(pixels_of(data) == expected);
  // The same from the masks of ids, and from those of training ids under all labels' names.
  CHECK(pixels_of(read(kGolden, {"labels=train"})) == expected);
  const ReadDataSet all = read(scratch.path(), {"labels=all"});
  CHECK(all.labels().size() == 35);
  CHECK(pixels_of(all) == expected);
}

TEST_CASE("datumaro wraps more than 255 instances; here there are 300 of a label, and more of all") {
  const Scratch scratch;
  cv::Mat labels(20, 20, CV_8UC1, cv::Scalar(26)), numbers(20, 20, CV_16UC1);
  for (int i = 0; i < 400; ++i) {
    labels.at<std::uint8_t>(i / 20, i % 20) = i < 300 ? 26 : 24;
    numbers.at<std::uint16_t>(i / 20, i % 20) = static_cast<std::uint16_t>(i < 300 ? 26000 + i : 24000 + i);
  }
  scratch.write("gtFine/val/a/a_0_0_gtFine_labelIds.png", encode_index_png(labels));
  scratch.write("gtFine/val/a/a_0_0_gtFine_instanceIds.png", encode_index_png(numbers));
  const ReadDataSet data = read(scratch.path());
  InstanceLoss loss;
  CHECK(instances_from_mask(read_semantic(*data.items.at(0).semantic).labels,
                            read_instances(*data.items[0].instances), data.labels(), {}, loss)
            .size() == 400);
  CHECK(loss.pixels_lost == 0);
}

TEST_CASE("polygons are read where there is nothing else, or where they are asked for") {
  const Scratch scratch;
  put_golden(scratch, {"_polygons.json"});
  const ReadDataSet alone = read(scratch.path()), asked = read(kGolden, {"objects=polygons"});
  for (const ReadDataSet* data : {&alone, &asked}) {
    CHECK(data->findings.empty());
    const Item& item = data->items.at(0);
    CHECK(item.annotated);
    CHECK(!item.semantic);
    CHECK(item.size == Size{48, 32});
    CHECK(item.annotations.size() == 16);  // of 18, two deleted
    CHECK(std::ranges::count_if(item.annotations, [&](const Annotation& one) {
            return one.flags.crowd == true && !data->labels().is_ignored(*one.label);
          }) == 2);
  }
  CHECK(alone.items[0].annotations == asked.items[0].annotations);
  const ReadDataSet trained = read(kGolden, {"objects=polygons", "labels=train"});
  CHECK(trained.items.at(0).annotations.size() == 16);
}

TEST_CASE("images, their truth and their subsets; several images of one truth") {
  const Scratch scratch;
  const std::string mask = png_mask({7, 26, 11});
  for (const char* name :
       {"val/lindau/lindau_000000_000019", "train/aachen/aachen_000001_000019",
        "train/aachen/aachen_000000_000019", "train_extra/augsburg/augsburg_000000_000000"}) {
    scratch.write(std::string("leftImg8bit/") + name + "_leftImg8bit.png", png_picture());
    scratch.write(std::string("gtFine/") + name + "_gtFine_labelIds.png", mask);
  }
  scratch.write("leftImg8bit/test/berlin/berlin_000000_000019_leftImg8bit.png", png_picture());
  scratch.write("gtFine/cityscapes_panoptic_val/lindau_000000_000019_gtFine_panoptic.png", png_picture());
  scratch.write("gtFine/train/aachen/._aachen_000000_000019_gtFine_labelIds.png", "resource fork");
  CHECK(cityscapes().probe(scratch.path()).confidence >= 90);
  const ReadDataSet data = read(scratch.path());
  CHECK(data.findings.empty());
  CHECK(data.ids() == Ids{"aachen/aachen_000000_000019", "aachen/aachen_000001_000019",
                          "augsburg/augsburg_000000_000000", "berlin/berlin_000000_000019",
                          "lindau/lindau_000000_000019"});
  CHECK(data.source->metadata().subsets == Ids{"train", "train_extra", "val", "test"});
  CHECK_FALSE(data.items[3].annotated);
  CHECK(data.items[0].semantic->file ==
        scratch / "gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png");

  for (const char* beta : {"0.005", "0.02"})
    scratch.write(std::string("leftImg8bit_foggy/train/aachen/aachen_000000_000019_leftImg8bit_foggy_beta_") +
                      beta + ".png",
                  png_picture());
  const ReadDataSet foggy = read(scratch.path(), {"images=leftImg8bit_foggy"});
  CHECK(foggy.items.size() == 5);
  CHECK(foggy.items[0].id == "aachen/aachen_000000_000019_foggy_beta_0.005");
  CHECK(foggy.items[1].id == "aachen/aachen_000000_000019_foggy_beta_0.02");
  CHECK(foggy.items[0].semantic->file == foggy.items[1].semantic->file);
  CHECK(foggy.rules() == Rules{{"pair-missing", 3}});
}

TEST_CASE("what is missing or wrong is said, and costs its own item") {
  const Scratch scratch;
  const auto image = [&](const std::string& name) {
    scratch.write("leftImg8bit/train/c/" + name + "_leftImg8bit.png", png_picture());
  };
  const auto labels = [&](const std::string& name, const std::string& bytes) {
    scratch.write("gtFine/train/c/" + name + "_gtFine_labelIds.png", bytes);
  };
  image("c_0_0");
  labels("c_0_0", png_mask({7}));
  scratch.write("gtFine/train/c/c_0_0_gtFine_instanceIds.png", png_mask({26001}, {3, 4}));
  image("c_0_1");
  labels("c_0_2", png_mask({7}));
  image("c_0_3");
  labels("c_0_3", "no picture");
  image("c_0_4");
  labels("c_0_4", png_mask({7}, {5, 5}));
  image("c_0_5");
  scratch.write("gtFine/train/c/c_0_5_gtFine_polygons.json", "{");
  scratch.write("leftImg8bit/train/c/c_0_0_leftImg8bit.jpg", jpeg_picture());
  scratch.write("gtCoarse/train/c/c_0_0_gtCoarse_labelIds.png", png_mask({7}));
  const ReadDataSet data = read(scratch.path());
  CHECK(data.ids() == Ids{"c/c_0_0", "c/c_0_1", "c/c_0_2"});
  CHECK(data.rules() == Rules{{"size-differs", 2},
                              {"unlabelled-item", 1},
                              {"pair-missing", 1},
                              {"unreadable-mask", 1},
                              {"unreadable-annotation", 1},
                              {"same-name", 1},
                              {"file-left-out", 1}});
  CHECK(!data.items[0].instances);
  CHECK_THAT(data.finding("file-left-out").fix, contains("truth=gtCoarse"));
  CHECK(read(scratch.path(), {"truth=gtCoarse"}).items.size() == 5);
  for (const char* setting : {"truth=gtNone", "images=none"})
    CHECK(thrown_by([&] { read(scratch.path(), {setting}); }).code() == Code::not_found);
  CHECK(thrown_by([&] { read(scratch.path(), {"truth=../x"}); }).code() == Code::usage);
}

TEST_CASE("one name in two subsets is two items; default is no subset") {
  const Scratch scratch;
  for (const char* subset : {"train", "val", "default"})
    scratch.write(
        std::string("gtFine/") + subset + "/c/c_0_" + (subset[0] == 'd' ? "1" : "0") + "_gtFine_labelIds.png",
        png_mask({7}));
  const ReadDataSet data = read(scratch.path());
  CHECK(data.ids() == Ids{"c/c_0_1", "train/c/c_0_0", "val/c/c_0_0"});
  CHECK(data.items[0].subset.empty());
  CHECK(data.source->metadata().subsets == Ids{"train", "val"});
}

TEST_CASE("where the layout is not there, it says what was looked for") {
  const Scratch scratch;
  scratch.write("leftImg8bit/train/c/c_0_0_leftImg8bit.png", png_picture());
  CHECK(cityscapes().probe(scratch.path()).confidence < 30);
  CHECK_THAT(thrown_by([&] { read(scratch.path()); }).message(), contains("_labelIds.png"));
  scratch.write("gtFine/readme.txt", "none");
  CHECK(cityscapes().probe(scratch.path()).confidence < 30);
}
