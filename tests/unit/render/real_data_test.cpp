// SPDX-License-Identifier: Apache-2.0
#include "dataset/masks.h"
#include "pictures.h"
#include "render/overlay.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE("a CamVid frame is drawn with every label's colour, and its void is no label") {
  if (real_data().empty()) {
    WARN("skipped: ../shared/data is not there");
    return;
  }
  const Path folder = real_data() / "camvid_sample";
  auto coding = std::make_shared<MaskCoding>();
  std::vector<Label> list;
  for (int i = 0; i < 12; ++i) {
    list.push_back(label("label " + std::to_string(i), i + 1, {}));
    coding->values.emplace_back(i, i);
  }
  list[11].role = Role::ignore;
  const LabelMap labels(list);
  for (const Path& file : list_files(folder / "val")) {
    if (file.filename().string() > "0016E5_08000") break;  // a few of them
    Item item;
    item.image = file;
    item.semantic = MaskRef{folder / "valannot" / file.filename(), coding, {}, false};
    const cv::Mat rgb = read_image(file), mask = read_semantic(*item.semantic).labels;
    const cv::Mat drawn = overlay(rgb, item, labels, {.opacity = 1});
    const cv::Mat colours = colourised(mask, labels);
    std::size_t wrong = 0;
    for (int y = 0; y < rgb.rows; ++y)
      for (int x = 0; x < rgb.cols; ++x)
        wrong +=
            mask.at<std::uint16_t>(y, x) != 11 && drawn.at<cv::Vec3b>(y, x) != colours.at<cv::Vec3b>(y, x);
    CHECK(wrong == 0);
  }
}
