// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <opencv2/core.hpp>
#include <set>

#include "base/csv.h"
#include "catch.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "formats/openimages/openimages.h"
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
Flag any_flag() {
  return *element<Flag>(true, false, std::nullopt);
}

std::string text() {
  return *element<std::string>("x", "a b", " a ", "\"q\",'", "two\nlines\r\n", "\x1b\x1f", "\xC3\xA9", "1",
                               "true", "-1");
}

// Pixels with up to four decimals.
double number(int least, int most) {
  return coin() ? *inRange(least, most + 1) : *inRange(least * 10000 + 1, most * 10000) / 10000.0;
}

Box box(Size size) {
  return {number(0, size.width), number(0, size.height), number(1, size.width), number(1, size.height)};
}

Rle pixels(Size size) {
  cv::Mat mask(size.height, size.width, CV_8UC1, cv::Scalar(0));
  for (int i = *inRange(1, 20); i > 0; --i)
    mask.at<std::uint8_t>(*inRange(0, size.height), *inRange(0, size.width)) = 1;
  return rle_from_mask(mask);
}

AttributeValue value() {
  switch (*inRange(0, 5)) {
    case 0:
      return coin();
    case 1:
      return *arbitrary<std::int64_t>();
    case 2:
      return *inRange(-5000, 5000) / 100.0;
    case 3:
      return text();
    default:
      return JsonText{*element<std::string>("null", "[]", R"({"k":[1,2.5,"x"]})")};
  }
}

Annotation annotation(Size size, int labels) {
  Annotation result;
  result.label = *inRange(0, labels);
  const int kind = *inRange(0, 3);
  if (kind == 1) result.shape = coin() ? box(size) : Box{1, 1, 2, 2};  // which several may have
  if (kind == 2) {
    result.shape = pixels(size);
    result.box = coin() ? box(size) : Box{1, 1, 2, 2};
    result.id = *inRange<std::int64_t>(0, 0x100000000);
  }
  result.flags = {any_flag(), any_flag(), any_flag(), std::nullopt};
  if (coin()) result.score = *element(0., 1., .5, .123456789);
  for (const char* name :
       {"Source", "IsDepiction", "XClick1X", "PredictedIoU", "Clicks", "other", "\xC3\xA9,\""})
    if (*inRange(0, 3) == 0) result.attributes.emplace_back(name, value());
  if (coin()) result.attributes.emplace_back("IsInside", coin());
  return result;
}

std::map<std::string, AttributeValue> sorted(const Attributes& attributes) {
  return {attributes.begin(), attributes.end()};
}

/// Rows of image-level labels are in a table of their own: they come last.
std::vector<Annotation> in_order_of_tables(std::vector<Annotation> annotations) {
  std::ranges::stable_partition(annotations, [](const Annotation& one) { return one.shape.index() != 0; });
  return annotations;
}

std::string all_bytes(const Path& folder) {
  std::string bytes;
  for (const Path& file : list_files(folder))
    if (file.filename() != "provenance.json") bytes += relative_name(file, folder) + "\n" + read_file(file);
  return bytes;
}

Metadata metadata_of(int labels) {
  Metadata metadata;
  Json mids = Json::object();
  for (int i = 0; i < labels; ++i) {
    Label label;
    label.name = *element<std::string>("car ", "Hot dog", "\xC3\xA9 \"", "a,b") + std::to_string(i);
    if (i > 0 && coin()) label.supercategory = coin() ? metadata.labels[0].name : "some thing";
    if (*inRange(0, 4) == 0) label.supercategory = label.name;  // as COCO's person is a person
    if (coin()) mids[label.name] = "/m/0" + std::to_string(i);
    metadata.labels.add(label);
  }
  if (!mids.empty()) metadata.attributes.emplace_back("openimages_mids", JsonText{to_line(mids)});
  return metadata;
}

Metadata one_label() {
  Metadata metadata;
  Label label;
  label.name = "Hot dog";
  metadata.labels.add(label);
  return metadata;
}

}  // namespace

TEST_CASE("what is written is read back the same, and written again as the same bytes") {
  const bool holds = rc::check([] {
    const Scratch scratch;
    const int labels = *inRange(1, 4);
    Metadata metadata = metadata_of(labels);
    using Names = std::vector<std::string>;
    metadata.subsets = *element(Names(), Names{"train", "test"}, Names{"my subset", "default"});
    std::vector<Item> items;
    for (const std::string& subset :
         metadata.subsets.empty() ? std::vector<std::string>{""} : metadata.subsets)
      for (int i = *inRange(1, 4); i > 0; --i) {
        Item item;
        item.id =
            *element<std::string>("", "deep & \"deeper\"/", "train/", "0123456789abcdef/", "masks/images/") +
            *element<std::string>("0123456789abcde", "\xC3\xA9, ") + std::to_string(items.size());
        item.file_name = item.id + *element<std::string>(".jpg", ".PNG");
        item.size = Size{*inRange(3, 30), *inRange(3, 30)};
        item.subset = subset;
        const bool is_png = item.file_name.ends_with(".PNG");
        item.image = scratch.write("pictures/" + item.file_name,
                                   is_png ? png_picture(*item.size) : jpeg_picture(*item.size));
        for (int k = *inRange(0, 6); k > 0; --k) item.annotations.push_back(annotation(*item.size, labels));
        std::set<std::int64_t> ids;  // one that another has would be changed
        for (Annotation& one : item.annotations)
          while (one.id && !ids.insert(*one.id).second) one.id = (*one.id + 1) % 0x100000000;
        for (const char* name : {"Author", "Rotation", "OriginalSize", "mine"})
          if (coin()) item.attributes.emplace_back(name, value());
        if (coin())
          item.attributes.emplace_back(
              "absent_labels",
              JsonText{to_line(Json::array({Json{{"label", metadata.labels[0].name}, {"source", "v"}}}))});
        items.push_back(item);
      }
    const Media media = *element(Media::copy, Media::none, Media::reference);
    RC_ASSERT(write_items(openimages(), scratch / "out", metadata, items, media).empty());
    const ReadDataSet read = read_data_set(openimages(), scratch / "out");
    for (const Finding& finding : read.findings) RC_ASSERT(finding.rule == "outside-image");
    RC_ASSERT(read.source->metadata().attributes == metadata.attributes);
    RC_ASSERT(read.labels() == metadata.labels);
    std::vector<Item> expected = items;
    std::ranges::sort(expected, {}, &Item::id);
    RC_ASSERT(read.items.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Item &a = read.items[i], &b = expected[i];
      RC_ASSERT(a.id == b.id);
      RC_ASSERT(a.subset == b.subset);
      RC_ASSERT(a.size == b.size);
      RC_ASSERT(a.file_name == b.file_name);
      RC_ASSERT(sorted(a.attributes) == sorted(b.attributes));
      if (media == Media::reference) RC_ASSERT(a.image == b.image);
      const std::vector<Annotation> annotations = in_order_of_tables(b.annotations);
      RC_ASSERT(a.annotations.size() == annotations.size());
      for (std::size_t k = 0; k < annotations.size(); ++k) {
        Annotation ours = a.annotations[k];
        const Annotation& theirs = annotations[k];
        if (const auto* mask = std::get_if<MaskRef>(&ours.shape)) ours.shape = read_mask_shape(*mask, a.size);
        RC_ASSERT(sorted(ours.attributes) == sorted(theirs.attributes));
        ours.attributes = theirs.attributes;
        RC_ASSERT(ours.shape == theirs.shape);
        RC_ASSERT(ours.box == theirs.box);
        RC_ASSERT(ours.flags == theirs.flags);
        RC_ASSERT(ours.score == theirs.score);
        RC_ASSERT(ours == theirs);
      }
    }
    write_items(openimages(), scratch / "again", read.source->metadata(), read.items, media);
    write_items(openimages(), scratch / "third", read.source->metadata(),
                read_data_set(openimages(), scratch / "again").items, media);
    RC_ASSERT(all_bytes(scratch / "again") == all_bytes(scratch / "third"));
  });
  CHECK(holds);
}

TEST_CASE("the official rows come back with the digits they had") {
  const Scratch scratch;
  write_official(scratch, "oid");
  const auto source = openimages().open({scratch / "oid"});
  CreateRequest request;
  request.target = scratch / "out";
  write_data_set(openimages(), *source, request);
  const std::string boxes = read_file(scratch / "out/annotations/train-annotations-bbox.csv");
  CHECK(
      boxes ==
      clicked_box_header() +
          "677c122b0eaa5d16,xclick,/m/04yx4,1,0.125,0.5,0.3333334,0.833333,0,1,0,-1,0,0.25,0.125,0.375,0.5,0.333333,"
          "0.5,0.833333,0.75\n"
          "677c122b0eaa5d16,activemil,/m/01g317,1,0.25,0.75,0.166667,0.5,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1\n"
          "677c122b0eaa5d16,,/m/09j2d,1,0.5,1,0,0.5,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1\n"
          "96e7ee70b428a54e,,/m/04yx4,1,0,0.25,0,0.5,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1\n"
          "b37f763ae67d0888,xclick,/m/01g317,1,0,1,0,1,1,0,1,1,0,-1,-1,-1,-1,-1,-1,-1,-1\n");
  const std::string masks = read_file(scratch / "out/annotations/train-annotations-object-segmentation.csv");
  CHECK(masks.find(
            "677c122b0eaa5d16_m04yx4_9a041d52.png,677c122b0eaa5d16,/m/04yx4,9a041d52,0.125,0.5,0.3333334,"
            "0.833333,0.86864,0.95498 0.65197 1;0.89370 0.56579 1\n") != std::string::npos);
  CHECK(read_file(scratch / "out/masks/train/677c122b0eaa5d16_m04yx4_9a041d52.png") ==
        read_file(scratch / "oid/train-masks-6/677c122b0eaa5d16_m04yx4_9a041d52.png"));
  const ReadDataSet before = read_data_set(openimages(), scratch / "oid"),
                    after = read_data_set(openimages(), scratch / "out");
  CHECK(after.source->metadata() == before.source->metadata());
  REQUIRE(after.items.size() == before.items.size());
  for (std::size_t i = 0; i < before.items.size(); ++i) {
    CHECK(after.items[i].attributes == before.items[i].attributes);
    REQUIRE(after.items[i].annotations.size() == before.items[i].annotations.size());
    for (std::size_t k = 0; k < before.items[i].annotations.size(); ++k) {
      Annotation ours = after.items[i].annotations[k];
      const Annotation& theirs = before.items[i].annotations[k];
      if (std::holds_alternative<MaskRef>(ours.shape)) ours.shape = theirs.shape;  // another folder's
      CHECK(ours == theirs);
    }
  }
}

TEST_CASE("boxes without pixels come back as they were") {
  const Scratch scratch;
  scratch.write("c/train-annotations-bbox.csv",
                kBoxHeader + "a,xclick,/m/04yx4,1,0.1,0.2,0.3,0.4,0,1,-1,0,0\n");
  const ReadDataSet before = read_data_set(openimages(), scratch / "c");
  write_items(openimages(), scratch / "out", before.source->metadata(), before.items, Media::none);
  const ReadDataSet after = read_data_set(openimages(), scratch / "out");
  CHECK(after.items.at(0).annotations == before.items.at(0).annotations);
}

TEST_CASE("new numbers of boxes are the same in every run, and none is taken twice") {
  const Scratch scratch;
  const Metadata metadata = one_label();
  Item item;
  item.id = "a";
  item.file_name = "a.jpg";
  item.size = Size{4, 4};
  for (int i = 0; i < 20; ++i) {
    Annotation one;
    one.label = 0;
    one.shape = Rle{{4, 4}, {static_cast<std::uint32_t>(i % 16), 1, static_cast<std::uint32_t>(15 - i % 16)}};
    if (i % 5 == 0) one.id = 7;
    if (i % 5 == 1) one.id = -1;
    item.annotations.push_back(one);
  }
  for (const char* name : {"one", "two"})
    write_items(openimages(), scratch / name, metadata, {item}, Media::none);
  CHECK(all_bytes(scratch / "one") == all_bytes(scratch / "two"));
  const ReadDataSet read = read_data_set(openimages(), scratch / "one");
  std::set<std::int64_t> ids;
  for (const Annotation& one : read.items.at(0).annotations) ids.insert(one.id.value());
  CHECK(ids.size() == 20);
  CHECK(ids.contains(7));
}

TEST_CASE("what has no pixels, or no size, is left out and said") {
  const Scratch scratch;
  const Metadata metadata = one_label();
  Item item;
  item.id = "a";
  item.file_name = "a.jpg";
  item.annotations.resize(2);
  item.annotations[0].label = item.annotations[1].label = 0;
  item.annotations[0].shape = Box{0, 0, 1, 1};
  item.annotations[1].shape = Rle{{4, 4}, {16}};
  const std::vector<Finding> without_size =
      write_items(openimages(), scratch / "one", metadata, {item}, Media::none);
  CHECK(without_size.size() == 2);
  item.size = Size{4, 4};
  const std::vector<Finding> found =
      write_items(openimages(), scratch / "two", metadata, {item}, Media::none);
  REQUIRE(found.size() == 1);
  CHECK(found[0].rule == "empty-object");
  item.id = "../a";
  CHECK(thrown_by([&] {
          write_items(openimages(), scratch / "three", metadata, {item}, Media::none);
        }).code() == Code::bad_value);
}
