// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/camvid/camvid.h"
#include "formats/camvid/camvid_tables.h"
#include "formats/registry.h"
#include "formats/trainannot/trainannot.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Rules = std::map<std::string, int>;
using Texts = std::vector<std::string>;

/// fast.ai's, as it lies in its archive.
constexpr const char* kCodes =
    "Animal\nArchway\nBicyclist\nBridge\nBuilding\nCar\nCartLuggagePram\nChild\nColumn_Pole\nFence\n"
    "LaneMkgsDriv\nLaneMkgsNonDriv\nMisc_Text\nMotorcycleScooter\nOtherMoving\nParkingBlock\nPedestrian\nRoad\n"
    "RoadShoulder\nSidewalk\nSignSymbol\nSky\nSUVPickupTruck\nTrafficCone\nTrafficLight\nTrain\nTree\n"
    "Truck_Bus\nTunnel\nVegetationMisc\nVoid\nWall";

/// Cambridge's: one or two tabs before the names.
constexpr const char* kColours =
    "64 128 64\tAnimal\n192 0 128\tArchway\n0 128 192\tBicyclist\n0 128 64\tBridge\n128 0 0\t\tBuilding\n"
    "64 0 128\tCar\n64 0 192\tCartLuggagePram\n192 128 64\tChild\n192 192 128\tColumn_Pole\n64 64 128\tFence\n"
    "128 0 192\tLaneMkgsDriv\n192 0 64\tLaneMkgsNonDriv\n128 128 64\tMisc_Text\n192 0 192\tMotorcycleScooter\n"
    "128 64 64\tOtherMoving\n64 192 128\tParkingBlock\n64 64 0\t\tPedestrian\n128 64 128\tRoad\n"
    "128 128 192\tRoadShoulder\n0 0 192\t\tSidewalk\n192 128 128\tSignSymbol\n128 128 128\tSky\n"
    "64 128 192\tSUVPickupTruck\n0 0 64\t\tTrafficCone\n0 64 64\t\tTrafficLight\n192 64 128\tTrain\n"
    "128 128 0\tTree\n192 128 192\tTruck_Bus\n64 0 64\t\tTunnel\n192 192 0\tVegetationMisc\n0 0 0\t\tVoid\n"
    "64 192 0\tWall\n";

constexpr const char* kCodes12 =
    "Sky\nBuilding\nPole\nRoad\nPavement\nTree\nSignSymbol\nFence\nCar\nPedestrian\nBicyclist\nUnlabelled\n";

void put_fastai(const Scratch& scratch, const std::vector<int>& values = {17, 21, 30, 4}) {
  scratch.write("codes.txt", kCodes);
  for (const char* name : {"0001TP_006690", "0006R0_f02280", "Seq05VD_f00030"}) {
    scratch.write(Path("images") / (std::string(name) + ".png"), png_picture());
    scratch.write(Path("labels") / (std::string(name) + "_P.png"), png_mask(values));
  }
}

std::string rgb_mask(const std::vector<Rgb>& colours) {
  cv::Mat pixels(4, 6, CV_8UC3);
  std::size_t next = 0;
  for (auto pixel = pixels.begin<cv::Vec3b>(); pixel != pixels.end<cv::Vec3b>(); ++pixel) {
    const Rgb colour = colours[next++ % colours.size()];
    *pixel = {colour.r, colour.g, colour.b};
  }
  return encode_png(pixels);
}

void put_cambridge(const Scratch& scratch) {
  scratch.write("label_colors.txt", kColours);
  scratch.write("701_StillsRaw_full/0001TP_006690.png", png_picture());
  scratch.write("LabeledApproved_full/0001TP_006690_L.png",
                rgb_mask({{128, 64, 128}, {0, 0, 0}, {64, 192, 0}}));
}

std::vector<std::string> labels_in(const Item& item, const LabelMap& labels) {
  const cv::Mat mask = semantic_of(item, labels).labels;
  std::vector<std::string> names;
  for (int i = 0; i < labels.size(); ++i)
    if (cv::countNonZero(mask == i) > 0) names.push_back(labels[i].name);
  return names;
}

std::string taken_for(const Path& path) {
  return std::string(formats::best(formats::detect(path), path).format->name);
}

}  // namespace

TEST_CASE("fast.ai's: names by line, numbers in _P masks, the images of validation in a list") {
  const Scratch scratch;
  put_fastai(scratch);
  scratch.write("valid.txt", "0006R0_f02280.png\n");
  CHECK(taken_for(scratch.path()) == "camvid");
  const ReadDataSet data = read_data_set(camvid(), scratch.path());
  CHECK(data.rules() == Rules{});
  CHECK(data.ids() == Texts{"0001TP_006690", "0006R0_f02280", "Seq05VD_f00030"});
  CHECK(data.source->metadata().subsets == Texts{"train", "valid"});
  CHECK(data.items.at(0).subset == "train");
  CHECK(data.items.at(1).subset == "valid");
  REQUIRE(data.labels().size() == 32);
  CHECK(data.labels()[17].name == "Road");
  CHECK(data.labels()[17].colour == Rgb{128, 64, 128});
  CHECK(labels_in(data.items.at(0), data.labels()) == Texts{"Building", "Road", "Sky", "Void"});
}

TEST_CASE("CamVid's own table says that Void is void, and no other label is") {
  const Scratch scratch;
  put_fastai(scratch);
  const ReadDataSet data = read_data_set(camvid(), scratch.path());
  for (int i = 0; i < 32; ++i) CHECK(data.labels().is_ignored(i) == (data.labels()[i].name == "Void"));
  CHECK(data.labels()[30].id == 30);

  rewrite(scratch / "codes.txt", "Road\nVoid\nSky\n");  // another table: nothing is guessed
  for (const char* mask : {"0001TP_006690", "0006R0_f02280", "Seq05VD_f00030"})
    rewrite(scratch / ("labels/" + std::string(mask) + "_P.png"), png_mask({0, 1, 2}));
  CHECK(read_data_set(camvid(), scratch.path()).labels()[1].role == Role::object);
  CHECK(read_data_set(camvid(), scratch.path(), {"ignore=Void"}).labels().is_ignored(1));
}

TEST_CASE("Cambridge's: RGB masks _L and label_colors.txt, or the table that it would hold") {
  const Scratch scratch;
  put_cambridge(scratch);
  CHECK(taken_for(scratch.path()) == "camvid");
  const ReadDataSet data = read_data_set(camvid(), scratch.path());
  CHECK(data.rules() == Rules{});
  CHECK(data.ids() == Texts{"0001TP_006690"});
  CHECK(data.items.at(0).subset.empty());
  CHECK(labels_in(data.items.at(0), data.labels()) == Texts{"Road", "Void", "Wall"});
  CHECK(data.labels().is_ignored(30));
  const LabelMap known = data.labels();
  fs::remove(scratch / "label_colors.txt");
  CHECK(taken_for(scratch.path()) == "camvid");
  CHECK(read_data_set(camvid(), scratch.path()).labels() == known);
  CHECK(LabelMap(camvid32_labels().labels) == known);
}

TEST_CASE("an archive unpacked into a folder of its own name is found") {
  const Scratch scratch;
  put_cambridge(scratch);
  fs::create_directories(scratch / "again");
  fs::rename(scratch / "701_StillsRaw_full", scratch / "again/701_StillsRaw_full");
  fs::rename(scratch / "again", scratch / "701_StillsRaw_full");
  CHECK(taken_for(scratch.path()) == "camvid");
  CHECK(read_data_set(camvid(), scratch.path()).ids() == Texts{"0001TP_006690"});
}

TEST_CASE("colours come from CamVid's table where only its names are there") {
  const Scratch scratch;
  put_fastai(scratch);
  for (const char* name : {"0001TP_006690", "0006R0_f02280", "Seq05VD_f00030"})
    rewrite(scratch / ("labels/" + std::string(name) + "_P.png"), rgb_mask({{64, 128, 64}, {0, 0, 0}}));
  const ReadDataSet data = read_data_set(camvid(), scratch.path());
  CHECK(labels_in(data.items.at(0), data.labels()) == Texts{"Animal", "Void"});
}

TEST_CASE("datumaro: 12-class CamVid indices read as the 32-class table") {
  SECTION("masks of SegNet's 12 beside CamVid's 32 names are refused until the table is stated") {
    const Scratch scratch;
    put_fastai(scratch, {0, 3, 8, 11});
    const Error error = thrown_by([&] { read_data_set(camvid(), scratch.path()); });
    CHECK(error.code() == Code::bad_value);
    CHECK_THAT(error.hint_text(), contains("camvid12") && contains("camvid32"));
    const ReadDataSet stated = read_data_set(camvid(), scratch.path(), {"labels=camvid12"});
    CHECK(stated.rules() == Rules{});
    CHECK(labels_in(stated.items.at(0), stated.labels()) == Texts{"Sky", "Road", "Car", "Unlabelled"});
    CHECK(stated.labels().is_ignored(11));
    const ReadDataSet other = read_data_set(camvid(), scratch.path(), {"labels=camvid32"});
    CHECK(labels_in(other.items.at(0), other.labels()) ==
          Texts{"Animal", "Bridge", "Column_Pole", "LaneMkgsNonDriv"});
  }
  SECTION("numbers that nothing names are refused, not looked up in the 32") {
    const Scratch scratch;
    put_fastai(scratch, {0, 3, 8, 11});
    fs::remove(scratch / "codes.txt");
    CHECK_THAT(thrown_by([&] { read_data_set(camvid(), scratch.path()); }).hint_text(), contains("camvid12"));
  }
  SECTION("with a table of 12, they are those; masks of 32 beside it are reported") {
    const Scratch scratch;
    put_fastai(scratch, {0, 3, 8, 11});
    rewrite(scratch / "codes.txt", kCodes12);
    const ReadDataSet data = read_data_set(camvid(), scratch.path());
    CHECK(data.rules() == Rules{});
    CHECK(labels_in(data.items.at(0), data.labels()) == Texts{"Sky", "Road", "Car", "Unlabelled"});
    for (const char* name : {"0001TP_006690", "0006R0_f02280", "Seq05VD_f00030"})
      rewrite(scratch / ("labels/" + std::string(name) + "_P.png"), png_mask({17, 21, 30, 4}));
    const ReadDataSet wrong = read_data_set(camvid(), scratch.path());
    CHECK(wrong.rules() == Rules{{"unknown-value", 1}});
    CHECK_THAT(wrong.finding("unknown-value").message, contains("17, 21, 30"));
    CHECK(read_semantic(*wrong.items.at(0).semantic).unknown_values.size() == 3);
  }
  SECTION("SegNet's layout is no layout of this format") {
    const Scratch scratch;
    scratch.write("train/a.png", png_picture());
    scratch.write("trainannot/a.png", png_mask({0, 11}));
    CHECK(taken_for(scratch.path()) == "trainannot");
    CHECK(camvid().probe(scratch.path()).confidence == 0);
    CHECK(thrown_by([&] { read_data_set(camvid(), scratch.path()); }).code() == Code::bad_format);
  }
}

TEST_CASE("a value past the table is a finding") {
  const Scratch scratch;
  put_fastai(scratch, {17, 32, 200});
  const ReadDataSet data = read_data_set(camvid(), scratch.path());
  CHECK(data.rules() == Rules{{"unknown-value", 1}});
  CHECK_THAT(data.finding("unknown-value").message, contains("32, 200"));
  CHECK(read_semantic(*data.items.at(0).semantic).unknown_values.size() == 2);
}

TEST_CASE("lists of other subsets are read, with what is wrong in them") {
  const Scratch scratch;
  put_fastai(scratch);
  scratch.write("train.txt", "0001TP_006690\n\nnone.png\n0001TP_006690.png\n");
  scratch.write("test.txt", "Seq05VD_f00030.png\r\n0001TP_006690.png\r\n");
  scratch.write("notes.txt", "no list");
  const ReadDataSet data = read_data_set(camvid(), scratch.path());
  CHECK(data.rules() == Rules{{"listed-absent", 1}, {"listed-twice", 1}, {"in-two-subsets", 1}});
  CHECK(data.finding("listed-absent").place == Place{(scratch / "train.txt").string(), 3, {}});
  CHECK(data.items.at(0).subset == "train");
  CHECK(data.items.at(1).subset.empty());
  CHECK(data.items.at(2).subset == "test");
}

TEST_CASE("what is broken costs itself") {
  const Scratch scratch;
  put_fastai(scratch);
  rewrite(scratch / "labels/0001TP_006690_P.png", "no picture");
  scratch.write("labels/alone_P.png", png_mask({17}));
  scratch.write("images/unlabelled.png", png_picture());
  scratch.write("images/small.png", png_picture({2, 2}));
  scratch.write("labels/small_P.png", png_mask({17}));
  const ReadDataSet data = read_data_set(camvid(), scratch.path());
  CHECK(data.rules() ==
        Rules{{"unreadable-mask", 1}, {"pair-missing", 1}, {"unlabelled-item", 1}, {"size-differs", 1}});
  CHECK(data.ids() == Texts{"0006R0_f02280", "Seq05VD_f00030", "unlabelled"});
  CHECK_FALSE(data.items.at(2).annotated);
}

TEST_CASE("other folders of images and labels are no CamVid") {
  const Scratch scratch;
  scratch.write("images/a.png", png_picture());
  scratch.write("labels/a.png", png_mask({0, 1}));
  scratch.write("codes.txt", "a\nb\n");
  CHECK(taken_for(scratch.path()) == "pairs");
  fs::remove(scratch / "labels/a.png");
  scratch.write("labels/a_P.png", png_mask({0, 1}));
  fs::remove(scratch / "codes.txt");
  CHECK(taken_for(scratch.path()) == "pairs");
}

TEST_CASE("a subset that labels.json names leads nowhere else") {
  const Scratch scratch;
  scratch.write("outside.txt", "0001TP_006690.png\n");
  put_fastai(scratch);
  scratch.write("in/images/a.png", png_picture());
  scratch.write("in/labels/a_P.png", png_mask({0, 1}));
  scratch.write("in/labels.json", R"({"subsets": ["../outside"], "labels": [{"name": "a"}, {"name": "b"}]})");
  const ReadDataSet data = read_data_set(camvid(), scratch / "in");
  CHECK(data.rules() == Rules{});
  CHECK(data.items.at(0).subset.empty());
}

// The numbers were counted with Pillow and NumPy.
TEST_CASE("the sample of fast.ai's CamVid is read as what it is") {
  const Path sample = real_data() / "formats/camvid32";
  if (!fs::is_directory(sample)) {
    WARN("skipped: the sample of CamVid with 32 classes is not beside the checkout");
    return;
  }
  CHECK(taken_for(sample) == "camvid");
  const ReadDataSet data = read_data_set(camvid(), sample);
  CHECK(data.ids() == Texts{"0006R0_f02280", "0006R0_f02310"});
  CHECK(data.rules() == Rules{{"pair-missing", 3}});
  CHECK(labels_in(data.items.at(0), data.labels()) ==
        Texts{"Building", "Car", "Column_Pole", "LaneMkgsDriv", "Misc_Text", "OtherMoving", "Pedestrian",
              "Road", "Sky", "SUVPickupTruck", "Tree", "VegetationMisc", "Void"});
}
