// SPDX-License-Identifier: Apache-2.0
#include "dataset/rle.h"
#include "base/base64.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

ReadDataSet read_text(const Scratch& scratch, const std::string& text) {
  scratch.write("a.png", png_picture());
  return read_data_set(labelme(), scratch.write("a.json", text));
}

std::string mask_shape(const std::string& points, Size size) {
  return R"({"label": "x", "shape_type": "mask", "points": )" + points + ", \"mask\": \"" +
         to_base64(png_mask({1}, size)) + "\"}";
}

}  // namespace

TEST_CASE("a shape that cannot be read costs itself, with its place") {
  const std::string whole = R"({"label": "x", "points": [[1, 1]], "shape_type": "point"})";
  for (const std::string& broken : std::initializer_list<std::string>{
           "{}",
           "7",
           "null",
           R"({"label": "x"})",
           R"({"points": [[1, 1]]})",
           R"({"label": 7, "points": [[1, 1]]})",
           R"({"label": "", "points": [[1, 1]], "shape_type": "point"})",
           R"({"label": "x", "points": [], "shape_type": "point"})",
           R"({"label": "x", "points": [[1]], "shape_type": "point"})",
           R"({"label": "x", "points": [[1, 2, 3]], "shape_type": "point"})",
           R"({"label": "x", "points": [1, 2], "shape_type": "point"})",
           R"({"label": "x", "points": [[1, "2"]], "shape_type": "point"})",
           R"({"label": "x", "points": [[1, NaN]], "shape_type": "point"})",
           R"({"label": "x", "points": [[1, 1e999]], "shape_type": "point"})",
           R"({"label": "x", "points": [[1, 2], [3, 4]]})",
           R"({"label": "x", "points": [[1, 2]], "shape_type": "circle"})",
           R"({"label": "x", "points": [[1, 2]], "shape_type": "rectangle"})",
           R"({"label": "x", "points": [[1, 2]], "shape_type": "blob"})",
           R"({"label": "x", "points": [[1, 2]], "shape_type": "point", "group_id": "a"})",
           R"({"label": "x", "points": [[1, 2]], "shape_type": "point", "flags": [1]})",
           R"({"label": "x", "points": [[0, 0], [1, 1]], "shape_type": "mask"})",
           R"({"label": "x", "points": [[0, 0], [1, 1]], "shape_type": "mask", "mask": "?"})",
           R"({"label": "x", "points": [[0, 0], [1, 1]], "shape_type": "mask", "mask": "Zm9v"})",
           mask_shape("[[0, 0], [2, 1]]", {2, 2}),
           mask_shape("[[1, 1], [0, 0]]", {2, 2}),
           mask_shape("[[0, 0], [1e300, 1]]", {2, 2}),
           mask_shape("[[0, 0], [6, 0]]", {7, 1})}) {
    INFO(broken);
    const Scratch scratch;
    const ReadDataSet read = read_text(scratch, labelme_text("\n" + broken + ",\n" + whole));
    CHECK(read.rules() == std::map<std::string, int>{{"unreadable-annotation", 1}});
    const Place& place = read.findings.at(0).place;
    CHECK(place.file == (scratch / "a.json").string());
    CHECK(place.line == 5);
    CHECK(place.field.starts_with("shapes[0]"));
    REQUIRE(read.items.size() == 1);
    CHECK(read.items.front().annotations.size() == 1);
  }
}

TEST_CASE("a mask that leaves its image is cut, and said") {
  const Scratch scratch;
  const ReadDataSet read = read_text(scratch, labelme_text(mask_shape("[[5, -1], [6, 0]]", {2, 2})));
  CHECK(read.rules() == std::map<std::string, int>{{"mask-outside", 1}});
  CHECK(area(std::get<Rle>(read.items.at(0).annotations.at(0).shape)) == 1);
}

TEST_CASE("a value beside the shapes that cannot be read costs itself") {
  const Scratch scratch;
  std::string text = labelme_text("", ", \"broken\": [1, tru], \"whole\": 1");
  text.replace(text.find("\"imageWidth\": 6"), 15, "\"imageWidth\": -6");
  const ReadDataSet read = read_text(scratch, text);
  CHECK(read.rules() == std::map<std::string, int>{{"unreadable-attribute", 2}});
  CHECK(read.items.at(0).attributes == Attributes{{"whole", std::int64_t{1}}});
  CHECK(read.items.at(0).size == Size{6, 4});
}

TEST_CASE("a file that is no JSON costs its item, and none of LabelMe's is an error") {
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  scratch.write("b.png", png_picture());
  scratch.write("a.json", "{\"version\": \"5.5.0\",\n\"shapes\": [}");
  CHECK(thrown_by([&] { read_data_set(labelme(), scratch.path()); }).code() == Code::bad_format);
  scratch.write("b.json", labelme_text(""));
  const ReadDataSet read = read_data_set(labelme(), scratch.path());
  CHECK(read.ids() == std::vector<std::string>{"b"});  // a is not said to be without annotations
  CHECK(read.finding("unreadable-annotation").place.line == 2);
  CHECK(thrown_by([&] { read_data_set(labelme(), scratch.write("c/c.json", "{\"shapes\": 7}")); }).code() ==
        Code::bad_format);
}

TEST_CASE("depth and keys cannot fill memory") {
  const Scratch scratch;
  std::string deep = labelme_text("{\"label\": \"x\", \"points\": " + std::string(100'000, '['));
  CHECK(thrown_by([&] { read_text(scratch, deep); }).code() == Code::bad_format);
  std::string keys = "{\"label\": \"x\"";
  for (int i = 0; i < 5000; ++i) keys += ", \"k" + std::to_string(i) + "\": 1";
  CHECK(read_text(scratch, labelme_text(keys + "}")).rules() ==
        std::map<std::string, int>{{"unreadable-annotation", 1}});
}
