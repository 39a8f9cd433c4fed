// SPDX-License-Identifier: Apache-2.0
#include "formats/finetune/finetune.h"

#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/finetune/categories.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Ids = std::vector<std::string>;
using Rules = std::map<std::string, int>;

constexpr const char* kCategories =
    R"({"mask_folder": "targets", "N_categories": 3, "categories": [{"name": "ground", "color": [0, 0, 0]},
        {"name": "road", "color": [128, 64, 128]}, {"name": "car", "color": [0, 0, 142]}]})";

void put_one(const Scratch& scratch, const std::string& subset, const std::string& name,
             const std::vector<int>& values) {
  scratch.write(subset + "/images/" + name + ".png", png_picture());
  scratch.write(subset + "/scratch/" + name + ".png", png_mask(values));
}
void put_several(const Scratch& scratch, const std::string& subset, const std::string& name,
                 const std::vector<int>& values) {
  scratch.write(subset + "/images/" + name + ".jpg", jpeg_picture());
  scratch.write(subset + "/targets/" + name + ".npy", encode_npy(mask_of({6, 4}, values)));
}

ReadDataSet read_finetune(const Path& path, std::vector<std::string> settings = {}) {
  return read_data_set(finetune(), path, std::move(settings));
}

LabelMap labels_of(const std::vector<std::pair<std::string, Role>>& all) {
  std::vector<Label> labels;
  for (const auto& [name, role] : all) {
    Label label;
    label.name = name;
    label.role = role;
    labels.push_back(std::move(label));
  }
  return LabelMap(labels);
}

/// An item of the subset train whose mask's values count the labels.
Item masked_item(const Scratch& scratch, const std::vector<int>& values, int labels) {
  auto coding = std::make_shared<MaskCoding>();
  for (int i = 0; i < labels; ++i) coding->values.emplace_back(i, i);
  Item item;
  item.id = "a";
  item.subset = "train";
  item.image = scratch.write("a.jpg", jpeg_picture());
  item.size = Size{6, 4};
  item.semantic = MaskRef{scratch.write("m.png", png_mask(values)), coding, std::nullopt, false};
  return item;
}

void write(const Scratch& scratch, LabelMap labels, Item item, std::vector<std::string> settings = {}) {
  Metadata metadata;
  metadata.labels = std::move(labels);
  metadata.subsets = {"train"};
  const auto source = make_source(std::move(metadata), {std::move(item)});
  write_data_set(finetune(), *source, {.target = scratch / "out", .settings = std::move(settings)});
}

}  // namespace

TEST_CASE("one category is a folder beside the images, whatever else lies in another subset's") {
  const Scratch scratch;
  put_one(scratch, "val", "b", {0});
  put_one(scratch, "train", "c", {0, 255});
  put_one(scratch, "train", "a", {255});
  CHECK(finetune().probe(scratch.path()).confidence == 75);
  const ReadDataSet data = read_finetune(scratch.path());
  CHECK(data.findings.empty());
  CHECK(data.ids() == Ids{"a", "b", "c"});
  CHECK(data.source->metadata().subsets == Ids{"train", "val"});
  REQUIRE(data.labels().size() == 1);
  CHECK(data.labels()[0].name == "scratch");
  CHECK(area(pixels_of(data.items[2].annotations.at(0), {6, 4})) == 12);
}

TEST_CASE("several categories are named by a JSON file, and .npy masks pair by name") {
  const Scratch scratch;
  put_several(scratch, "train", "b", {0, 1, 2});
  put_several(scratch, "train", "a", {1});
  put_several(scratch, "test", "c", {2, 7});
  scratch.write("anything.json", kCategories);
  CHECK(finetune().probe(scratch.path()).confidence == 95);
  const ReadDataSet data = read_finetune(scratch.path(), {"background=ground"});
  CHECK(data.findings.empty());
  CHECK(data.ids() == Ids{"a", "b", "c"});
  REQUIRE(data.labels().size() == 3);
  CHECK(data.labels().background() == 0);
  CHECK(data.labels()[1].colour == Rgb{128, 64, 128});
  CHECK(data.labels()[2].id == 2);
  const SemanticMask mask = semantic_of(data.items[2], data.labels());
  CHECK(cv::countNonZero(mask.labels == 2) == 12);
  CHECK(mask.unknown_values == std::map<std::int64_t, std::int64_t>{{7, 12}});
}

TEST_CASE("the first category is background only where that is said") {
  const Scratch scratch;
  put_several(scratch, "train", "a", {0, 1, 2});
  scratch.write("c.json", kCategories);
  CHECK_FALSE(read_finetune(scratch.path()).labels().background());
}

TEST_CASE("what is wrong with the list of categories is said, with its field") {
  const auto refused = [](const std::string& text) {
    return thrown_by([&] { parse_categories(text, "c.json"); });
  };
  const Error count = refused(R"({"mask_folder": "m", "N_categories": 2, "categories": [{"name": "a"}]})");
  CHECK(count.place().field == "N_categories");
  CHECK_THAT(count.message(), contains("the list has 1"));
  CHECK(refused(R"({"mask_folder": "m", "N_categories": 1, "categories": [{"color": [0, 0, 0]}]})")
            .place()
            .field == "categories[0].name");
  CHECK(refused(
            R"({"mask_folder": "m", "N_categories": 1, "categories": [{"name": "a", "color": [0, 300, 0]}]})")
            .place()
            .field == "categories[0].color[1]");
  for (const char* folder : {"../up", "/abs", ""})
    CHECK(refused(std::string(R"({"mask_folder": ")") + folder + R"(", "N_categories": 0, "categories": []})")
              .place()
              .field == "mask_folder");
  CHECK(refused("[]").code() == Code::bad_value);
  CHECK(refused("{").code() == Code::bad_format);
  CHECK(parse_categories(R"({"mask_folder": "m", "N_categories": 0, "categories": [], "more": 1})", "c.json")
            .labels.labels.empty());
}

TEST_CASE("another JSON file beside the subsets is a trap, two lists are an error") {
  const Scratch scratch;
  put_several(scratch, "train", "a", {0, 1, 2});
  scratch.write("c.json", kCategories);
  scratch.write("notes.json", R"({"author": "me"})");
  scratch.write("broken.json", "{");
  const ReadDataSet data = read_finetune(scratch.path());
  CHECK(data.rules() == Rules{{"stray-json", 2}});
  scratch.write("d.json", kCategories);
  CHECK_THAT(thrown_by([&] { read_finetune(scratch.path()); }).message(), contains("c.json and d.json"));
  CHECK(finetune().probe(scratch.path()).confidence == 0);
}

TEST_CASE("where the layout is not there, it says what was looked for and what was found") {
  const Scratch scratch;
  scratch.write("train/photos/a.png", png_picture());
  scratch.write("train/scratch/a.png", png_mask({255}));
  CHECK(finetune().probe(scratch.path()).confidence == 0);
  const Error error = thrown_by([&] { read_finetune(scratch.path()); });
  CHECK(error.code() == Code::bad_format);
  CHECK_THAT(error.message(), contains("train/images/") && contains("train/photos/"));
}

TEST_CASE("one label is written as a folder of masks, and nothing beside it stops the demo") {
  const Scratch scratch;
  write(scratch, labels_of({{"ground", Role::background}, {"road", Role::object}}),
        masked_item(scratch, {0, 1}, 2));
  CHECK(fs::is_regular_file(scratch / "out/train/road/a.png"));
  for (const Path& file : list_files(scratch / "out", false)) CHECK(lower_extension(file) != "json");
  CHECK(list_folders(scratch / "out/train").size() == 2);
  const RawImage mask = read_raw(scratch / "out/train/road/a.png");
  CHECK(cv::countNonZero(mask.pixels == 255) == 12);

  const ReadDataSet back = read_finetune(scratch / "out");
  CHECK(back.findings.empty());
  CHECK(back.labels() == labels_of({{"ground", Role::background}, {"road", Role::object}}));
  CHECK(finetune().probe(scratch / "out").confidence == 90);
}

TEST_CASE("a mask may have its image's whole name, as the demo opens it") {
  const Scratch scratch;
  write(scratch, labels_of({{"road", Role::object}, {"ground", Role::background}}),
        masked_item(scratch, {0, 1}, 2), {"mask-names=image"});
  CHECK(probe_image(scratch / "out/train/road/a.jpg").kind == FileKind::png);
  CHECK(read_finetune(scratch / "out").items.at(0).annotated);
}

TEST_CASE("several labels are written as arrays that count the categories, void as one of them") {
  const Scratch scratch;
  write(scratch, labels_of({{"ground", Role::background}, {"road", Role::object}, {"car", Role::object}}),
        masked_item(scratch, {0, 1, 2, 9}, 3));
  std::vector<Path> documents = list_files(scratch / "out", false);
  REQUIRE(documents.size() == 1);  // any other would be taken for it
  const Categories categories = parse_categories(read_file(documents[0]), documents[0]);
  CHECK(categories.mask_folder == "masks");
  REQUIRE(categories.labels.labels.size() == 4);
  CHECK(categories.labels.labels[3].name == "void");
  for (const Label& label : categories.labels.labels) CHECK(label.colour);
  CHECK(cv::countNonZero(read_raw(scratch / "out/train/masks/a.npy").pixels !=
                         mask_of({6, 4}, {0, 1, 2, 3})) == 0);

  const ReadDataSet back = read_finetune(scratch / "out");
  CHECK(back.findings.empty());
  CHECK(back.labels().background() == 0);
  CHECK(back.labels().is_ignored(3));
}

TEST_CASE("what was read is written alike") {
  const Scratch scratch;
  put_several(scratch, "train", "b", {0, 1, 2});
  put_several(scratch, "val", "c", {2, 1});
  scratch.write("c.json", kCategories);
  const ReadDataSet data = read_finetune(scratch.path(), {"background=ground"});
  write_data_set(finetune(), *data.source, {.target = scratch / "out"});
  const ReadDataSet back = read_finetune(scratch / "out");
  CHECK(back.findings.empty());
  CHECK(back.source->metadata() == data.source->metadata());
  CHECK(back.ids() == data.ids());
  for (std::size_t i = 0; i < back.items.size(); ++i)
    CHECK(cv::countNonZero(semantic_of(back.items[i], back.labels()).labels !=
                           semantic_of(data.items[i], data.labels()).labels) == 0);
}

TEST_CASE("what has no place is refused: void beside one category, and other subsets") {
  const Scratch scratch;
  const LabelMap one = labels_of({{"ground", Role::background}, {"road", Role::object}});
  CHECK_THAT(thrown_by([&] {
               write(scratch, one, masked_item(scratch, {0, 1, 9}, 2));
             }).hint_text(),
             contains("variant=index"));
  Metadata metadata;
  metadata.labels = one;
  metadata.subsets = {"fold1"};
  CHECK_THAT(
      thrown_by([&] { finetune().create({.target = scratch / "out", .metadata = metadata}); }).message(),
      contains("fold1"));
  Item item = masked_item(scratch, {0, 1}, 2);
  item.subset.clear();
  CHECK_THAT(thrown_by([&] { write(scratch, one, item); }).hint_text(), contains("maskmill split"));
  CHECK(!fs::exists(scratch / "out"));
}

TEST_CASE("a written folder may be replaced, although its provenance lies deeper") {
  const Scratch scratch;
  const LabelMap one = labels_of({{"ground", Role::background}, {"road", Role::object}});
  write(scratch, one, masked_item(scratch, {0, 1}, 2));
  Metadata metadata;
  metadata.labels = one;
  const auto source = make_source(metadata, {masked_item(scratch, {1}, 2)});
  write_data_set(finetune(), *source, {.target = scratch / "out", .overwrite = Overwrite::yes});
  CHECK(cv::countNonZero(read_raw(scratch / "out/train/road/a.png").pixels) == 24);
}

TEST_CASE("a folder of annotations is not searched for the list of categories") {
  const Scratch scratch;
  const std::string categories =
      R"({"mask_folder":"masks","N_categories":1,"categories":[{"name":"a","color":[1,2,3]}]})";
  scratch.write("categories.json", categories);
  Findings findings;
  CHECK(find_categories(scratch.path(), findings).has_value());
  for (int i = 0; i < 64; ++i) scratch.write("a" + std::to_string(i) + ".json", "{}");
  CHECK_FALSE(find_categories(scratch.path(), findings).has_value());
  CHECK(findings.empty());
}
