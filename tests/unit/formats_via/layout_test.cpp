// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "formats/registry.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

const std::string kPoint = "[" + via_region(R"("name": "point", "cx": 1, "cy": 2)") + "]";

std::string_view best(const Path& path) {
  return formats::best(formats::detect(path), path).format->name;
}

}  // namespace

TEST_CASE("folders of usual names are subsets, as in the balloon data set of Mask R-CNN") {
  const Scratch scratch;
  for (const char* subset : {"val", "train"}) {
    scratch.write(Path(subset) / "a.png", png_picture());
    scratch.write(Path(subset) / "via_region_data.json", "{" + via_image(kPoint) + "}");
  }
  CHECK(best(scratch.path()) == "via");
  const ReadDataSet read = read_data_set(via(), scratch.path());
  CHECK(read.rules().empty());
  CHECK(read.source->metadata().subsets == std::vector<std::string>{"train", "val"});
  CHECK(read.ids() == std::vector<std::string>{"a", "val/a"});
  CHECK(read.items[1].subset == "val");
  CHECK(read.items[1].image == scratch / "val/a.png");
}

TEST_CASE("a project counts before its exports, whatever the order of its keys") {
  const Scratch scratch;
  scratch.write("pictures/a.png", png_picture());
  scratch.write("export.json", "{" + via_image("[]", "b.png") + "}");
  scratch.write("p.json",
                "{\"_via_image_id_list\": [], \"_via_attributes\": {}, " +
                    via_project(via_image(kPoint), "", "\"default_filepath\": \"pictures/\"").substr(1));
  // A key that is there twice is an error, as everywhere.
  CHECK(thrown_by([&] { read_data_set(via(), scratch.path()); }).code() == Code::bad_format);
  scratch.write("p.json", "{\"_via_attributes\": {}, \"_via_img_metadata\": {" + via_image(kPoint) +
                              "}, \"_via_settings\": {\"core\": {\"default_filepath\": \"pictures/\"}}}");
  const ReadDataSet read = read_data_set(via(), scratch.path());
  CHECK(read.rules() == std::map<std::string, int>{{"file-left-out", 1}});
  CHECK(read.ids() == std::vector<std::string>{"a"});
  CHECK(read.items[0].image == scratch / "pictures/a.png");
  CHECK(best(scratch / "export.json") == "via");
  CHECK(read_data_set(via(), scratch / "export.json").ids() == std::vector<std::string>{"b"});
}

TEST_CASE("images are looked for beside the file, in images there, and in the folder that is named") {
  const Scratch scratch;
  const Path json = scratch.write("set/via.json", "{" + via_image(kPoint) + "}");
  CHECK(read_data_set(via(), json).rules() == std::map<std::string, int>{{"image-missing", 1}});
  scratch.write("there/a.png", png_picture());
  CHECK(read_data_set(via(), json, {"images=../there"}).items.at(0).size == Size{6, 4});
  scratch.write("set/images/a.png", png_picture());
  CHECK(read_data_set(via(), json).items.at(0).image == scratch / "set/images/a.png");
  scratch.write("set/a.png", png_picture());
  const ReadDataSet read = read_data_set(via(), json);
  CHECK(read.rules().empty());
  CHECK(read.items.at(0).image == scratch / "set/a.png");
  CHECK(thrown_by([&] { read_data_set(via(), json, {"images=none"}); }).code() == Code::not_found);
}

TEST_CASE("a picture of another size in bytes than was annotated is told") {
  const Scratch scratch;
  scratch.write("a.png", png_picture({9, 9}));
  const ReadDataSet read = read_data_set(via(), scratch.write("via.json", "{" + via_image(kPoint) + "}"));
  CHECK(read.rules() == std::map<std::string, int>{{"file-size-differs", 1}});
  CHECK(read.items.at(0).size == Size{9, 9});
}

TEST_CASE("names that lead elsewhere are not followed, and those that repeat are told apart") {
  const Scratch scratch;
  scratch.write("secret.txt", "secret");
  const ReadDataSet read =
      read_data_set(via(), scratch.write("set/via.json", "{" + via_image(kPoint, "../secret.txt") + "," +
                                                             via_image(kPoint, "https://x.org/b.jpg") + "," +
                                                             via_image(kPoint, "b.png") + "," +
                                                             via_image(kPoint, "b.png") + "}"));
  CHECK(read.ids() ==
        std::vector<std::string>{"secret", "b", "b.png", "b.png" + std::to_string(png_picture().size())});
  for (const Item& item : read.items) {
    CHECK(item.image.empty());
    CHECK(is_safe_relative(item.file_name));
  }
}

TEST_CASE("a project of VIA 3 is refused in words") {
  const Scratch scratch;
  scratch.write("p.json", R"({"project": {"pid": "__VIA_PROJECT_ID__", "rev": "1", "pname": "x",
      "data_format_version": "3.1.2", "vid_list": ["1"]}, "config": {}, "attribute": {}, "file": {},
      "metadata": {}, "view": {}})");
  const Error error = thrown_by([&] { formats::open(scratch.path()); });
  CHECK(error.code() == Code::unsupported);
  CHECK_THAT(error.message(), contains("VIA 3"));
  CHECK(via().probe(scratch.write("none/a.json", "{\"images\": []}").parent_path()).confidence == 0);
}

TEST_CASE("the real VIA sample is read whole") {
  const Path data = real_data();
  if (data.empty() || !fs::is_directory(data / "formats/via")) {
    WARN("skipped: the sample data sets are not beside the checkout");
    return;
  }
  const ReadDataSet read = read_data_set(via(), data / "formats/via", {"label-attribute=label"});
  CHECK(read.rules().empty());
  REQUIRE(read.items.size() == 2);
  std::size_t regions = 0;
  for (const Item& item : read.items) regions += item.annotations.size();
  CHECK(regions == 10);
  CHECK(read.items[0].annotations[0].shape ==
        Shape(Polygon{{{{{104, 134}, {137, 120}, {155, 162}, {122, 176}}, {}}}}));
  CHECK(read.labels()[*read.items[0].annotations[0].label].name == "z");
}
