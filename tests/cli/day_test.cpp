// SPDX-License-Identifier: Apache-2.0
// One person's day with one class of Open Images: into CVAT, corrected there, looked at, and on to two
// trainers.
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "base/json.h"
#include "image/image.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr int kImages = 3;

std::string image_id(int number) {
  return fmt::format("{:016x}", 0xbadcafe + number);
}

// Two objects an image; masks have half its size, as those of Open Images mostly have another, and the first
// object has a hole.
void make_open_images(const Scratch& scratch) {
  std::string rows = "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n";
  for (int i = 0; i < kImages; ++i) {
    const cv::Mat picture(60, 80, CV_8UC3, cv::Scalar(40, 60, 50 + 50 * i));
    scratch.write("oid/images/" + image_id(i) + ".png", encode_png(picture));
    for (int object = 0; object < 2; ++object) {
      const cv::Rect box(3 + 18 * object, 5 + 2 * i, 10, 7);
      cv::Mat mask = cv::Mat::zeros(30, 40, CV_8UC1);
      mask(box).setTo(255);
      if (object == 0) mask(cv::Rect(6, 7 + 2 * i, 3, 1)).setTo(0);
      const std::string name = fmt::format("{}_m01b9xk_{}.png", image_id(i), object);
      scratch.write("oid/masks/" + name, encode_index_png(mask));
      rows += fmt::format("{},{},/m/01b9xk,{},{:.6f},{:.6f},{:.6f},{:.6f},0.81234,\n", name, image_id(i),
                          object, box.x / 40.0, box.br().x / 40.0, box.y / 30.0, box.br().y / 30.0);
    }
  }
  scratch.write("oid/train-annotations-object-segmentation.csv", rows);
  scratch.write("oid/class-descriptions-boxable.csv", "/m/01b9xk,Hot dog\n");
}

// What a person does with the XML: deletes the first image's first mask, and draws a square of 15x15 into the
// last image.
void edit(const Path& file) {
  std::string xml = read_file(file);
  const std::size_t from = xml.find("<mask "), to = xml.find("</mask>");
  REQUIRE(from < to);
  xml.erase(from, to + std::string("</mask>").size() - from);
  const std::size_t end = xml.rfind("</image>");
  REQUIRE(end != std::string::npos);
  xml.insert(end, R"(<polygon label="Hot dog" source="manual" occluded="0" z_order="0")"
                  R"( points="60.00,40.00;75.00,40.00;75.00,55.00;60.00,55.00"></polygon>)");
  fs::ofstream(file, std::ios::binary) << xml;
}

void convert_to(const Path& from, const Path& to, const char* format) {
  const Ran ran = tests::maskmill({"convert", from.string(), "-o", to.string(), "--to", format});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
}

Json difference(const Path& a, const Path& b) {
  const Ran ran = tests::maskmill({"diff", a.string(), b.string(), "--json"});
  INFO(ran.err);
  REQUIRE(ran.status == 1);
  return Json::parse(ran.out);
}

}  // namespace

TEST_CASE("one person's day: Open Images, CVAT, edits, diff, COCO, YOLO") {
  const Scratch scratch;
  make_open_images(scratch);
  convert_to(scratch / "oid", scratch / "cvat", "cvat");
  CHECK(difference(scratch / "oid", scratch / "cvat")["pixels_different"] == 0);

  edit(scratch / "cvat/annotations.xml");
  const Json edits = difference(scratch / "oid", scratch / "cvat");
  CHECK(edits["pixels_different"] == 20 * 14 - 6 * 2 + 15 * 15);
  CHECK(edits["differences"]["pixels"]["count"] == 2);
  CHECK(edits["differences"]["annotation"]["count"] == 2);
  const std::string examples = edits["differences"]["annotation"]["examples"].dump();
  CHECK_THAT(examples, Catch::Matchers::Contains(image_id(0) + ": annotation 1") &&
                           Catch::Matchers::Contains("only in A"));
  CHECK_THAT(examples, Catch::Matchers::Contains(image_id(2) + ": annotation 3 (polygon") &&
                           Catch::Matchers::Contains("only in B"));

  convert_to(scratch / "cvat", scratch / "coco", "coco");
  CHECK(difference(scratch / "cvat", scratch / "coco")["pixels_different"] == 0);

  convert_to(scratch / "coco", scratch / "yolo", "yolo");
  const Ran info = tests::maskmill({"info", (scratch / "yolo").string(), "--json", "--quiet"});
  REQUIRE(info.status == 0);
  const Json yolo = Json::parse(info.out);
  CHECK(yolo["format"] == "yolo");
  CHECK(yolo["items"] == kImages);
  CHECK(yolo["annotations"] == 2 * kImages);
  // What is not in a polygon of one ring: the holes of two objects, of 12 pixels each.
  CHECK(difference(scratch / "coco", scratch / "yolo")["pixels_different"] == 2 * 12);
}
