// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/mvtec/mvtec.h"
#include "formats/registry.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Rules = std::map<std::string, int>;
using Texts = std::vector<std::string>;

/// As MVTec's archive has it: numbers from 000 in each folder.
void put_metal_nut(const Scratch& scratch, const Path& category = "") {
  for (const char* image : {"train/good/000.png", "train/good/001.png", "test/good/000.png",
                            "test/scratch/000.png", "test/scratch/001.png", "test/bent/000.png"})
    scratch.write(category / image, png_picture());
  scratch.write(category / "ground_truth/scratch/000_mask.png", png_mask({0, 255, 255}));
  scratch.write(category / "ground_truth/scratch/001_mask.png", png_mask({255, 0}));
  scratch.write(category / "ground_truth/bent/000_mask.png", png_mask({0, 0, 0, 255}));
  scratch.write(category / "license.txt", "CC BY-NC-SA 4.0");
  scratch.write(category / "readme.txt", "MVTec AD");
}

const Item& item_of(const ReadDataSet& data, std::string_view id) {
  const auto found = std::ranges::find(data.items, id, &Item::id);
  if (found == data.items.end()) FAIL("no item " + std::string(id));
  return *found;
}

Texts names_of(const LabelMap& labels) {
  Texts names;
  for (const Label& label : labels) names.push_back(label.name);
  return names;
}

std::string attribute(const Item& item, std::string_view name) {
  const AttributeValue* value = find_attribute(item.attributes, name);
  return value ? std::get<std::string>(*value) : "(none)";
}

int pixels_of_label(const Item& item, const LabelMap& labels, std::string_view name) {
  return cv::countNonZero(semantic_of(item, labels).labels == *labels.find(name));
}

std::string taken_for(const Path& path) {
  return std::string(formats::best(formats::detect(path), path).format->name);
}

}  // namespace

TEST_CASE("a category: defects are labels, good images are annotated as empty") {
  const Scratch scratch;
  put_metal_nut(scratch);
  CHECK(taken_for(scratch.path()) == "mvtec");
  const ReadDataSet data = read_data_set(mvtec(), scratch.path());
  CHECK(data.rules() == Rules{});
  CHECK(data.ids() == Texts{"test/bent/000", "test/good/000", "test/scratch/000", "test/scratch/001",
                            "train/good/000", "train/good/001"});
  CHECK(names_of(data.labels()) == Texts{"background", "bent", "scratch"});
  CHECK(data.labels().background() == 0);
  CHECK(data.source->metadata().subsets == Texts{"test", "train"});
  const Item& scratched = item_of(data, "test/scratch/000");
  CHECK(scratched.subset == "test");
  CHECK(attribute(scratched, "defect") == "scratch");
  CHECK(attribute(scratched, "category") == "(none)");
  CHECK(scratched.file_name == "test/scratch/000.png");
  CHECK(pixels_of_label(scratched, data.labels(), "scratch") == 16);
  CHECK(pixels_of_label(scratched, data.labels(), "background") == 8);
  CHECK(pixels_of_label(item_of(data, "test/bent/000"), data.labels(), "bent") == 6);
  const Item& good = item_of(data, "train/good/001");
  CHECK(good.annotated);
  CHECK_FALSE(good.semantic);
  CHECK(good.annotations.empty());
  CHECK(attribute(good, "defect") == "good");
  CHECK(pixels_of_label(good, data.labels(), "background") == 24);
}

TEST_CASE("several categories beside each other: an item says its own, and labels of one name are one") {
  const Scratch scratch;
  put_metal_nut(scratch, "metal_nut");
  put_metal_nut(scratch, "screw");
  scratch.write("license.txt", "CC BY-NC-SA 4.0");
  scratch.write("other/readme.txt", "no category");
  CHECK(taken_for(scratch.path()) == "mvtec");
  CHECK_THAT(mvtec().probe(scratch.path()).reasons.back(), contains("several categories"));
  const ReadDataSet data = read_data_set(mvtec(), scratch.path());
  CHECK(data.rules() == Rules{});
  CHECK(data.items.size() == 12);
  CHECK(names_of(data.labels()) == Texts{"background", "bent", "scratch"});
  const Item& item = item_of(data, "screw/test/scratch/001");
  CHECK(attribute(item, "category") == "screw");
  CHECK(item.subset == "test");
}

TEST_CASE("one label for all defects, when it is asked for") {
  const Scratch scratch;
  put_metal_nut(scratch);
  const ReadDataSet data = read_data_set(mvtec(), scratch.path(), {"labels=binary"});
  CHECK(names_of(data.labels()) == Texts{"background", "defect"});
  CHECK(pixels_of_label(item_of(data, "test/bent/000"), data.labels(), "defect") == 6);
  CHECK(pixels_of_label(item_of(data, "test/scratch/000"), data.labels(), "defect") == 16);
  CHECK(attribute(item_of(data, "test/bent/000"), "defect") == "bent");
}

TEST_CASE("everything above 0 of a mask is the defect") {
  const Scratch scratch;
  put_metal_nut(scratch);
  rewrite(scratch / "ground_truth/bent/000_mask.png", png_mask({0, 1, 128, 255}));
  const ReadDataSet data = read_data_set(mvtec(), scratch.path());
  CHECK(pixels_of_label(item_of(data, "test/bent/000"), data.labels(), "bent") == 18);
}

TEST_CASE("MVTec AD 2: masks inside a subset, and images that nobody has annotated") {
  const Scratch scratch;
  scratch.write("can/train/good/000_regular.png", png_picture());
  scratch.write("can/test_public/good/000_regular.png", png_picture());
  scratch.write("can/test_public/bad/000_overexposed.png", png_picture());
  scratch.write("can/test_public/ground_truth/bad/000_overexposed_mask.png", png_mask({0, 255}));
  scratch.write("can/test_private/000_mixed.png", png_picture());
  CHECK(taken_for(scratch.path()) == "mvtec");
  const ReadDataSet data = read_data_set(mvtec(), scratch.path());
  CHECK(data.rules() == Rules{});
  CHECK(data.items.size() == 4);
  CHECK(pixels_of_label(item_of(data, "can/test_public/bad/000_overexposed"), data.labels(), "bad") == 12);
  CHECK_FALSE(item_of(data, "can/test_private/000_mixed").annotated);
}

TEST_CASE("two subsets may share the masks of a defect, and a mask may have its image's very name") {
  const Scratch scratch;
  put_metal_nut(scratch);
  scratch.write("train/scratch/007.png", png_picture());
  scratch.write("ground_truth/scratch/007.png", png_mask({255}));
  const ReadDataSet data = read_data_set(mvtec(), scratch.path());
  CHECK(data.rules() == Rules{});
  CHECK(pixels_of_label(item_of(data, "train/scratch/007"), data.labels(), "scratch") == 24);
}

TEST_CASE("names that are the data set's own are the ids, as elsewhere") {
  const Scratch scratch;
  scratch.write("train/good/a.png", png_picture());
  scratch.write("test/hole/b.png", png_picture());
  scratch.write("ground_truth/hole/b_mask.png", png_mask({255}));
  CHECK(read_data_set(mvtec(), scratch.path()).ids() == Texts{"a", "b"});
  scratch.write("test/good/a.png", png_picture());
  CHECK(read_data_set(mvtec(), scratch.path()).ids() == Texts{"test/good/a", "test/hole/b", "train/good/a"});
}

TEST_CASE("what is wrong has its place and costs itself") {
  const Scratch scratch;
  put_metal_nut(scratch);
  fs::remove(scratch / "ground_truth/scratch/001_mask.png");
  scratch.write("ground_truth/scratch/009_mask.png", png_mask({255}));
  scratch.write("test/scratch/000.JPG", jpeg_picture());
  scratch.write("test/scratch/002.png", "no picture");
  scratch.write("ground_truth/scratch/002_mask.png", png_mask({255}));
  scratch.write("test/scratch/003.png", png_picture());
  scratch.write("ground_truth/scratch/003_mask.png", png_mask({255}, {3, 3}));
  scratch.write("test/scratch/._000.png", "of macOS");
  scratch.write("test/scratch/Thumbs.db", "of Windows");
  const ReadDataSet data = read_data_set(mvtec(), scratch.path());
  CHECK(data.rules() == Rules{{"pair-missing", 1},
                              {"unlabelled-item", 1},
                              {"same-name", 1},
                              {"unreadable-image", 1},
                              {"size-differs", 1}});
  CHECK(data.finding("pair-missing").place.file == (scratch / "ground_truth/scratch/009_mask.png").string());
  CHECK_FALSE(item_of(data, "test/scratch/001").annotated);
  CHECK(data.items.size() == 6);
}

TEST_CASE("images of good and bad things without masks are no such data set") {
  const Scratch scratch;
  scratch.write("train/good/a.png", png_picture());
  scratch.write("test/bad/b.png", png_picture());
  CHECK(mvtec().probe(scratch.path()).confidence < 30);
  CHECK(thrown_by([&] { read_data_set(mvtec(), scratch.path()); }).code() == Code::bad_format);
  const Scratch pairs;
  pairs.write("images/a.png", png_picture());
  pairs.write("ground_truth/a.png", png_mask({0, 1}));
  CHECK(taken_for(pairs.path()) == "pairs");
}

TEST_CASE("good images alone are read where the format is named, and are not taken for it otherwise") {
  const Scratch scratch;
  scratch.write("train/good/a.png", png_picture());
  const ReadDataSet data = read_data_set(mvtec(), scratch.path());
  CHECK(data.rules() == Rules{});
  CHECK(data.items.at(0).annotated);
  CHECK(mvtec().probe(scratch.path()).confidence < 30);
}

TEST_CASE("a labels.json that is broken is an error with its place") {
  const Scratch scratch;
  put_metal_nut(scratch);
  scratch.write("labels.json", R"({"labels": [{"name": "a"}, {"name": "a"}]})");
  CHECK(thrown_by([&] { read_data_set(mvtec(), scratch.path()); }).place().file ==
        (scratch / "labels.json").string());
}
