// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/pairs/pairs.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// Pixels by subset and label.
std::map<std::string, std::vector<std::int64_t>> pixels_of(Source& source) {
  const LabelMap& labels = source.metadata().labels;
  std::map<std::string, std::vector<std::int64_t>> pixels;
  Findings findings;
  source.rewind();
  for_each_item(source, findings, [&](Item&& item) {
    const SemanticMask mask = semantic_of(item, labels);
    std::vector<std::int64_t>& counts = pixels[item.subset];
    counts.resize(static_cast<std::size_t>(labels.size()));
    for (int label = 0; label < labels.size(); ++label)
      counts[static_cast<std::size_t>(label)] += cv::countNonZero(mask.labels == label);
  });
  return pixels;
}

}  // namespace

// The numbers were counted with Pillow and NumPy.
TEST_CASE("CamVid as train and trainannot: every frame, every pixel, there and back") {
  const Path sample = real_data() / "camvid_sample";
  if (!fs::is_directory(sample)) {
    WARN("skipped: the sample of CamVid is not beside the checkout");
    return;
  }
  CHECK(pairs().probe(sample).confidence >= 60);
  const ReadDataSet data = read_data_set(pairs(), sample, {"ignore=11"});
  CHECK(data.findings.empty());
  std::map<std::string, int> subsets;
  for (const Item& item : data.items) ++subsets[item.subset];
  CHECK(subsets == std::map<std::string, int>{{"train", 123}, {"val", 51}});
  REQUIRE(data.labels().size() == 12);
  CHECK(data.labels().is_ignored(11));
  CHECK(!data.labels().background());

  const auto pixels = pixels_of(*data.source);
  CHECK(pixels.at("train") == std::vector<std::int64_t>{3595077, 4994893, 212933, 6718735, 949677, 2036169,
                                                        246424, 238186, 1239547, 145683, 55861, 821215});
  CHECK(pixels.at("val") == std::vector<std::int64_t>{807432, 2281516, 48949, 2548202, 773901, 1441472, 77767,
                                                      272211, 154358, 56663, 194717, 155612});

  const Scratch scratch;
  data.source->rewind();
  write_data_set(pairs(), *data.source, {.target = scratch / "out", .media = Media::link});
  const auto back = pairs().open({scratch / "out", {}});
  CHECK(back->metadata() == data.source->metadata());
  CHECK(pixels_of(*back) == pixels);
}

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
