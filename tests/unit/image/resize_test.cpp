// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <opencv2/core.hpp>
#include <utility>
#include <vector>

#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {

TEST_CASE("a mask's new pixels are the stored ones under their middles, however large it is") {
  const std::vector<std::pair<Size, Size>> sizes{
      {{6, 4}, {9, 7}}, {{5, 3}, {5, 3}}, {{40000, 2}, {1000, 3}}, {{3, 1000}, {2, 40000}}, {{4, 4}, {0, 4}}};
  Random random({12});
  for (const auto& [from, to] : sizes)
    for (const int type : {CV_8UC1, CV_16UC1}) {
      INFO(to_string(from) << " to " << to_string(to));
      const cv::Mat stored = noise(random, from, type), resized = resize_nearest(stored, to);
      REQUIRE(resized.size() == cv::Size(to.width, to.height));
      REQUIRE(resized.type() == type);
      const std::size_t bytes = stored.elemSize();
      int wrong = 0;
      for (int y = 0; y < to.height; ++y)
        for (int x = 0; x < to.width; ++x) {
          const auto column = static_cast<int>((x + 0.5) * from.width / to.width);
          const auto row = static_cast<int>((y + 0.5) * from.height / to.height);
          wrong += !std::equal(resized.ptr(y, x), resized.ptr(y, x) + bytes, stored.ptr(row, column));
        }
      CHECK(wrong == 0);
    }
}

TEST_CASE("what is no mask of one channel is not resized as one") {
  const cv::Mat colours(2, 2, CV_8UC3, cv::Scalar(0));
  CHECK(thrown_by([&] { resize_nearest(colours, {1, 1}); }).code() == Code::bug);
  CHECK(thrown_by([] { resize_nearest(cv::Mat(0, 0, CV_8UC1), {1, 1}); }).code() == Code::bug);
}

}  // namespace maskmill::tests
