// SPDX-License-Identifier: Apache-2.0
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Shape shape_of(const std::string& rest) {
  const auto annotations =
      labelme_annotations(R"({"label": "x", "group_id": null, "flags": {}, )" + rest + "}");
  REQUIRE(annotations.size() == 1);
  return annotations.front().shape;
}

/// What labelme.utils.img_arr_to_b64(np.array([[1, 0, 1], [0, 1, 1]], np.uint8)) gives.
const std::string kMask =
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR4nGNgZGBkZGBkAAAAGgAFe9EfAQAAAABJRU5ErkJggg==";

Rle rle_of(const std::vector<int>& values) {
  return rle_from_mask(mask_of({6, 4}, values));
}

}  // namespace

TEST_CASE("each shape of LabelMe is read in pixels from the corner") {
  CHECK(shape_of(R"("shape_type": "polygon", "points": [[1, 2], [3.25, 2], [0.1234567890123, -4.5]])") ==
        Shape(Polygon{{{{{1, 2}, {3.25, 2}, {0.1234567890123, -4.5}}, {}}}}));
  CHECK(shape_of(R"("shape_type": "rectangle", "points": [[5, 3.5], [1.25, 1]])") ==
        Shape(Box{1.25, 1, 3.75, 2.5}));
  CHECK(shape_of(R"("shape_type": "circle", "points": [[3, 2], [6, 6]])") == Shape(Ellipse{{3, 2}, 5, 5, 0}));
  CHECK(shape_of(R"("shape_type": "line", "points": [[1, 2], [3, 4]])") == Shape(Polyline{{{1, 2}, {3, 4}}}));
  CHECK(shape_of(R"("shape_type": "linestrip", "points": [[1, 2], [3, 4], [5, 6]])") ==
        Shape(Polyline{{{1, 2}, {3, 4}, {5, 6}}}));
  CHECK(shape_of(R"("shape_type": "point", "points": [[1, 2]])") == Shape(Points{{{1, 2}}}));
  CHECK(shape_of(R"("shape_type": "points", "points": [[1, 2], [3, 4]])") == Shape(Points{{{1, 2}, {3, 4}}}));
}

TEST_CASE("a turned rectangle is one whichever way its corners run") {
  const std::string type = R"("shape_type": "oriented_rectangle", "points": )";
  CHECK(shape_of(type + "[[2, 0], [4, 2], [2, 4], [0, 2]]") ==
        Shape(RotatedBox{{2, 2}, std::sqrt(8), std::sqrt(8), 45}));
  const auto box = std::get<RotatedBox>(shape_of(type + "[[1, 1], [1, 3], [5, 3], [5, 1]]"));
  CHECK(box == RotatedBox{{3, 2}, 4, 2, 0});
  CHECK(std::holds_alternative<Polygon>(shape_of(type + "[[1, 1], [1, 3], [5, 3], [6, 1]]")));
}

TEST_CASE("a rectangle of four corners, as forks of LabelMe write it, is a box") {
  const std::string type = R"("shape_type": "rectangle", "points": )";
  CHECK(shape_of(type + "[[1, 1], [5, 1], [5, 3], [1, 3]]") == Shape(Box{1, 1, 4, 2}));
  CHECK(std::holds_alternative<Polygon>(shape_of(type + "[[1, 1], [5, 1], [5, 3], [2, 3]]")));
}

TEST_CASE("a mask is pasted into its box, whose second point is its last pixel") {
  CHECK(shape_of(R"("shape_type": "mask", "points": [[2.0, 1.0], [4.0, 2.0]], "mask": ")" + kMask + '"') ==
        Shape(rle_of({0, 0, 0, 0, 0, 0,  //
                      0, 0, 1, 0, 1, 0,  //
                      0, 0, 0, 1, 1, 0,  //
                      0, 0, 0, 0, 0, 0})));
}

TEST_CASE("files of LabelMe 3 have neither shape types nor groups, and whole numbers as points") {
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  const ReadDataSet read = read_data_set(labelme(), scratch.write("a.json", R"({
  "flags": {},
  "shapes": [
    {"label": "cat", "line_color": null, "fill_color": null, "points": [[1, 1], [4, 1], [4, 3]]},
    {"label": "dog", "line_color": [0, 255, 0, 128], "fill_color": null, "points": [[0, 0], [1, 0], [1, 1]],
     "shape_type": null}
  ],
  "lineColor": [0, 255, 0, 128],
  "fillColor": [255, 0, 0, 128],
  "imagePath": "a.png",
  "imageData": null
})"));
  CHECK(read.rules().empty());
  REQUIRE(read.items.size() == 1);
  const Item& item = read.items.front();
  CHECK(item.size == Size{6, 4});
  REQUIRE(item.annotations.size() == 2);
  CHECK(item.annotations[0].shape == Shape(Polygon{{{{{1, 1}, {4, 1}, {4, 3}}, {}}}}));
  CHECK(item.annotations[0].attributes.empty());
  CHECK(item.annotations[1].attributes == Attributes{{"line_color", JsonText{"[0,255,0,128]"}}});
  CHECK(item.attributes ==
        Attributes{{"lineColor", JsonText{"[0,255,0,128]"}}, {"fillColor", JsonText{"[255,0,0,128]"}}});
  CHECK(read.labels().find("cat") == 0);
  CHECK(read.labels().find("dog") == 1);
}

TEST_CASE("areas of one label and one group_id are one object, as for LabelMe's exports") {
  const auto shape = [](const std::string& label, int group, const std::string& rest) {
    return "{\"label\": \"" + label + "\", \"group_id\": " + std::to_string(group) + ", " + rest + "}";
  };
  const std::string triangle = R"("shape_type": "polygon", "points": [[0, 0], [2, 0], [2, 2]])";
  const std::string box = R"("shape_type": "rectangle", "points": [[3, 0], [5, 1]])";
  const std::string point = R"("shape_type": "point", "points": [[1, 1]])";
  const auto annotations = labelme_annotations(shape("car", 1, triangle) + "," + shape("wheel", 1, box) +
                                               "," + shape("car", 1, box) + "," + shape("car", 2, triangle) +
                                               "," + shape("car", 1, point));
  REQUIRE(annotations.size() == 4);
  CHECK(annotations[0].shape ==
        Shape(Polygon{{{{{0, 0}, {2, 0}, {2, 2}}, {}}, {{{3, 0}, {5, 0}, {5, 1}, {3, 1}}, {}}}}));
  CHECK(annotations[0].origin.field == "shapes[0]");
  CHECK(annotations[1].shape == Shape(Box{3, 0, 2, 1}));
  CHECK(annotations[2].group == 2);
  CHECK(annotations[3].shape == Shape(Points{{{1, 1}}}));
  for (const std::size_t i : {0, 1, 3}) CHECK(annotations[i].group == 1);  // what they have in common
}

TEST_CASE("a mask and a polygon of one object are united pixel by pixel") {
  const auto annotations = labelme_annotations(
      R"({"label": "x", "group_id": 0, "shape_type": "mask", "points": [[2, 1], [4, 2]], "mask": ")" + kMask +
      R"("}, {"label": "x", "group_id": 0, "shape_type": "polygon", "points": [[0, 0], [1, 0], [1, 4], [0, 4]]})");
  REQUIRE(annotations.size() == 1);
  CHECK(annotations[0].shape == Shape(rle_of({1, 0, 0, 0, 0, 0,  //
                                              1, 0, 1, 0, 1, 0,  //
                                              1, 0, 0, 1, 1, 0,  //
                                              1, 0, 0, 0, 0, 0})));
}

TEST_CASE("parts that say different things are told, and the first counts") {
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  const std::string points = R"("shape_type": "polygon", "points": [[0, 0], [2, 0], [2, 2]])";
  const ReadDataSet read = read_data_set(
      labelme(),
      scratch.write("a.json",
                    labelme_text("{\"label\": \"x\", \"group_id\": 0, \"flags\": {\"a\": true}, " + points +
                                 "},\n{\"label\": \"x\", \"group_id\": 0, \"flags\": "
                                 "{\"a\": false, \"b\": true}, " +
                                 points + "}")));
  CHECK(read.rules() == std::map<std::string, int>{{"parts-differ", 1}});
  CHECK(read.finding("parts-differ").place.line == 5);
  CHECK(read.items.at(0).annotations.at(0).attributes == Attributes{{"a", true}, {"b", true}});
}

TEST_CASE("flags, a description and further keys are attributes, and known ones are what they mean") {
  const auto annotations = labelme_annotations(
      R"({"label": "x", "points": [[1, 1]], "shape_type": "point", "group_id": 7, "description": "left one",
          "flags": {"occluded": true, "blurry": false, "crowd": false}, "score": 0.25, "difficult": true,
          "kie_linking": [], "attributes": {"colour": "red"}, "mask": null})");
  REQUIRE(annotations.size() == 1);
  const Annotation& annotation = annotations.front();
  CHECK(annotation.flags == Flags{.crowd = false, .occluded = true, .truncated = {}, .difficult = true});
  CHECK(annotation.score == 0.25);
  CHECK(annotation.group == 7);
  CHECK(annotation.attributes == Attributes{{"description", std::string("left one")},
                                            {"blurry", false},
                                            {"kie_linking", JsonText{"[]"}},
                                            {"attributes", JsonText{"{\"colour\":\"red\"}"}}});
}

TEST_CASE("an image's flags and other data are the item's attributes") {
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  std::string text = labelme_text("", R"(, "weather": {"rain": 0.5}, "checked": true)");
  text.replace(text.find("\"flags\": {}"), 11, R"("flags": {"indoor": true, "night": false})");
  const ReadDataSet read = read_data_set(labelme(), scratch.write("a.json", text));
  CHECK(read.rules().empty());
  CHECK(read.items.at(0).attributes ==
        Attributes{
            {"indoor", true}, {"night", false}, {"weather", JsonText{"{\"rain\":0.5}"}}, {"checked", true}});
  CHECK(read.items.at(0).annotated);
  CHECK(read.items.at(0).annotations.empty());
}

TEST_CASE("a byte order mark and other line ends do no harm") {
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  std::string text = labelme_text(R"({"label": "\u00e9", "points": [[1, 1]], "shape_type": "point"})");
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.insert(at, "\r");
  const ReadDataSet read = read_data_set(labelme(), scratch.write("a.json", "\xEF\xBB\xBF" + text));
  CHECK(read.rules().empty());
  CHECK(read.labels()[0].name == "\xC3\xA9");
}
