// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "formats/registry.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

const std::string kPoint = R"("points": [[1, 1]], "shape_type": "point"})";

void put(const Scratch& scratch, const std::string& name, const std::string& label = "x") {
  scratch.write(name + ".png", png_picture());
  std::string text = labelme_text("{\"label\": \"" + label + "\", " + kPoint);
  text.replace(text.find("a.png"), 5, Path(name).filename().string() + ".png");
  scratch.write(name + ".json", text);
}

std::vector<std::string> subsets_of(const ReadDataSet& read) {
  std::vector<std::string> subsets;
  for (const Item& item : read.items) subsets.push_back(item.subset);
  return subsets;
}

std::vector<std::string> names_of(const LabelMap& labels) {
  std::vector<std::string> names;
  for (const Label& label : labels) names.push_back(label.name);
  return names;
}

}  // namespace

TEST_CASE("first folders of usual names are subsets, and items come bytewise by id") {
  const Scratch scratch;
  for (const char* name : {"val/a", "train/b", "train/deep/c", "test/a"}) put(scratch, name);
  const ReadDataSet read = read_data_set(labelme(), scratch.path());
  CHECK(read.rules().empty());
  CHECK(read.source->metadata().subsets == std::vector<std::string>{"train", "val", "test"});
  CHECK(read.ids() == std::vector<std::string>{"b", "deep/c", "test/a", "val/a"});
  CHECK(subsets_of(read) == std::vector<std::string>{"train", "train", "test", "val"});
  put(scratch, "other/d");
  const ReadDataSet mixed = read_data_set(labelme(), scratch.path());
  CHECK(mixed.source->metadata().subsets.empty());
  CHECK(mixed.ids().front() == "other/d");
}

TEST_CASE("an image without a JSON is one that nobody annotated") {
  const Scratch scratch;
  put(scratch, "a");
  scratch.write("b.png", png_picture());
  scratch.write("._c.png", "AppleDouble");
  scratch.write("Thumbs.db", "thumbs");
  const ReadDataSet read = read_data_set(labelme(), scratch.path());
  CHECK(read.rules().empty());
  CHECK(read.ids() == std::vector<std::string>{"a", "b"});
  CHECK(read.items[0].annotated);
  CHECK_FALSE(read.items[1].annotated);
  CHECK(read.items[1].size == Size{6, 4});
}

TEST_CASE("labels.txt gives the order and the roles, and labels that it does not name follow") {
  const Scratch scratch;
  put(scratch, "a", "zebra");
  put(scratch, "b", "ant");
  put(scratch, "c", "__ignore__");
  CHECK(names_of(read_data_set(labelme(), scratch.path()).labels()) ==
        std::vector<std::string>{"__ignore__", "ant", "zebra"});
  scratch.write("labels.txt", "__ignore__\n_background_\r\n\nzebra\n");
  const ReadDataSet read = read_data_set(labelme(), scratch.path());
  CHECK(names_of(read.labels()) == std::vector<std::string>{"__ignore__", "_background_", "zebra", "ant"});
  CHECK(read.labels().is_ignored(0));
  CHECK(read.labels().background() == 1);
  scratch.write("other.txt", "ant\n");
  CHECK(names_of(read_data_set(labelme(), scratch.path(), {"labels=other.txt"}).labels()).front() == "ant");
}

TEST_CASE("what lies beside is not read, and said where it might have been meant") {
  const Scratch scratch;
  put(scratch, "a");
  scratch.write("config.json", "{\"learning_rate\": 0.1}");
  scratch.write("provenance.json", "{}");
  scratch.write("maskmill/provenance.json", "{}");  // of what was fetched
  scratch.write("a.jpg", jpeg_picture());
  const ReadDataSet read = read_data_set(labelme(), scratch.path());
  CHECK(read.ids() == std::vector<std::string>{"a"});
  CHECK(read.items[0].image == scratch / "a.png");
  CHECK(read.rules() == std::map<std::string, int>{{"file-left-out", 1}, {"same-name", 1}});
}

TEST_CASE("a folder of LabelMe's files is taken for that, and so is one file") {
  const Scratch scratch;
  put(scratch, "train/a");
  const auto best = [&](const Path& path) { return formats::best(formats::detect(path), path).format->name; };
  CHECK(best(scratch.path()) == "labelme");
  CHECK(best(scratch / "train/a.json") == "labelme");
  CHECK(read_data_set(labelme(), scratch / "train/a.json").ids() == std::vector<std::string>{"a"});
  scratch.write("sorted/a.json",
                R"({"flags": {}, "imageData": ")" + std::string(100'000, 'A') + R"(", "shapes": []})");
  CHECK(labelme().probe(scratch / "sorted").confidence == 90);
  scratch.write("none/a.json", "{\"images\": []}");
  CHECK(labelme().probe(scratch / "none").confidence == 0);
}

TEST_CASE("the real LabelMe sample is read whole") {
  const Path data = real_data();
  if (data.empty() || !fs::is_directory(data / "labelme_voc_person")) {
    WARN("skipped: the sample data sets are not beside the checkout");
    return;
  }
  const ReadDataSet read = read_data_set(labelme(), data / "labelme_voc_person");
  CHECK(read.rules().empty());
  CHECK(read.items.size() == 56);
  CHECK(std::ranges::count_if(read.items, &Item::annotated) == 40);
  std::size_t polygons = 0;
  for (const Item& item : read.items)
    for (const Annotation& annotation : item.annotations)
      polygons += std::holds_alternative<Polygon>(annotation.shape);
  CHECK(polygons == 57);
  CHECK(names_of(read.labels()) == std::vector<std::string>{"person"});
  CHECK(read.source->metadata().subsets == std::vector<std::string>{"train", "val"});
}
