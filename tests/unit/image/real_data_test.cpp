// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {

TEST_CASE("the pets' traps are named, and read where they can be") {
  const Path data = real_data();
  if (data.empty()) {
    WARN("skipped: the real data are not beside the checkout");
    return;
  }
  const Path images = data / "oxford_pets_sample" / "images";
  const ImageInfo gif = probe_image(images / "Abyssinian_34.jpg");
  CHECK(gif.kind == FileKind::gif);
  CHECK(gif.stored == Size{250, 202});
  const Error error = thrown_by([&] { read_image(images / "Abyssinian_34.jpg"); });
  CHECK(error.code() == Code::unsupported);
  CHECK(error.place().file == (images / "Abyssinian_34.jpg").string());
  CHECK_THAT(error.message(), contains("the content is GIF"));

  const ImageInfo png = probe_image(images / "Abyssinian_5.jpg");
  CHECK(png.kind == FileKind::png);
  CHECK(png.channels == 4);
  CHECK(read_image(images / "Abyssinian_5.jpg").size() == cv::Size(200, 150));
  CHECK(thrown_by([&] { probe_image(images / "Abyssinian_100.mat"); }).code() == Code::bad_format);
}

TEST_CASE("a trimap's values are 1, 2 and 3, and its size is its image's") {
  const Path data = real_data();
  if (data.empty()) {
    WARN("skipped: the real data are not beside the checkout");
    return;
  }
  const Path pets = data / "oxford_pets_sample";
  int seen = 0;
  for (const Path& path : list_files(pets / "trimaps")) {
    if (++seen % 20 != 0) continue;
    const cv::Mat mask = read_raw(path).pixels;
    double low = 0, high = 0;
    cv::minMaxLoc(mask, &low, &high);
    INFO(path);
    CHECK(low == 1);
    CHECK(high == 3);
    const Path image = (pets / "images" / path.stem()).string() + ".jpg";
    if (fs::exists(image)) CHECK(probe_image(image).size() == Size{mask.cols, mask.rows});
  }
  CHECK(seen == 600);
}

TEST_CASE("a VOC mask is its class indices and VOC's palette") {
  const Path data = real_data();
  if (data.empty()) {
    WARN("skipped: the real data are not beside the checkout");
    return;
  }
  int seen = 0;
  for (const Path& path : list_files(data / "formats" / "voc")) {
    if (path.parent_path().filename() != "SegmentationClass") continue;
    const RawImage mask = read_raw(path);
    INFO(path);
    REQUIRE(mask.pixels.type() == CV_8UC1);
    CHECK(mask.palette == voc_palette(256));
    CHECK(cv::countNonZero((mask.pixels > 20) & (mask.pixels < 255)) == 0);
    ++seen;
  }
  CHECK(seen > 0);
}

}  // namespace maskmill::tests
