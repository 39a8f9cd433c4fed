// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "catch.h"
#include "dataset/masks.h"
#include "formats/coco/coco.h"
#include "formats/registry.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

// Written by Pillow, of ids as panopticapi's sample data has them: two rows of a tree (2330219), then two
// pixels each of a person (3937500), another (4260062) and a crowd (3153362), then three void and three of
// grass (10025880).
constexpr unsigned char kPng[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x04, 0x08, 0x02, 0x00, 0x00, 0x00, 0x22, 0x66, 0xd9, 0x14, 0x00,
    0x00, 0x00, 0x2d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xcc, 0xee, 0x53, 0x66, 0x40, 0x05, 0x4c,
    0x0c, 0x18, 0x80, 0xf1, 0x8e, 0x88, 0x0d, 0x03, 0x03, 0x03, 0xd3, 0x1b, 0x56, 0x06, 0x06, 0x86, 0x2f,
    0xb2, 0xef, 0x19, 0x18, 0x18, 0x18, 0xe1, 0x92, 0x33, 0x7e, 0xcf, 0x80, 0x30, 0x00, 0xdc, 0x47, 0x07,
    0x6c, 0x25, 0xaf, 0x6d, 0x66, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

std::string golden_png() {
  return {reinterpret_cast<const char*>(kPng), sizeof kPng};
}

// As panoptic_val2017.json has it: keys, their order, and types.
std::string golden_json(const std::string& segments, const std::string& more_annotations = {}) {
  return R"({"info": {"description": "COCO 2018 Panoptic Dataset", "year": 2018},
"licenses": [{"url": "http://creativecommons.org/licenses/by-nc/2.0/", "id": 2, "name": "Attribution-NonCommercial License"}],
"images": [{"license": 2, "file_name": "000000142238.jpg", "height": 4, "width": 6, "date_captured": "2013-11-20 16:47:35", "id": 142238}],
"annotations": [{"segments_info": [
)" + segments +
         R"(
], "file_name": "000000142238.png", "image_id": 142238})" +
         more_annotations + R"(],
"categories": [{"supercategory": "person", "color": [220, 20, 60], "isthing": 1, "id": 1, "name": "person"},
{"supercategory": "plant", "color": [78, 180, 255], "isthing": 0, "id": 184, "name": "tree-merged"},
{"supercategory": "plant", "color": [152, 251, 152], "isthing": 0, "id": 193, "name": "grass-merged"}]})";
}

const std::string kSegments =
    R"({"id": 3937500, "category_id": 1, "iscrowd": 0, "bbox": [0, 2, 2, 1], "area": 2},
{"id": 4260062, "category_id": 1, "iscrowd": 0, "bbox": [2, 2, 2, 1], "area": 2},
{"id": 3153362, "category_id": 1, "iscrowd": 1, "bbox": [4, 2, 2, 1], "area": 2},
{"id": 2330219, "category_id": 184, "iscrowd": 0, "bbox": [0, 0, 6, 2], "area": 12},
{"id": 10025880, "category_id": 193, "iscrowd": 0, "bbox": [3, 3, 3, 1], "area": 3})";

Path put_golden(const Scratch& scratch, const std::string& segments = kSegments,
                const std::string& more = {}) {
  scratch.write("annotations/panoptic_val2017/000000142238.png", golden_png());
  scratch.write("annotations/panoptic_val2017.json", golden_json(segments, more));
  return scratch.path();
}

using Rules = std::map<std::string, int>;

}  // namespace

TEST_CASE("COCO's own layout: each segment has its pixels, its kind and its flags, and void is apart") {
  const Scratch scratch;
  put_golden(scratch);
  scratch.write("val2017/000000142238.jpg", jpeg_picture(kSize));
  const ReadDataSet read = read_data_set(coco_panoptic(), scratch.path());
  CHECK(read.findings.empty());
  CHECK(read.ids() == std::vector<std::string>{"000000142238"});
  const LabelMap& labels = read.labels();
  REQUIRE(labels.size() == 4);
  CHECK(labels[0].kind == LabelKind::thing);
  CHECK(labels[1].kind == LabelKind::stuff);
  CHECK(labels[2].colour == Rgb{152, 251, 152});
  CHECK(labels[3].name == "void");
  CHECK(labels[3].role == Role::ignore);
  CHECK(labels[3].id == 0);
  const Item& item = read.items.at(0);
  CHECK(item.image == scratch / "val2017/000000142238.jpg");
  CHECK(item.subset == "val2017");
  CHECK(item.source_id == 142238);
  CHECK(item.size == kSize);
  REQUIRE(item.annotations.size() == 6);
  const auto is = [&](std::size_t i, int label, const Rle& pixels, std::optional<std::int64_t> id,
                      bool crowd) {
    const Annotation& annotation = item.annotations[i];
    CHECK(annotation.label == label);
    CHECK(annotation.shape == Shape(pixels));
    CHECK(annotation.id == id);
    CHECK(annotation.flags.crowd == crowd);
  };
  is(0, 0, rectangle(kSize, 0, 2, 2, 3), 3937500, false);
  is(1, 0, rectangle(kSize, 2, 2, 4, 3), 4260062, false);
  is(2, 0, rectangle(kSize, 4, 2, 6, 3), 3153362, true);
  is(3, 1, rectangle(kSize, 0, 0, 6, 2), 2330219, false);
  is(4, 2, rectangle(kSize, 3, 3, 6, 4), 10025880, false);
  is(5, 3, rectangle(kSize, 0, 3, 3, 4), {}, true);
  CHECK(item.annotations[3].area == 12);
  CHECK(item.annotations[3].box == Box{0, 0, 6, 2});
  CHECK(item.annotations[3].origin.line == 8);
  CHECK(item.annotations[3].origin.field == "annotations[0].segments_info[3]");
}

TEST_CASE("panoptic files are recognised, and beside instances these are the surer") {
  const Scratch scratch;
  put_golden(scratch);
  CHECK(formats::open(scratch.path()).format == &coco_panoptic());
  CHECK(formats::open(scratch / "annotations/panoptic_val2017.json").format == &coco_panoptic());
  scratch.write("annotations/instances_val2017.json",
                R"({"images": [{"id": 142238, "file_name": "000000142238.jpg", "height": 4, "width": 6}],
  "annotations": [], "categories": []})");
  CHECK(formats::open(scratch.path()).format == &coco());
  const ReadDataSet read = read_data_set(coco_panoptic(), scratch.path());
  CHECK(read.items.at(0).annotations.size() == 6);
  CHECK(read.rules() == Rules{{"file-left-out", 1}});
}

TEST_CASE("a long list of images before the segments hides nothing") {
  const Scratch scratch;
  std::string json = golden_json(kSegments);
  std::string images;
  for (int i = 0; i < 400; ++i)
    images += R"({"id": )" + std::to_string(i) + R"(, "file_name": ")" + std::to_string(i) +
              R"(.jpg", "height": 4, "width": 6}, )";
  json.insert(json.find("{\"license\": 2"), images);
  const Path file = scratch.write("a.json", json);
  CHECK(formats::open(file).format == &coco_panoptic());
  CHECK(coco().probe(file).confidence == 10);
}

TEST_CASE("the PNGs may lie elsewhere, or nowhere: then only boxes are known") {
  const Scratch scratch;
  put_golden(scratch);
  fs::rename(scratch / "annotations/panoptic_val2017", scratch / "elsewhere");
  const ReadDataSet alone = read_data_set(coco_panoptic(), scratch.path());
  CHECK(alone.rules() == Rules{{"masks-missing", 1}});
  REQUIRE(alone.items.at(0).annotations.size() == 5);
  CHECK(alone.items[0].annotations[3].shape == Shape(Box{0, 0, 6, 2}));
  const ReadDataSet read =
      read_data_set(coco_panoptic(), scratch.path(), {"segmentations=" + (scratch / "elsewhere").string()});
  CHECK(read.findings.empty());
  CHECK(read.items.at(0).annotations.size() == 6);
  CHECK(thrown_by([&] {
          coco_panoptic().open({scratch.path(), {"segmentations=nowhere"}});
        }).code() == Code::not_found);
}

TEST_CASE("what JSON and PNG do not have both is said, with its place") {
  const Scratch scratch;
  put_golden(scratch,
             R"({"id": 3937500, "category_id": 1, "iscrowd": 0, "bbox": [0, 2, 2, 2], "area": 2},
{"id": 4260062, "category_id": 1, "iscrowd": 0, "bbox": [2, 2, 2, 1], "area": 7},
{"id": 5, "category_id": 1, "iscrowd": 0, "bbox": [2, 2, 2, 1], "area": 2},
{"id": 2330219, "category_id": 184, "iscrowd": 0, "bbox": [0, 0, 6, 2], "area": 12},
{"id": 2330219, "category_id": 193, "iscrowd": 0},
{"id": 10025880, "category_id": 77, "iscrowd": 0})");
  const ReadDataSet read = read_data_set(coco_panoptic(), scratch.path());
  CHECK(read.rules() == Rules{{"unknown-segment", 1},
                              {"area-differs", 1},
                              {"box-differs", 1},
                              {"segment-without-pixels", 1},
                              {"duplicate-id", 1},
                              {"unreadable-annotation", 1}});
  CHECK_THAT(read.finding("unknown-segment").message, contains("2 pixels") && contains("3153362"));
  CHECK(read.finding("area-differs").place.line == 6);
  CHECK(read.finding("area-differs").place.field == "annotations[0].segments_info[1].area");
  CHECK_THAT(read.finding("area-differs").message, contains("says 7, and there are 2 pixels"));
  CHECK(read.finding("box-differs").place.field == "annotations[0].segments_info[0].bbox");
  CHECK_THAT(read.finding("segment-without-pixels").message, contains("id 5"));
  CHECK(read.finding("duplicate-id").place.line == 9);
  CHECK(read.finding("unreadable-annotation").place.line == 10);
  CHECK_THAT(read.finding("unreadable-annotation").message, contains("no category has the id 77"));
  const std::vector<Annotation>& annotations = read.items.at(0).annotations;
  REQUIRE(annotations.size() == 4);  // what nobody has is void
  CHECK(area(std::get<Rle>(annotations[3].shape)) == 3 + 2 + 3);
}

TEST_CASE("a segment whose box, area or flag cannot be read keeps its pixels") {
  const Scratch scratch;
  put_golden(scratch, R"({"id": 3937500, "category_id": 1, "iscrowd": 2, "bbox": [0, 2], "area": "x"},
{"id": 4260062, "category_id": 1}, {"id": 3153362, "category_id": 1, "mine": [1]}, {"id": 2330219, "category_id": 184}, {"id": 10025880, "category_id": 193})");
  const ReadDataSet read = read_data_set(coco_panoptic(), scratch.path());
  CHECK(read.rules() == Rules{{"unreadable-value", 2}, {"unreadable-flag", 1}});
  const std::vector<Annotation>& annotations = read.items.at(0).annotations;
  REQUIRE(annotations.size() == 6);
  CHECK(annotations[0].shape == Shape(rectangle(kSize, 0, 2, 2, 3)));
  CHECK_FALSE(annotations[0].box.has_value());
  CHECK_FALSE(annotations[1].flags.crowd.has_value());
  CHECK(annotations[2].attributes == Attributes{{"mine", JsonText{"[1]"}}});
}

TEST_CASE("segments that are none cost themselves") {
  for (const char* bad :
       {R"({"category_id": 1})", R"({"id": 0, "category_id": 1})", R"({"id": 16777216, "category_id": 1})",
        R"({"id": -3, "category_id": 1})", R"({"id": 7})", "7", "[1]", "null"}) {
    INFO(bad);
    const Scratch scratch;
    put_golden(scratch, bad + std::string(",\n") + kSegments);
    const ReadDataSet read = read_data_set(coco_panoptic(), scratch.path());
    CHECK(read.rules() == Rules{{"unreadable-annotation", 1}});
    CHECK(read.items.at(0).annotations.size() == 6);
  }
}

TEST_CASE("an image without an annotation is not annotated, and a second annotation is left out") {
  const Scratch scratch;
  put_golden(scratch, kSegments, R"(, {"segments_info": [], "file_name": "b.png", "image_id": 142238})");
  const ReadDataSet read = read_data_set(coco_panoptic(), scratch.path());
  CHECK(read.rules() == Rules{{"duplicate-id", 1}});
  CHECK(read.items.at(0).annotated);
  CHECK(read.items[0].annotations.size() == 6);
  std::string json = golden_json(kSegments);
  json.replace(json.find("\"image_id\": 142238"), 18, "\"image_id\": 9");
  scratch.write("annotations/panoptic_val2017.json", json);
  const ReadDataSet none = read_data_set(coco_panoptic(), scratch.path());
  CHECK(none.rules() == Rules{{"unknown-image", 1}});
  CHECK_FALSE(none.items.at(0).annotated);
}

TEST_CASE("a PNG that is gone, broken, a JPEG or of another size leaves its image out") {
  const Scratch scratch;
  put_golden(scratch);
  const Path png = scratch / "annotations/panoptic_val2017/000000142238.png";
  const auto rules = [&] {
    const ReadDataSet read = read_data_set(coco_panoptic(), scratch.path());
    CHECK(read.items.empty());
    return read.rules();
  };
  rewrite(png, golden_png().substr(0, 60));
  CHECK(rules() == Rules{{"unreadable-mask", 1}});
  rewrite(png, jpeg_picture(kSize));
  CHECK(rules() == Rules{{"unreadable-mask", 1}});
  rewrite(png, panoptic_png({4, 6}, {0}));
  CHECK(rules() == Rules{{"size-differs", 1}});
  rewrite(png, png_mask({300, 2}, kSize));
  CHECK(rules() == Rules{{"unreadable-mask", 1}});
  fs::remove(png);
  CHECK(rules() == Rules{{"unreadable-mask", 1}});
}

TEST_CASE("a name that leads out of the folder of PNGs is not followed") {
  const Scratch scratch;
  std::string json = golden_json(kSegments);
  json.replace(json.find("\"000000142238.png\""), 18, "\"../../secret.png\"");
  scratch.write("annotations/panoptic_val2017.json", json);
  scratch.write("annotations/panoptic_val2017/x.png", golden_png());
  scratch.write("secret.png", golden_png());
  const ReadDataSet read = read_data_set(coco_panoptic(), scratch.path());
  CHECK(read.rules() == Rules{{"unsafe-file-name", 1}});
  CHECK(read.items.empty());
}

TEST_CASE("gray, palette and RGBA PNGs say the same colours") {
  const Scratch scratch;
  const std::string segments = R"({"id": 65793, "category_id": 1})";  // 1 + 256 + 65536
  put_golden(scratch, segments);
  const Path png = scratch / "annotations/panoptic_val2017/000000142238.png";
  cv::Mat gray(4, 6, CV_8UC1, cv::Scalar(1)), rgba(4, 6, CV_8UC4, cv::Scalar(1, 1, 1, 0));
  for (const std::string& bytes : {encode_png(gray), encode_png(rgba), panoptic_png(kSize, {65793}),
                                   encode_index_png(gray, {{9, 9, 9}, {1, 1, 1}})}) {
    rewrite(png, bytes);
    const ReadDataSet read = read_data_set(coco_panoptic(), scratch.path());
    CHECK(read.findings.empty());
    REQUIRE(read.items.at(0).annotations.size() == 1);
    CHECK(area(std::get<Rle>(read.items[0].annotations[0].shape)) == 24);
  }
}

TEST_CASE("ids of 24 bits stay apart, and unknown ones of any number are counted") {
  cv::Mat all(1000, 1000, CV_8UC3);
  std::uint32_t next = 1;
  for (int y = 0; y < all.rows; ++y)
    for (int x = 0; x < all.cols; ++x, ++next) {
      const Rgb colour = colour_of_segment(next);
      all.at<cv::Vec3b>(y, x) = {colour.r, colour.g, colour.b};
    }
  const std::vector<std::uint32_t> ids{1000000, 1}, known{17};
  const SegmentPixels pixels = segments_of(all, ids, known);
  CHECK(pixels.segments[0] == rectangle({1000, 1000}, 999, 999, 1000, 1000));
  CHECK(pixels.segments[1] == rectangle({1000, 1000}, 0, 0, 1, 1));
  CHECK(pixels.unknown_pixels == 1000000 - 3);
  CHECK(pixels.unknown.size() == 1000);
  CHECK(area(pixels.rest) == 1000000 - 2);
}

TEST_CASE("two segments of one stuff label in an image are said, and stay") {
  const Scratch scratch;
  std::string segments = kSegments;
  segments.replace(segments.find("193"), 3, "184");
  put_golden(scratch, segments);
  const ReadDataSet read = read_data_set(coco_panoptic(), scratch.path());
  CHECK(read.rules() == Rules{{"stuff-apart", 1}});
  CHECK(read.items.at(0).annotations.size() == 6);
}

TEST_CASE("for its annotations alone, an item is read without its PNG, which is found later") {
  const Scratch scratch;
  put_golden(scratch);
  const auto source = coco_panoptic().open({scratch.path(), {}});
  std::vector<Finding> findings;
  const auto item = source->next()(findings, Look::annotations);
  REQUIRE(item);
  REQUIRE(item->annotations.size() == 6);  // the areas leave something to void
  CHECK(pixels_of(item->annotations[2], kSize) == rectangle(kSize, 4, 2, 6, 3));
  CHECK(pixels_of(item->annotations[5], kSize) == rectangle(kSize, 0, 3, 3, 4));
  CHECK_FALSE(is_label_mask(item->annotations[2]));
}
