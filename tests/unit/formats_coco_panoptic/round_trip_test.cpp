// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
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

std::string text() {
  return *element<std::string>("", "x", "a b", "\"q\"\\/\n\t\x01", "\xC3\xA9\xF0\x9F\x98\x80", "null");
}

AttributeValue attribute() {
  switch (*inRange(0, 4)) {
    case 0:
      return coin();
    case 1:
      return *arbitrary<std::int64_t>();
    case 2:
      return text();
    default:
      return JsonText{*element<std::string>("null", "[]", "{\"k\":[1,2.5,\"x\"]}")};
  }
}

Attributes attributes() {
  Attributes list;
  for (const char* name : {"b", "isthing", "a key", "attributes", "segmentation"})
    if (*inRange(0, 4) == 0) list.emplace_back(name, attribute());
  return list;
}

Flag flag() {
  return coin() ? Flag(coin()) : Flag();
}

LabelMap labels() {
  std::vector<Label> list;
  const int count = *inRange(1, 6), background = *inRange(0, 12), ignored = *inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    Label label;
    label.name = "label " + text() + std::to_string(i);
    label.id = 100 * i + *inRange(0, 50);
    label.kind = *element(LabelKind::unknown, LabelKind::thing, LabelKind::stuff);
    if (coin()) label.colour = Rgb{*arbitrary<std::uint8_t>(), 0, 255};
    label.supercategory = text();
    if (i == background) label.role = Role::background;
    list.push_back(label);
  }
  Label nothing;
  nothing.name = "nobody's " + text();
  if (coin()) nothing.id = 99;
  if (coin()) nothing.colour = Rgb{1, 2, 3};
  nothing.role = Role::ignore;
  list.insert(list.begin() + std::min(ignored, count), nothing);
  return LabelMap(list);
}

// Pixels are drawn first, so that annotations cover each once: what overlaps cannot come back.
Item item(std::int64_t number, const std::string& subset, const LabelMap& labels) {
  Item item;
  item.source_id = number;
  item.id = *element<std::string>("", "deep/") + "image " + std::to_string(number);
  item.file_name = item.id + ".jpg";
  item.subset = subset;
  const Size size{*inRange(1, 12), *inRange(1, 12)};
  item.size = size;
  item.attributes = attributes();
  item.annotated = *inRange(0, 6) > 0;
  if (!item.annotated) return item;
  const int parts = *inRange(1, 7);
  cv::Mat drawn(size.height, size.width, CV_8UC1);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x)
      drawn.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(*inRange(0, parts));
  std::set<int> stuff;
  std::set<std::int64_t> ids;
  cv::Mat left = drawn.clone();
  int ignored = 0;
  while (!labels.is_ignored(ignored)) ++ignored;
  for (int part = 1; part < parts; ++part) {
    const int label = *inRange(0, labels.size());
    if (labels[label].role != Role::object ||
        (labels[label].kind == LabelKind::stuff && !stuff.insert(label).second))
      continue;
    const Rle pixels = rle_from_value(drawn, part);
    if (area(pixels) == 0) continue;
    left.setTo(cv::Scalar(255), drawn == part);
    std::int64_t id = *inRange<std::int64_t>(1, kMaxSegmentId + 1);
    while (!ids.insert(id).second) ++id;
    Annotation annotation = segment(label, pixels, id);
    annotation.flags = {labels[label].kind != LabelKind::stuff && coin(), flag(), flag(), flag()};
    annotation.area = static_cast<double>(area(pixels));
    annotation.box = bounding_box(pixels);
    if (coin()) annotation.score = *inRange(0, 1001) / 1000.0;
    if (coin()) annotation.group = *arbitrary<std::int64_t>();
    if (coin()) annotation.z_order = *arbitrary<int>();
    annotation.attributes = attributes();
    item.annotations.push_back(annotation);
  }
  // Crowds come first, then the stacking order says.
  std::stable_sort(item.annotations.begin(), item.annotations.end(),
                   [](const Annotation& a, const Annotation& b) {
                     return std::pair(a.flags.crowd != true, a.z_order.value_or(0)) <
                            std::pair(b.flags.crowd != true, b.z_order.value_or(0));
                   });
  // The rest is void, but for what is left to the background.
  const Rle rest = labels.background() ? rle_from_value(left, 0) : rle_from_mask(left != 255);
  if (area(rest) > 0) {
    Annotation nothing;
    nothing.label = ignored;
    nothing.flags.crowd = true;
    nothing.shape = rest;
    item.annotations.push_back(nothing);
  }
  return item;
}

}  // namespace

TEST_CASE("what is written is read back the same, and written again as the same bytes") {
  const bool holds = rc::check([] {
    Metadata metadata;
    metadata.labels = labels();
    metadata.description = text();
    if (coin()) metadata.licences = {{4, text(), text()}};
    if (coin()) metadata.subsets = {"val", "train 2"};
    if (coin()) metadata.attributes = {{"info", JsonText{"{\"year\":2017}"}}, {"more", attribute()}};
    std::map<std::string, Item> expected;
    std::vector<Item> items;
    std::int64_t next = 0;
    for (const std::string& subset :
         metadata.subsets.empty() ? std::vector<std::string>{""} : metadata.subsets)
      for (int i = *inRange(1, 4); i > 0; --i) {
        items.push_back(item(next += *inRange(1, 100), subset, metadata.labels));
        expected[items.back().id] = items.back();
      }
    const Scratch scratch;
    const auto source = make_source(metadata, items);
    write_data_set(coco_panoptic(), *source, {.target = scratch / "out", .media = Media::none});
    const ReadDataSet read = read_data_set(coco_panoptic(), scratch / "out");
    for (const Finding& finding : read.findings) RC_LOG(finding.rule + ": " + finding.message);
    RC_ASSERT(read.findings.empty());
    RC_ASSERT(read.labels() == metadata.labels);
    RC_ASSERT(read.source->metadata().description == metadata.description);
    RC_ASSERT(read.source->metadata().licences == metadata.licences);
    RC_ASSERT(read.source->metadata().attributes == metadata.attributes);
    RC_ASSERT(read.items.size() == items.size());
    for (const Item& one : read.items) {
      const Item& other = expected.at(one.id);
      RC_ASSERT(one.source_id == other.source_id);
      RC_ASSERT(one.subset == other.subset);
      RC_ASSERT(one.size == other.size);
      RC_ASSERT(one.file_name == other.file_name);
      RC_ASSERT(one.annotated == other.annotated);
      RC_ASSERT(one.attributes == other.attributes);
      RC_ASSERT(one.annotations.size() == other.annotations.size());
      for (std::size_t i = 0; i < one.annotations.size(); ++i) {
        RC_ASSERT(one.annotations[i].shape == other.annotations[i].shape);
        RC_ASSERT(one.annotations[i].attributes == other.annotations[i].attributes);
        RC_ASSERT(one.annotations[i].flags == other.annotations[i].flags);
        RC_ASSERT(one.annotations[i] == other.annotations[i]);
      }
    }
    const auto again = coco_panoptic().open({scratch / "out", {}});
    write_data_set(coco_panoptic(), *again, {.target = scratch / "again", .media = Media::none});
    for (const Path& file : list_files(scratch / "out"))
      if (file.filename() != "provenance.json")
        RC_ASSERT(read_file(file) == read_file(scratch / "again" / relative_name(file, scratch / "out")));
  });
  CHECK(holds);
}
