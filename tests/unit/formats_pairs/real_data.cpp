// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/pairs/pairs.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

// The numbers were counted with Pillow and NumPy.
TEST_CASE("CamVid with 32 classes: names by line, masks by the suffix _P") {
  const Path sample = real_data() / "formats/camvid32";
  if (!fs::is_directory(sample)) {
    WARN("skipped: the sample of CamVid with 32 classes is not beside the checkout");
    return;
  }
  const ReadDataSet data = read_data_set(pairs(), sample, {"ignore=Void"});
  CHECK(data.ids() == std::vector<std::string>{"0006R0_f02280", "0006R0_f02310"});
  CHECK(data.rules() == std::map<std::string, int>{{"pair-missing", 3}});
  REQUIRE(data.labels().size() == 32);
  CHECK(data.labels()[17].name == "Road");
  CHECK(data.labels().is_ignored(30));
  std::vector<int> seen;
  const cv::Mat labels = semantic_of(data.items.at(0), data.labels()).labels;
  for (int label = 0; label < 32; ++label)
    if (cv::countNonZero(labels == label) > 0) seen.push_back(label);
  CHECK(seen == std::vector<int>{4, 5, 8, 10, 12, 14, 16, 17, 21, 22, 26, 29, 30});
}
