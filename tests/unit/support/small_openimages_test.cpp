// SPDX-License-Identifier: Apache-2.0
#include "support/small_openimages.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <set>

#include "base/byte_source.h"
#include "base/zip.h"
#include "catch.h"
#include "formats/openimages/openimages.h"
#include "image/image.h"
#include "support/data_sets.h"
#include "support/made_archive.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

const Path kTables = "storage.googleapis.com/openimages";

bool are_same(const Path& a, const Path& b) {
  const auto left = entries_of(a), right = entries_of(b);
  return std::ranges::equal(left, right, [](const ArchiveEntry& one, const ArchiveEntry& other) {
    return one.name == other.name && one.content == other.content;
  });
}

}  // namespace

TEST_CASE("a small Open Images is the same for the same seed, and another for another") {
  const Scratch scratch;
  write_small_openimages(scratch / "a");
  write_small_openimages(scratch / "b");
  write_small_openimages(scratch / "c", {.seed = 2});
  CHECK(are_same(scratch / "a", scratch / "b"));
  CHECK_FALSE(are_same(scratch / "a", scratch / "c"));
}

TEST_CASE("masks lie in the zip file of their image's first digit, but for those that are absent") {
  const Scratch scratch;
  const auto images = write_small_openimages(scratch.path(), {.train = 40});
  std::size_t absent = 0, other_size = 0;
  for (const char* subset : {"train", "validation", "test"})
    for (const char digit : std::string("0123456789abcdef")) {
      const std::string folder = std::string(subset) + "-masks";
      ByteSource file(scratch / (kTables / "v5" / folder / (folder + "-" + digit + ".zip")));
      const ZipReader zip(file);
      std::set<std::string> members;
      for (const OpenImagesImage& image : images)
        for (const OpenImagesObject& object : image.objects) {
          if (image.subset != subset || image.id.front() != digit || object.mask_path.empty()) continue;
          const ZipReader::Entry* entry = zip.find(object.mask_path);
          CHECK((entry == nullptr) == object.mask_is_absent);
          if (!entry) {
            ++absent;
            continue;
          }
          members.insert(object.mask_path);
          std::string inflated;
          const cv::Mat mask = decode_raw(zip.content(*entry, inflated)).pixels;
          other_size += Size{mask.cols, mask.rows} != image.size ? 1 : 0;
          for (int y = 0; y < mask.rows; ++y)
            for (int x = 0; x < mask.cols; ++x) {
              const double across = (x + 0.5) / mask.cols, down = (y + 0.5) / mask.rows;
              const Box& box = object.box;
              if (mask.at<std::uint8_t>(y, x) == 0) continue;
              CHECK((across > box.x - 1e-5 && across < box.x + box.width + 1e-5));
              CHECK((down > box.y - 1e-5 && down < box.y + box.height + 1e-5));
            }
        }
      CHECK(zip.entries().size() == members.size());
    }
  CHECK(absent >= 3);
  CHECK(other_size > 20);
}

TEST_CASE("what a small Open Images says is what its reader reads") {
  const Scratch scratch;
  const auto images = write_small_openimages(scratch / "host", {.traps = false});
  const Path tables = scratch / "host" / kTables;
  fs::create_directories(scratch / "d/train");
  for (const char* name :
       {"v6/oidv6-train-annotations-bbox.csv", "v5/train-annotations-object-segmentation.csv",
        "2018_04/train/train-images-boxable-with-rotation.csv", "v7/oidv7-class-descriptions-boxable.csv",
        "2018_04/bbox_labels_600_hierarchy.json"})
    fs::copy_file(tables / name, scratch / "d" / Path(name).filename());
  std::map<std::string, const OpenImagesImage*> train;
  for (const OpenImagesImage& image : images) {
    if (image.subset != "train") continue;
    train[image.id] = &image;
    const std::string file = "train/" + image.id + ".jpg";
    fs::copy_file(scratch / "host/open-images-dataset.s3.amazonaws.com" / file, scratch / "d" / file);
    CHECK(read_file(scratch / "host/s3.amazonaws.com/open-images-dataset" / file) ==
          read_file(scratch / "d" / file));
  }
  for (const char digit : std::string("0123456789abcdef")) {
    ByteSource file(tables / "v5/train-masks" / (std::string("train-masks-") + digit + ".zip"));
    const ZipReader zip(file);
    std::string inflated;
    for (const ZipReader::Entry& entry : zip.entries())
      scratch.write("d/masks/" + entry.name, zip.content(entry, inflated));
  }
  const ReadDataSet read = read_data_set(openimages(), scratch / "d");
  CHECK(read.rules().empty());
  REQUIRE(read.items.size() == train.size());
  for (const Item& item : read.items) {
    const OpenImagesImage& image = *train.at(Path(item.id).filename().string());
    CHECK(item.size == image.size);
    std::multiset<std::string> expected, found;
    for (const OpenImagesObject& object : image.objects)
      expected.insert(std::ranges::find(small_openimages_classes(), object.mid, &OpenImagesClass::mid)->name);
    for (const Annotation& annotation : item.annotations) found.insert(read.labels()[*annotation.label].name);
    CHECK(found == expected);
  }
}
