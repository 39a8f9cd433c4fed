// SPDX-License-Identifier: Apache-2.0
#include "formats/rmldnn/rmldnn.h"

#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

void put_rmldnn(const Scratch& scratch, const std::string& part, const std::string& name,
                const std::vector<int>& values = {0, 1, 2}) {
  scratch.write(part + "/inputs/" + name + ".jpg", jpeg_picture());
  scratch.write(part + "/masks/" + name + ".png", png_mask(values));
}

}  // namespace

TEST_CASE("training and testing are the subsets train and test") {
  const Scratch scratch;
  put_rmldnn(scratch, "training", "b");
  put_rmldnn(scratch, "testing", "a");
  put_rmldnn(scratch, "validation", "c");
  scratch.write("testing/inputs/d.jpg", jpeg_picture());
  CHECK(rmldnn().probe(scratch.path()).confidence >= 80);
  const ReadDataSet data = read_data_set(rmldnn(), scratch.path());
  std::map<std::string, std::string> subsets;
  for (const Item& item : data.items) subsets[item.id] = item.subset;
  CHECK(subsets ==
        std::map<std::string, std::string>{{"a", "test"}, {"b", "train"}, {"c", "val"}, {"d", "test"}});
  CHECK_FALSE(data.items[3].annotated);
  CHECK(data.rules() == std::map<std::string, int>{{"unlabelled-item", 1}});
}

TEST_CASE("written values number the labels from 0, in gray, and the ids come back") {
  const Scratch scratch;
  put_rmldnn(scratch, "training", "a", {1, 2, 3});
  put_rmldnn(scratch, "testing", "b", {1, 3});
  const ReadDataSet data = read_data_set(rmldnn(), scratch.path(), {"background=2"});
  CHECK(data.labels()[0].id == 1);
  data.source->rewind();
  write_data_set(rmldnn(), *data.source, {.target = scratch / "out"});
  const RawImage mask = read_raw(scratch / "out/training/masks/a.png");
  CHECK(mask.palette.empty());
  CHECK(cv::countNonZero(mask.pixels != mask_of({6, 4}, {0, 1, 2})) == 0);
  const ReadDataSet back = read_data_set(rmldnn(), scratch / "out");
  CHECK(back.findings.empty());
  CHECK(back.source->metadata() == data.source->metadata());
  for (std::size_t i = 0; i < back.items.size(); ++i)
    CHECK(cv::countNonZero(semantic_of(back.items[i], back.labels()).labels !=
                           semantic_of(data.items[i], data.labels()).labels) == 0);
}

TEST_CASE("a subset that the layout does not have is refused before anything is written") {
  const Scratch scratch;
  put_rmldnn(scratch, "training", "a");
  const ReadDataSet data = read_data_set(rmldnn(), scratch.path());
  Metadata metadata = data.source->metadata();
  metadata.subsets = {"fold1"};
  const Error error = thrown_by([&] { rmldnn().create({.target = scratch / "out", .metadata = metadata}); });
  CHECK_THAT(error.message(), contains("fold1"));
  CHECK(!fs::exists(scratch / "out"));
}
