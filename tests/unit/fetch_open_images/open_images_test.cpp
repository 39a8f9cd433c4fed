// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/open_images.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <set>

#include "base/byte_source.h"
#include "base/csv.h"
#include "base/text.h"
#include "base/zip.h"
#include "catch.h"
#include "formats/openimages/openimages.h"
#include "support.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::fetch;
using namespace maskmill::tests;

namespace {

using IsWanted = std::function<bool(const OpenImagesObject&)>;

IsWanted of_classes(std::set<std::string> mids) {
  return [mids = std::move(mids)](const OpenImagesObject& object) { return mids.contains(object.mid); };
}

const std::set<std::string> kHotDogsAndCats{"/m/01b9xk", "/m/01yrx"};

/// The files of images and masks that there should be, from the hosts' folder.
Tree expected_files(const ServedOpenImages& served, const IsWanted& is_wanted, bool boxes = true,
                    bool masks = true) {
  Tree tree;
  for (const OpenImagesImage& image : served.images) {
    bool any = false;
    for (const OpenImagesObject& object : image.objects) {
      if (!is_wanted(object)) continue;
      any |= boxes || (masks && !object.mask_path.empty() && !object.mask_is_absent);
      if (!masks || object.mask_path.empty() || object.mask_is_absent) continue;
      ByteSource bytes(served.hosts / "storage.googleapis.com/openimages/v5" / (image.subset + "-masks") /
                       (image.subset + "-masks-" + image.id.front() + ".zip"));
      const ZipReader zip(bytes);
      std::string inflated;
      tree["masks/" + image.subset + "/" + object.mask_path] =
          zip.content(*zip.find(object.mask_path), inflated);
    }
    if (!any || image.is_absent) continue;
    const std::string name = image.subset + "/" + image.id + ".jpg";
    tree["images/" + name] = read_file(served.hosts / "open-images-dataset.s3.amazonaws.com" / name);
  }
  return tree;
}

Tree pictures_of(const Tree& tree) {
  Tree pictures;
  for (const auto& [name, bytes] : tree)
    if (!name.starts_with("annotations/")) pictures[name] = bytes;
  return pictures;
}

/// Rows of a table, by a key of their cells.
std::multiset<std::string> rows_of(const std::string& text) {
  std::multiset<std::string> rows;
  CsvReader reader(text, "table", 1);
  CsvRow row;
  while (reader.next(row)) rows.insert(joined(row.fields, "|"));
  return rows;
}

std::size_t count_rows(const Tree& tree, const std::string& kind) {
  std::size_t rows = 0;
  for (const auto& [name, bytes] : tree)
    if (name.find(kind) != std::string::npos) rows += rows_of(bytes).size() - 1;
  return rows;
}

}  // namespace

TEST_CASE("classes are fetched as a folder in Open Images' layout, with all that there is of them") {
  const ServedOpenImages served;
  const Path work = served.scratch / "work";
  Findings findings;
  const OpenImagesReport report = served.fetch(request_for({"hot dog", "Cat"}), work, findings);
  const Tree tree = tree_of(work);
  CHECK(pictures_of(tree) == expected_files(served, of_classes(kHotDogsAndCats)));

  std::size_t images = 0, absent_images = 0, boxes = 0, masks = 0, absent_masks = 0;
  for (const OpenImagesImage& image : served.images) {
    bool any = false;
    for (const OpenImagesObject& object : image.objects) {
      if (!kHotDogsAndCats.contains(object.mid)) continue;
      any = true;
      ++boxes;
      masks += !object.mask_path.empty();
      absent_masks += object.mask_is_absent;
    }
    images += any;
    absent_images += any && image.is_absent;
  }
  CHECK(report.images == images);
  CHECK(report.boxes == boxes);
  CHECK(report.masks == masks);
  CHECK(report.missing_images == absent_images);
  CHECK(report.missing_masks == absent_masks);
  CHECK(report.classes.size() == 2);
  CHECK(report.classes[0].name == "Hot dog");
  CHECK(report.classes[0].boxes + report.classes[1].boxes == boxes);
  CHECK(count_rows(tree, "annotations-bbox") == boxes);
  CHECK(count_rows(tree, "object-segmentation") == masks);
  CHECK(findings.size() == absent_images + absent_masks);

  // Rows are those of the official tables, under their headers.
  const std::string official =
      read_file(served.hosts / "storage.googleapis.com/openimages/v6/oidv6-train-annotations-bbox.csv");
  const std::string made = tree.at("annotations/oidv6-train-annotations-bbox.csv");
  CHECK(made.substr(0, made.find('\n')) == official.substr(0, official.find('\n')));
  const auto all = rows_of(official), chosen = rows_of(made);
  CHECK(std::ranges::includes(all, chosen));

  const auto source = openimages().open({work});
  CHECK(source->metadata().labels.size() == 2);
  CHECK(source->size() == images - absent_images);
}

TEST_CASE("what is gone is named, and is not the end") {
  const ServedOpenImages served;
  std::vector<std::string> all;
  for (const OpenImagesClass& its : small_openimages_classes()) all.push_back(its.name);
  Findings findings;
  const OpenImagesReport report = served.fetch(request_for(all), served.scratch / "work", findings);
  CHECK(report.missing_images == 1);
  CHECK(report.missing_masks > 0);
  CHECK(findings.by_rule().at("image-missing") == 1);
  CHECK(findings.by_rule().at("mask-missing") == report.missing_masks);
  const auto absent = std::ranges::find(served.images, true, &OpenImagesImage::is_absent);
  findings.for_each([&](const Finding& finding) {
    if (finding.rule == "image-missing") CHECK(finding.place.file == "train/" + absent->id + ".jpg");
  });
}

TEST_CASE("single masks by ranges, whole zip files, kept tables and streamed ones give the same folder") {
  const ServedOpenImages served;
  OpenImagesRequest request = request_for({"Hot dog", "Person"});
  served.fetch(request, served.scratch / "auto");
  const Tree expected = tree_of(served.scratch / "auto");
  CHECK(expected.size() > 20);
  request.mask_files = OpenImagesMaskFiles::members;
  served.fetch(request, served.scratch / "members");
  CHECK(tree_of(served.scratch / "members") == expected);
  request.mask_files = OpenImagesMaskFiles::shards;
  served.fetch(request, served.scratch / "shards");
  CHECK(tree_of(served.scratch / "shards") == expected);
  CHECK_FALSE(fs::exists(served.scratch / "shards/.stages/shards/train-masks-0.zip"));

  const Path meta = served.scratch / "meta";
  request.meta_dir = meta.string();
  served.fetch(request, served.scratch / "kept");
  CHECK(tree_of(served.scratch / "kept") == expected);
  CHECK(fs::exists(meta / "oidv6-train-annotations-bbox.csv"));
  // From then on no table and no zip file is asked for.
  const std::size_t asked = served.requests_for("storage.googleapis.com");
  served.fetch(request, served.scratch / "again");
  CHECK(tree_of(served.scratch / "again") == expected);
  CHECK(served.requests_for("storage.googleapis.com") == asked);
}

TEST_CASE("splits, kinds of annotations and kinds of classes") {
  const ServedOpenImages served;
  OpenImagesRequest request = request_for({"Food"});
  request.with_subclasses = true;
  request.splits = {"validation", "test"};
  served.fetch(request, served.scratch / "food");
  const Tree food = tree_of(served.scratch / "food");
  CHECK(food.count("annotations/oidv6-train-annotations-bbox.csv") == 0);
  CHECK(served.requests_for("train") == 0);
  const std::set<std::string> foods{"/m/01_bhs", "/m/01b9xk",  "/m/01f91_", "/m/01ww8y", "/m/02wbm",
                                    "/m/02y6n",  "/m/052lwg6", "/m/06pcq",  "/m/0cdn1",  "/m/0l515"};
  const auto expected = expected_files(served, of_classes(foods));
  std::size_t compared = 0;
  for (const auto& [name, bytes] : expected)
    if (name.find("/train/") == std::string::npos) {
      INFO(name);
      CHECK(food.at(name) == bytes);
      ++compared;
    }
  CHECK(pictures_of(food).size() == compared);

  request = request_for({"Hot dog", "Cat"});
  request.annotations = {"masks"};
  const OpenImagesReport masks = served.fetch(request, served.scratch / "masks");
  CHECK(pictures_of(tree_of(served.scratch / "masks")) ==
        expected_files(served, of_classes(kHotDogsAndCats), false, true));
  CHECK(masks.boxes == 0);
  CHECK(served.requests_for("oidv6-train-annotations-bbox") == 0);
  request.annotations = {"boxes"};
  served.fetch(request, served.scratch / "boxes");
  CHECK(pictures_of(tree_of(served.scratch / "boxes")) ==
        expected_files(served, of_classes(kHotDogsAndCats), true, false));
}

TEST_CASE("where masks alone are wanted, objects go whose masks are missing") {
  const ServedOpenImages served({.train = 80});
  std::vector<std::string> all;
  for (const OpenImagesClass& its : small_openimages_classes()) all.push_back(its.name);
  OpenImagesRequest request = request_for(all);
  request.annotations = {"masks"};
  const Path work = served.scratch / "work";
  const OpenImagesReport report = served.fetch(request, work);
  CHECK(report.missing_masks > 0);
  const Tree tree = tree_of(work);
  CHECK(pictures_of(tree) == expected_files(
                                 served, [](const auto&) { return true; }, false, true));
  CHECK(count_rows(tree, "object-segmentation") == report.masks - report.missing_masks);
  served.fetch(request, work);
  CHECK(tree_of(work) == tree);
}

TEST_CASE("objects go by the flags of their boxes, and unknown is a value of its own") {
  const ServedOpenImages served({.train = 60});
  for (const std::vector<std::string>& values :
       {std::vector<std::string>{"yes"}, {"no"}, {"unknown"}, {"no", "unknown"}}) {
    OpenImagesRequest request = request_for({"Hot dog", "Cat", "Person"});
    request.group_of = values;
    const std::set<std::string> mids{"/m/01b9xk", "/m/01yrx", "/m/01g317"};
    const auto is_wanted = [&](const OpenImagesObject& object) {
      const char* const name = object.flags[2] == 1 ? "yes" : object.flags[2] == 0 ? "no" : "unknown";
      return mids.contains(object.mid) && std::ranges::find(values, name) != values.end();
    };
    const Path work = served.scratch / joined(values, "-");
    const OpenImagesReport report = served.fetch(request, work);
    std::size_t boxes = 0, masks = 0;
    for (const OpenImagesImage& image : served.images)
      for (const OpenImagesObject& object : image.objects)
        if (is_wanted(object)) {
          ++boxes;
          masks += !object.mask_path.empty();
        }
    CHECK(boxes > 0);
    CHECK(report.boxes == boxes);
    CHECK(report.masks == masks);
    CHECK(pictures_of(tree_of(work)) == expected_files(served, is_wanted));
    // Masks alone: the boxes are read for their flags, and are not kept.
    request.annotations = {"masks"};
    const OpenImagesReport alone = served.fetch(request, served.scratch / (joined(values, "-") + "-masks"));
    CHECK(alone.masks == masks);
    CHECK(alone.boxes == 0);
  }
}

TEST_CASE("as many images a class as are wanted are drawn, by the seed and the ids alone") {
  const ServedOpenImages served({.train = 60, .validation = 20, .test = 20});
  OpenImagesRequest request = request_for({"Hot dog", "Cat"});
  request.size = OpenImagesSize::none;
  const auto drawn = [&](int max, std::int64_t seed, const std::vector<std::string>& classes) {
    request.max = max;
    request.seed = seed;
    request.classes = classes;
    static int number = 0;
    const Path work = served.scratch / ("draw" + std::to_string(number++));
    const OpenImagesReport report = served.fetch(request, work);
    std::set<std::string> images;
    for (const auto& [name, bytes] : tree_of(work)) {
      if (name.find("annotations-bbox") == std::string::npos) continue;
      CsvReader reader(bytes, name, 1);
      CsvRow row;
      reader.next(row);
      while (reader.next(row)) images.insert(row.fields[0]);
    }
    CHECK(report.images == images.size());
    return images;
  };
  const auto four = drawn(4, 1, {"Hot dog"});
  CHECK(four.size() == 4);
  CHECK(drawn(4, 1, {"Hot dog"}) == four);
  CHECK(drawn(4, 2, {"Hot dog"}) != four);
  // More of them are the same and some others.
  CHECK(std::ranges::includes(drawn(6, 1, {"Hot dog"}), four));
  // And with another class the same are drawn of this one.
  CHECK(std::ranges::includes(drawn(4, 1, {"Cat", "Hot dog"}), four));
  const auto all = drawn(0, 1, {"Hot dog"});
  CHECK(drawn(1000, 1, {"Hot dog"}) == all);
  CHECK(all.size() > 6);
}

TEST_CASE("a class without such objects is said, and leaves no tables") {
  const ServedOpenImages served;
  OpenImagesRequest request = request_for({"Food"});
  request.annotations = {"masks"};
  CHECK_THAT(thrown_by([&] { served.fetch(request, served.scratch / "work"); }).message(),
             contains("\"Food\""));
}

TEST_CASE("original images are held to the MD5 of the table, and what is gone or changed is left out") {
  ServedOpenImages served({.train = 30, .validation = 2, .test = 2});
  OpenImagesRequest request = request_for({"Hot dog", "Cat", "Dog"});
  request.splits = {"train"};
  request.size = OpenImagesSize::original;
  // The table's MD5 are those of these texts.
  const std::string table =
      read_file(served.hosts /
                "storage.googleapis.com/openimages/2018_04/train/train-images-boxable-with-rotation.csv");
  CsvReader reader(table, "table", 1);
  CsvRow row;
  reader.next(row);
  Tree expected;
  std::size_t number = 0;
  std::set<std::string> gone, changed;
  while (reader.next(row)) {
    const std::string id = row.fields[0], url = row.fields[2];
    const std::string path = url.substr(std::string("https://").size());
    ++number;
    if (number % 5 == 0) {
      gone.insert(id);
      continue;
    }
    const bool is_changed = number % 5 == 1;
    if (is_changed) changed.insert(id);
    fs::create_directories((served.hosts / path).parent_path());
    served.scratch.write("hosts/" + path, is_changed ? "photo unavailable" : "uploaded " + id);
    expected["images/train/" + id + ".jpg"] = "uploaded " + id;
  }
  Findings findings;
  const OpenImagesReport report = served.fetch(request, served.scratch / "work", findings);
  const Tree tree = tree_of(served.scratch / "work");
  std::size_t there = 0;
  for (const auto& [name, bytes] : tree)
    if (name.starts_with("images/")) {
      CHECK(expected.at(name) == bytes);
      ++there;
    }
  CHECK(there > 0);
  CHECK(there + report.missing_images == report.images);
  CHECK(findings.by_rule().at("image-missing") > 0);
  CHECK(findings.by_rule().at("image-changed") > 0);
  CHECK(tree.count("annotations/train-images-boxable-with-rotation.csv") == 1);

  // Images of another size do not stay.
  request.size = OpenImagesSize::bucket;
  served.fetch(request, served.scratch / "work");
  for (const auto& [name, bytes] : tree_of(served.scratch / "work"))
    if (name.starts_with("images/")) CHECK_FALSE(bytes.starts_with("uploaded"));
}
