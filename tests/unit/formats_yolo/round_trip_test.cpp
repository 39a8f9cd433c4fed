// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cmath>
#include <set>

#include "catch.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using rc::gen::arbitrary;
using rc::gen::element;
using rc::gen::inRange;

bool coin() {
  return *arbitrary<bool>();
}

// Whole pixels, two decimals as CVAT has them, six, or any.
double coordinate(int side) {
  switch (*inRange(0, 4)) {
    case 0:
      return *inRange(0, side + 1);
    case 1:
      return *inRange(0, side * 100 + 1) / 100.0;
    case 2:
      return *inRange<std::int64_t>(0, std::int64_t{side} * 1000000 + 1) / 1e6;
    default:
      return *inRange<std::int64_t>(std::int64_t{1} << 31, std::int64_t{1} << 40) / 1099511627776. * side;
  }
}

// Up to six decimals: a box is four numbers of which two are sums.
double extent(int side) {
  return *inRange<std::int64_t>(0, std::int64_t{side} * 1000000) / 1e6;
}

Annotation annotation(Size size, const LabelMap& labels) {
  Annotation result;
  result.label = *inRange(0, labels.size());
  const auto& skeleton = labels[*result.label].skeleton;
  if (coin()) {
    Ring ring(static_cast<std::size_t>(*inRange(3, 12)));
    for (Point& point : ring) point = {coordinate(size.width), coordinate(size.height)};
    // As many numbers as keypoints with their box take would be those.
    if (skeleton && ring.size() * 2 == 4 + 3 * skeleton->keypoints.size()) ring.push_back(ring.front());
    result.shape = Polygon{{{std::move(ring), {}}}};
    return result;
  }
  const double x = extent(size.width), y = extent(size.height);
  result.shape = Box{x, y, std::max(1e-6, extent(size.width) / 2), std::max(1e-6, extent(size.height) / 2)};
  if (skeleton && coin()) {
    for (std::size_t i = 0; i < skeleton->keypoints.size(); ++i)
      result.keypoints.push_back({{coordinate(size.width), coordinate(size.height)}, *inRange(0, 3)});
    result.keypoints.front().visibility = 2;
  }
  return result;
}

LabelMap labels() {
  std::vector<Label> list;
  const int keypoints = *inRange(0, 4);
  for (int i = *inRange(1, 5); i > 0; --i) {
    Label label;
    label.name =
        *element<std::string>("", "no", "1", " a: b#", "\"q\"'\n", "\xC3\xA9\xF0\x9F\x98\x80", "{}") +
        std::to_string(i);
    if (keypoints > 0) {
      label.skeleton.emplace();
      for (int k = 0; k < keypoints; ++k)
        label.skeleton->keypoints.push_back(*element<std::string>("nose", "true", "a, b", "]"));
    }
    list.push_back(label);
  }
  return LabelMap(list);
}

std::vector<Item> items(const Scratch& scratch, const Metadata& metadata) {
  std::vector<Item> list;
  std::vector<std::string> subsets = metadata.subsets;
  if (subsets.empty() || coin()) subsets.push_back("");
  std::set<std::string> taken;
  int number = 0;
  for (const std::string& subset : subsets)
    for (int i = *inRange(1, 4); i > 0; --i) {
      Item item;
      item.id = *element<std::string>("", "train/", "images/", "a/images/", "\xC3\xA9 b/") + "image " +
                std::to_string(number++);
      item.file_name = item.id + ".png";
      item.subset = subset;
      item.size = Size{*element(1, 7, 641, 6000, 9999, *inRange(1, 9999)), *inRange(1, 30)};
      item.image = scratch.write("in/" + std::to_string(number) + ".png", png_picture(*item.size));
      item.annotated = *inRange(0, 4) > 0;
      for (int k = item.annotated ? *inRange(0, 6) : 0; k > 0; --k)
        item.annotations.push_back(annotation(*item.size, metadata.labels));
      list.push_back(item);
    }
  std::ranges::sort(list, {}, &Item::id);
  return list;
}

/// What is to be said of such a data set, which is drawn without a thought for trainers.
bool is_true_of_it(const Finding& finding) {
  static const std::set<std::string> rules{"mixed-rows", "same-box", "outside-image", "label-file-missing",
                                           "subsets-missing"};
  return rules.contains(finding.rule);
}

}  // namespace

TEST_CASE("what is written is read back the same, and written again as the same bytes") {
  const bool holds = rc::check([] {
    Metadata metadata;
    metadata.labels = labels();
    if (coin())
      metadata.subsets = {"train", "val", *element<std::string>("test", "my subset", "no", "unassigned")};
    if (coin())
      metadata.attributes = {{"licence", std::string("CC BY: 4.0")},
                             {"n", std::int64_t{4}},
                             {"k", JsonText{"[1,{\"a\":null}]"}}};
    const Scratch scratch;
    const std::vector<Item> expected = items(scratch, metadata);
    for (const Finding& finding : write_yolo(scratch / "out", metadata, expected))
      RC_ASSERT(is_true_of_it(finding));
    const ReadDataSet reading = read_yolo(scratch / "out");
    for (const Finding& finding : reading.findings) RC_ASSERT(is_true_of_it(finding));
    const Metadata& read_metadata = reading.source->metadata();
    RC_ASSERT(read_metadata.labels == metadata.labels);
    RC_ASSERT(read_metadata.attributes == metadata.attributes);
    RC_ASSERT(read_metadata.subsets == metadata.subsets);
    RC_ASSERT(reading.items.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Item &read = reading.items[i], &written = expected[i];
      RC_ASSERT(read.id == written.id);
      RC_ASSERT(read.size == written.size);
      RC_ASSERT(read.subset == written.subset);
      RC_ASSERT(read.annotated == written.annotated);
      RC_ASSERT(read_file(read.image) == read_file(written.image));
      RC_ASSERT(read.annotations.size() == written.annotations.size());
      for (std::size_t k = 0; k < written.annotations.size(); ++k) {
        RC_ASSERT(read.annotations[k].shape == written.annotations[k].shape);
        RC_ASSERT(read.annotations[k] == written.annotations[k]);
      }
    }
    write_yolo(scratch / "again", read_metadata, reading.items);
    const std::vector<Path> files = list_files(scratch / "out");
    RC_ASSERT(files.size() == list_files(scratch / "again").size());
    for (const Path& file : files)
      RC_ASSERT(read_file(file) == read_file(scratch / "again" / relative_name(file, scratch / "out")));
  });
  CHECK(holds);
}
