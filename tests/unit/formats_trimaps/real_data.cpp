// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/trimaps/trimaps.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

// The numbers were counted with Pillow, NumPy and the shell from the sample's files.
TEST_CASE("the sample of Oxford-IIIT Pet gives 598 items, and each of its traps is said") {
  const Path sample = real_data() / "oxford_pets_sample";
  if (!fs::is_directory(sample)) {
    WARN("skipped: the sample of Oxford-IIIT Pet is not beside the checkout");
    return;
  }
  CHECK(trimaps().probe(sample).confidence >= 90);
  const ReadDataSet data = read_data_set(trimaps(), sample);
  REQUIRE(data.items.size() == 598);
  CHECK(data.source->metadata().subsets == std::vector<std::string>{"trainval", "test"});
  CHECK(data.items[0].id == "Abyssinian_100");
  CHECK(data.items[9].id == "Abyssinian_109");
  CHECK(data.items[10].id == "Abyssinian_10");

  std::map<std::string, int> subsets, breeds;
  for (const Item& item : data.items) {
    ++subsets[item.subset];
    ++breeds[std::get<std::string>(*find_attribute(item.attributes, "breed"))];
    REQUIRE(item.semantic);
  }
  CHECK(subsets == std::map<std::string, int>{{"trainval", 300}, {"test", 298}});
  CHECK(breeds.size() == 3);

  // Three .mat files, an AppleDouble file, an RGBA PNG named .jpg, the trimaps a second time, and two pairs
  // that list.txt does not name, one of which is a GIF named .jpg.
  CHECK(data.rules() == std::map<std::string, int>{{"not-an-image", 3},
                                                   {"apple-double", 1},
                                                   {"wrong-extension", 1},
                                                   {"not-listed", 4},
                                                   {"second-trimaps", 1}});
  CHECK(data.finding("apple-double").place.file == (sample / "annotations/._trimaps").string());
  CHECK(data.finding("wrong-extension").place.file == (sample / "images/Abyssinian_5.jpg").string());
  CHECK(data.finding("not-listed").place.file == (sample / "images/Abyssinian_34.jpg").string());
  CHECK_THAT(data.finding("not-listed").message, contains("GIF"));
}

TEST_CASE("the sample of Oxford-IIIT Pet has the pixels that NumPy counts") {
  const Path sample = real_data() / "oxford_pets_sample";
  if (!fs::is_directory(sample)) {
    WARN("skipped: the sample of Oxford-IIIT Pet is not beside the checkout");
    return;
  }
  const auto source = trimaps().open({sample, {}});
  std::map<int, std::int64_t> pixels;
  Findings findings;
  for_each_item(*source, findings, [&](Item&& item) {
    const SemanticMask mask = semantic_of(item, source->metadata().labels);
    CHECK(mask.unknown_values.empty());
    for (int label = 0; label < 3; ++label) pixels[label + 1] += cv::countNonZero(mask.labels == label);
  });
  CHECK(pixels == std::map<int, std::int64_t>{{1, 29621734}, {2, 68159360}, {3, 13366118}});
}
