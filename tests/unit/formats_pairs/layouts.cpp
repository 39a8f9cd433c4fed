// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/pairs/layout.h"
#include "formats/pairs/pairs.h"
#include "support.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Ids = std::vector<std::string>;

/// Puts an image and its mask, both 6x4, under these names.
void put(const Scratch& scratch, const std::string& image, const std::string& mask) {
  scratch.write(image, image.ends_with(".png") ? png_picture() : jpeg_picture());
  scratch.write(mask, png_mask({0, 1, 2}));
}

std::map<std::string, std::string> subset_of(const ReadDataSet& data) {
  std::map<std::string, std::string> subsets;
  for (const Item& item : data.items) subsets[item.id] = item.subset;
  return subsets;
}

}  // namespace

TEST_CASE("MMSegmentation's and COCO-Stuff's folders are known, with years behind the subsets") {
  const auto [images, masks] =
      GENERATE(table<const char*, const char*>({{"img_dir", "ann_dir"}, {"images", "stuffthingmaps"}}));
  const Scratch scratch;
  for (const char* subset : {"/train2017/a", "/val2017/b"})
    put(scratch, images + std::string(subset) + ".jpg", masks + std::string(subset) + ".png");
  CHECK(pairs().probe(scratch.path()).confidence >= 30);
  const ReadDataSet data = read_pairs(scratch);
  CHECK(subset_of(data) == std::map<std::string, std::string>{{"a", "train2017"}, {"b", "val2017"}});
}

TEST_CASE("COCO-Stuff's maps are one less than its categories, and 255 where nothing is labelled") {
  const std::string list = GENERATE("labels.txt", "stuffthingmaps/labels.txt");
  const Scratch scratch;
  scratch.write("images/train2017/a.jpg", jpeg_picture());
  scratch.write("stuffthingmaps/train2017/a.png", png_mask({0, 181, 255}));
  scratch.write(list, "0: unlabeled\n1: person\n182: wood\n");
  const ReadDataSet data = read_pairs(scratch);
  const auto& labels = data.source->metadata().labels;
  REQUIRE(labels.size() == 3);
  CHECK(labels[0].role == Role::ignore);
  CHECK(labels[2].id == 182);
  REQUIRE(data.items.size() == 1);
  auto values = data.items[0].semantic->coding->values;
  std::ranges::sort(values);
  CHECK(values == std::vector<std::pair<std::int64_t, int>>{{0, 1}, {181, 2}, {255, 0}});
}

TEST_CASE("two folders pair by name, whatever they are called") {
  const auto [images, masks] = GENERATE(table<const char*, const char*>({{"images", "masks"},
                                                                         {"imgs", "labels"},
                                                                         {"JPEGImages", "annotations"},
                                                                         {"inputs", "targets"},
                                                                         {"Image", "GT"}}));
  const Scratch scratch;
  put(scratch, std::string(images) + "/b.jpg", std::string(masks) + "/b.png");
  put(scratch, std::string(images) + "/a.JPG", std::string(masks) + "/a.PNG");
  put(scratch, std::string(images) + "/deep/er/c.jpeg", std::string(masks) + "/deep/er/c.png");
  CHECK(pairs().probe(scratch.path()).confidence >= 30);
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.ids() == Ids{"a", "b", "deep/er/c"});
  CHECK(data.findings.empty());
  CHECK(data.source->size() == 3);
  CHECK(data.source->metadata().subsets.empty());
  const Item& item = data.items[0];
  CHECK(item.annotated);
  CHECK(item.size == Size{6, 4});
  CHECK(item.file_name == "a.JPG");
  CHECK(item.image == scratch / images / "a.JPG");
  REQUIRE(item.semantic);
  CHECK(item.semantic->file == scratch / masks / "a.PNG");
  CHECK(item.origin.file == (scratch / images / "a.JPG").string());
}

TEST_CASE("masks without images are items under a labels.json, and nothing without one") {
  const Scratch scratch;
  scratch.write("masks/b.png", png_mask({0, 1}, {5, 3}));
  scratch.write("masks/sub/a.png", png_mask({1}, {2, 2}));
  scratch.write("val/masks/b.png", png_mask({1}, {2, 2}));
  scratch.write("overlays/b.jpg", jpeg_picture());
  CHECK(pairs().probe(scratch.path()).confidence < 30);
  CHECK(thrown_by([&] { read_pairs(scratch); }).code() == Code::bad_format);

  scratch.write("labels.json", R"({"labels": [{"name": "rest", "id": 0}, {"name": "cat", "id": 1}]})");
  CHECK(pairs().probe(scratch.path()).confidence >= 30);
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.ids() == Ids{"b", "sub/a", "val/b"});
  CHECK(data.findings.empty());
  const Item& item = data.items[0];
  CHECK(item.image.empty());
  CHECK(item.annotated);
  CHECK(item.size == Size{5, 3});
  CHECK(item.origin.file == (scratch / "masks/b.png").string());
  CHECK(cv::countNonZero(semantic_of(item, data.labels()).labels == 1) == 7);
}

TEST_CASE("rewinding gives the same items again") {
  const Scratch scratch;
  put(scratch, "images/a.jpg", "masks/a.png");
  const ReadDataSet data = read_pairs(scratch);
  Findings findings;
  CHECK(read_all(*data.source, findings).size() == 1);
  data.source->rewind();
  CHECK(data.source->next());
  CHECK(!data.source->next());
}

TEST_CASE("the first folder of masks that holds a picture is taken") {
  const Scratch scratch;
  put(scratch, "images/a.jpg", "annotations/a.png");
  scratch.write("labels/a.txt", "0 .5 .5 .5 .5");
  CHECK(read_pairs(scratch).items.at(0).semantic->file == scratch / "annotations/a.png");
}

TEST_CASE("subsets are folders in either order, or named beside their masks") {
  const Scratch scratch;
  SECTION("subset, then images and masks; any name") {
    put(scratch, "train/images/a.jpg", "train/masks/a.png");
    put(scratch, "fold 2/images/b.jpg", "fold 2/masks/b.png");
    CHECK(subset_of(read_pairs(scratch)) ==
          std::map<std::string, std::string>{{"a", "train"}, {"b", "fold 2"}});
    CHECK(read_pairs(scratch).source->metadata().subsets == Ids{"fold 2", "train"});
  }
  SECTION("rmldnn's training and testing, inputs and masks") {
    put(scratch, "training/inputs/a.jpg", "training/masks/a.png");
    put(scratch, "testing/inputs/b.jpg", "testing/masks/b.png");
    CHECK(subset_of(read_pairs(scratch)) ==
          std::map<std::string, std::string>{{"a", "training"}, {"b", "testing"}});
  }
  SECTION("images and masks, then subset") {
    put(scratch, "images/train/a.jpg", "labels/train/a.png");
    put(scratch, "images/val/x/b.jpg", "labels/val/x/b.png");
    CHECK(subset_of(read_pairs(scratch)) ==
          std::map<std::string, std::string>{{"a", "train"}, {"x/b", "val"}});
  }
  SECTION("folders inside that are no subsets belong to the name") {
    put(scratch, "images/train/a.jpg", "labels/train/a.png");
    put(scratch, "images/bochum/b.jpg", "labels/bochum/b.png");
    CHECK(subset_of(read_pairs(scratch)) ==
          std::map<std::string, std::string>{{"train/a", ""}, {"bochum/b", ""}});
  }
  SECTION("train and train_annot") {
    put(scratch, "train/a.png", "train_annot/a.png");
    put(scratch, "val/b.png", "val_annot/b.png");
    CHECK(subset_of(read_pairs(scratch)) == std::map<std::string, std::string>{{"a", "train"}, {"b", "val"}});
  }
  SECTION("a subset without masks is not annotated") {
    put(scratch, "train/a.png", "train_masks/a.png");
    scratch.write("test/b.png", png_picture());
    scratch.write("pictures of us/c.png", png_picture());
    const ReadDataSet data = read_pairs(scratch);
    CHECK(subset_of(data) == std::map<std::string, std::string>{{"a", "train"}, {"b", "test"}});
    CHECK(data.items.at(1).annotated == false);
    CHECK(data.findings.empty());
  }
  SECTION("a subset that lost its images is a finding for each mask") {
    const auto [kept, kept_mask, lost] = GENERATE(table<const char*, const char*, const char*>(
        {{"train/images/a.png", "train/masks/a.png", "val/masks/b.png"},
         {"images/train/a.png", "masks/train/a.png", "masks/val/b.png"},
         {"train/a.png", "train_masks/a.png", "val_masks/b.png"}}));
    put(scratch, kept, kept_mask);
    scratch.write(lost, png_mask({0, 1}));
    scratch.write("other/masks/c.png", png_mask({0, 1}));  // of nothing that is known here
    const ReadDataSet data = read_pairs(scratch);
    CHECK(data.ids() == Ids{"a"});
    CHECK(data.rules() == std::map<std::string, int>{{"pair-missing", 1}});
    CHECK(data.finding("pair-missing").place.file == (scratch / lost).string());
  }
  SECTION("items outside of every subset") {
    put(scratch, "images/a.jpg", "masks/a.png");
    put(scratch, "val/images/b.jpg", "val/masks/b.png");
    CHECK(subset_of(read_pairs(scratch)) == std::map<std::string, std::string>{{"a", ""}, {"b", "val"}});
  }
}

TEST_CASE("one name in two subsets is two items with two ids") {
  const Scratch scratch;
  put(scratch, "train/images/1.jpg", "train/masks/1.png");
  put(scratch, "val/images/1.jpg", "val/masks/1.png");
  put(scratch, "val/images/2.jpg", "val/masks/2.png");
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.ids() == Ids{"2", "train/1", "val/1"});
  CHECK(data.items[1].file_name == "train/1.jpg");
  CHECK(data.findings.empty());
}

TEST_CASE("an id that a subset's name would make a second time is left out and said") {
  const Scratch scratch;
  put(scratch, "images/1.jpg", "masks/1.png");
  put(scratch, "images/val/1.jpg", "masks/val/1.png");
  put(scratch, "val/images/1.jpg", "val/masks/1.png");
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.ids() == Ids{"1", "val/1"});
  CHECK(data.finding("same-name").place.file == (scratch / "val/images/1.jpg").string());
}

TEST_CASE("the words of two folders' names say what they hold, and of which subset") {
  const auto [images, masks, subset] = GENERATE(table<const char*, const char*, const char*>(
      {{"train_images", "train_masks", "train"},
       {"images-val", "labels-val", "val"},
       {"trainImages", "trainGroundTruth", "train"},
       {"images_png", "masks_png", ""},
       {"original_images", "label_images_original", ""},
       {"ISIC2018_Task1-2_Training_Input", "ISIC2018_Task1_Training_GroundTruth", "training"},
       {"ISIC-2017_Training_Data", "ISIC-2017_Training_Part1_GroundTruth", "training"}}));
  INFO(images << " " << masks);
  const Scratch scratch;
  put(scratch, images + std::string("/ISIC_1.jpg"), masks + std::string("/ISIC_1_segmentation.png"));
  put(scratch, images + std::string("/ISIC_2.jpg"), masks + std::string("/ISIC_2_segmentation.png"));
  scratch.write("attributes/readme.txt", "text");
  CHECK(pairs().probe(scratch.path()).confidence >= 30);
  const ReadDataSet data = read_pairs(scratch);
  CHECK(subset_of(data) == std::map<std::string, std::string>{{"ISIC_1", subset}, {"ISIC_2", subset}});
  CHECK(data.items[0].semantic);
  CHECK(data.findings.empty());
}

TEST_CASE("subsets that words tell apart belong to one data set, and two folders of one meaning to none") {
  const Scratch scratch;
  put(scratch, "train_images/a.jpg", "train_masks/a.png");
  put(scratch, "val_images/b.jpg", "val_masks/b.png");
  scratch.write("test_images/c.jpg", jpeg_picture());
  CHECK(subset_of(read_pairs(scratch)) ==
        std::map<std::string, std::string>{{"a", "train"}, {"b", "val"}, {"c", "test"}});
  put(scratch, "train_images/a.jpg", "train_labels/a.png");
  CHECK(subset_of(read_pairs(scratch)) == std::map<std::string, std::string>{{"b", "val"}, {"c", "test"}});
}

TEST_CASE("the drawn vessels of DRIVE are its masks, not the camera's field of view") {
  const Scratch scratch;
  put(scratch, "training/images/21_training.png", "training/1st_manual/21_manual1.png");
  scratch.write("training/mask/21_training_mask.png", png_mask({1, 1, 1}));
  const ReadDataSet data = read_pairs(scratch, {"image-suffix=_training"});
  REQUIRE(data.items.size() == 1);
  CHECK(data.items[0].semantic->file == scratch / "training/1st_manual/21_manual1.png");
}

TEST_CASE("in one folder a suffix tells masks from images") {
  const std::string suffix = GENERATE("_mask", "-mask", "_gt", "_P", "_L", "_label");
  const Scratch scratch;
  put(scratch, "a.jpg", "a" + suffix + ".png");
  put(scratch, "sub/b.png", "sub/b" + suffix + ".png");
  CHECK(pairs().probe(scratch.path()).confidence >= 30);
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.ids() == Ids{"a", "sub/b"});
  CHECK(data.findings.empty());
  CHECK(data.items[1].semantic->file == scratch / ("sub/b" + suffix + ".png"));
}

TEST_CASE("suffixes are found in folders of their own too, on both sides") {
  const Scratch scratch;
  put(scratch, "images/1_sat.jpg", "masks/1_mask.png");
  put(scratch, "images/2_sat.jpg", "masks/2_mask.png");
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.ids() == Ids{"1_sat", "2_sat"});
  CHECK(data.items[0].semantic->file == scratch / "masks/1_mask.png");
}

TEST_CASE("settings name what cannot be found") {
  const Scratch scratch;
  put(scratch, "photos of 2024/a-x.jpg", "drawn/by hand/a!.png");
  CHECK(thrown_by([&] { read_pairs(scratch); }).code() == Code::bad_format);
  const ReadDataSet data = read_pairs(
      scratch, {"images=photos of 2024", "masks=drawn/by hand", "image-suffix=-x", "mask-suffix=!"});
  CHECK(data.ids() == Ids{"a-x"});
  CHECK(data.items[0].annotated);

  const Error missing = thrown_by([&] { read_pairs(scratch, {"images=photos", "masks=drawn"}); });
  CHECK(missing.code() == Code::not_found);
  CHECK(missing.place().field == "images");
  CHECK(thrown_by([&] {
          read_pairs(scratch, {"images=photos of 2024", "masks=photos of 2024/a-x.jpg"});
        }).code() == Code::unreadable);
  CHECK(thrown_by([&] { read_pairs(scratch, {"masks=drawn"}); }).code() == Code::not_found);
  CHECK(thrown_by([&] { read_pairs(scratch, {"mask=drawn"}); }).code() == Code::usage);
}

TEST_CASE("masks may lie below the images, and both in one folder under two spellings") {
  const Scratch scratch;
  SECTION("below") {
    put(scratch, "a.jpg", "drawn/a.png");
    const ReadDataSet data = read_pairs(scratch, {"images=.", "masks=drawn/"});
    CHECK(data.ids() == Ids{"a"});
    CHECK(data.findings.empty());
  }
  SECTION("one folder") {
    put(scratch, "all/a.jpg", "all/a_mask.png");
    const ReadDataSet data = read_pairs(scratch, {"images=all", "masks=./all/"});
    CHECK(data.ids() == Ids{"a"});
    CHECK(data.findings.empty());
  }
}

TEST_CASE("an image without a mask is an item that nobody annotated, a mask without an image is left out") {
  const Scratch scratch;
  put(scratch, "images/a.jpg", "masks/a.png");
  scratch.write("images/b.jpg", jpeg_picture());
  scratch.write("masks/c.png", png_mask({1}));
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.ids() == Ids{"a", "b"});
  CHECK(data.items[0].annotated);
  CHECK(!data.items[1].annotated);
  CHECK(!data.items[1].semantic);
  REQUIRE(data.findings.size() == 2);
  CHECK(data.findings[0].rule == "pair-missing");
  CHECK(data.findings[0].place.file == (scratch / "masks/c.png").string());
  CHECK(data.findings[1].rule == "unlabelled-item");
  CHECK(data.findings[1].place.file == (scratch / "images/b.jpg").string());
}

TEST_CASE("names decide, never positions: as many masks as images, one name off") {
  const Scratch scratch;
  put(scratch, "images/1.jpg", "masks/1.png");
  put(scratch, "images/2.jpg", "masks/3.png");
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.items.at(0).annotated);
  CHECK(!data.items.at(1).annotated);
  CHECK(data.rules() == std::map<std::string, int>{{"pair-missing", 1}, {"unlabelled-item", 1}});
}

TEST_CASE("of two files of one name the first stays") {
  const Scratch scratch;
  put(scratch, "images/a.jpg", "masks/a.png");
  scratch.write("images/a.png", png_picture());
  scratch.write("masks/a.tif", png_mask({1}));
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.ids() == Ids{"a"});
  CHECK(data.items[0].image == scratch / "images/a.jpg");
  CHECK(data.rules() == std::map<std::string, int>{{"same-name", 2}});
}

TEST_CASE("a mask without the suffix of the others is left out and said") {
  const Scratch scratch;
  put(scratch, "images/a.jpg", "masks/a_P.png");
  put(scratch, "images/b.jpg", "masks/b_P.png");
  scratch.write("masks/a_L.png", png_mask({1}));
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.items.at(0).semantic->file == scratch / "masks/a_P.png");
  CHECK_THAT(data.finding("pair-missing").message, contains("_P"));
}

TEST_CASE("names with blanks, quotes, line breaks, Unicode and bytes that are no UTF-8 pair like others") {
  const Scratch scratch;
  const Ids names{"a b",       "it's \"it\"", "line\nbreak", "na\xC3\xAFve \xE2\x98\x83",
                  "latin\xE9", "dots.in.it",  "-o",          "100%"};
  for (const std::string& name : names) put(scratch, "images/" + name + ".jpg", "masks/" + name + ".png");
  scratch.write("images/._a b.jpg", "AppleDouble");
  scratch.write("masks/.hidden.png", "hidden");
  scratch.write("images/Thumbs.db", "Windows");
  Ids sorted = names;
  std::ranges::sort(sorted);
  const ReadDataSet data = read_pairs(scratch);
  CHECK(data.ids() == sorted);
  CHECK(data.findings.empty());
}

TEST_CASE("paths that are no data set of pairs say why") {
  const Scratch scratch;
  const auto error_of = [](const Path& path) { return thrown_by([&] { pairs().open({path, {}}); }); };
  CHECK(error_of(scratch / "none").code() == Code::not_found);
  CHECK(error_of(scratch.write("file", "text")).code() == Code::unreadable);
  fs::create_directory(scratch / "empty");
  CHECK(error_of(scratch / "empty").code() == Code::bad_format);
  scratch.write("only/one.jpg", jpeg_picture());
  CHECK(error_of(scratch / "only").code() == Code::bad_format);
  scratch.write("apart/images/a.jpg", jpeg_picture());
  scratch.write("apart/masks/b.png", png_mask({1}));
  CHECK_THAT(error_of(scratch / "apart").message(), contains("images/, masks/"));

  for (const char* name : {"none", "file", "empty", "only", "apart"}) {
    const Probe probe = pairs().probe(scratch / name);
    CHECK(probe.confidence < 30);
    CHECK(!probe.reasons.empty());
  }
}

TEST_CASE("what cannot be read is left out, and what looks wrong is said") {
  const Scratch scratch;
  put(scratch, "images/good.jpg", "masks/good.png");
  scratch.write("labels.json",
                R"({"coding": "index", "labels": [{"name": "a"}, {"name": "b"}, {"name": "c"}]})");
  SECTION("an empty file") {
    put(scratch, "images/x.jpg", "masks/x.png");
    const auto [name, rule] = GENERATE(table<const char*, const char*>(
        {{"images/x.jpg", "unreadable-image"}, {"masks/x.png", "unreadable-mask"}}));
    scratch.write(name, "");
    const ReadDataSet data = read_pairs(scratch);
    CHECK(data.ids() == Ids{"good"});
    CHECK(data.source->size() == 2);
    CHECK(data.finding(rule).severity == Severity::error);
    CHECK(data.finding(rule).place.file == (scratch / name).string());
  }
  SECTION("text where a picture should be") {
    put(scratch, "images/x.jpg", "masks/x.png");
    scratch.write("images/x.jpg", "<html>404</html>");
    CHECK(read_pairs(scratch).rules() == std::map<std::string, int>{{"unreadable-image", 1}});
  }
  SECTION("a GIF named .jpg") {
    put(scratch, "images/x.jpg", "masks/x.png");
    scratch.write("images/x.jpg", std::string("GIF89a\x06\0\x04\0\0\0\0", 13));
    const ReadDataSet data = read_pairs(scratch);
    CHECK(data.ids() == Ids{"good"});
    CHECK_THAT(data.finding("unreadable-image").message, contains("GIF"));
  }
  SECTION("a PNG named .jpg stays") {
    put(scratch, "images/x.jpg", "masks/x.png");
    scratch.write("images/x.jpg", png_picture());
    const ReadDataSet data = read_pairs(scratch);
    CHECK(data.ids() == Ids{"good", "x"});
    CHECK(data.finding("wrong-extension").severity == Severity::warning);
  }
  SECTION("a mask of another size") {
    scratch.write("images/x.jpg", jpeg_picture({6, 4}));
    scratch.write("masks/x.png", png_mask({1}, {4, 6}));
    const ReadDataSet data = read_pairs(scratch);
    CHECK(data.ids() == Ids{"good"});
    CHECK_THAT(data.finding("size-differs").message, contains("4x6") && contains("6x4"));
  }
  SECTION("a JPEG mask stays") {
    scratch.write("images/x.jpg", jpeg_picture());
    scratch.write("masks/x.jpg", jpeg_picture());
    const ReadDataSet data = read_pairs(scratch);
    CHECK(data.ids() == Ids{"good", "x"});
    CHECK(data.finding("lossy-mask").severity == Severity::warning);
  }
}

TEST_CASE("folders may be links, and links to files are files") {
  const Scratch scratch;
  put(scratch, "far/a.jpg", "away/a.png");
  fs::create_directories(scratch / "set/masks");
  fs::create_directory_symlink(scratch / "far", scratch / "set/images");
  fs::create_symlink(scratch / "away/a.png", scratch / "set/masks/a.png");
  CHECK(read_data_set(pairs(), scratch / "set").ids() == Ids{"a"});
}

TEST_CASE("a link in a circle beside the folders does no harm") {
  const Scratch scratch;
  put(scratch, "images/a.jpg", "masks/a.png");
  for (const char* folder : {"", "images", "masks"})
    fs::create_symlink("circle", scratch / folder / "circle");
  CHECK(pairs().probe(scratch.path()).confidence >= 70);
  CHECK(read_pairs(scratch).ids() == Ids{"a"});
}
