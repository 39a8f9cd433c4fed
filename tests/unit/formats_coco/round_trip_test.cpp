// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <cmath>

#include "catch.h"
#include "dataset/rle.h"
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

// Whole, with two decimals as COCO has them, or any double that is a pixel.
double number() {
  switch (*inRange(0, 3)) {
    case 0:
      return *inRange(-20, 700);
    case 1:
      return *inRange(-2000, 70000) / 100.0;
    default: {
      const double any = *arbitrary<double>();
      return std::isfinite(any) && std::abs(any) < 1e9 ? any : 0.5;
    }
  }
}

std::string text() {
  return *element<std::string>("", "x", "a b", "\"q\"\\/\n\t\x01", "\xC3\xA9\xF0\x9F\x98\x80", "null", "[1]");
}

Flag flag() {
  return coin() ? Flag(coin()) : Flag();
}

AttributeValue attribute() {
  switch (*inRange(0, 5)) {
    case 0:
      return coin();
    case 1:
      return *arbitrary<std::int64_t>();
    case 2:
      return number();
    case 3:
      return text();
    default:
      return JsonText{*element<std::string>("null", "[]", "{\"k\":[1,2.5,\"x\"]}", "18446744073709551615")};
  }
}

Attributes attributes() {
  Attributes list;
  for (const char* name : {"b", "iscrowd", "a key", "attributes", "\xC3\xA9\n"})
    if (*inRange(0, 4) == 0) list.emplace_back(name, attribute());
  return list;
}

Ring ring() {
  Ring points(static_cast<std::size_t>(*inRange(3, 9)));
  for (Point& point : points) point = {number(), number()};
  return points;
}

Rle rle(Size size) {
  Rle mask{size, {}};
  for (auto left = static_cast<std::uint32_t>(size.area()); left > 0; left -= mask.counts.back())
    mask.counts.push_back(*inRange<std::uint32_t>(0, std::min<std::uint32_t>(left, 40) + 1));
  return mask;
}

Shape shape(Size size) {
  switch (*inRange(0, 4)) {
    case 0:
      return {};
    case 1:
      return Box{number(), number(), std::abs(number()), std::abs(number())};
    case 2: {
      Polygon polygon;
      polygon.parts.resize(static_cast<std::size_t>(*inRange(1, 4)));
      for (PolygonPart& part : polygon.parts) part.exterior = ring();
      return polygon;
    }
    default:
      return rle(size);
  }
}

Annotation annotation(Size size, int labels, std::int64_t id) {
  Annotation result;
  if (coin()) result.label = *inRange(1, labels);  // the first is the background
  result.shape = shape(size);
  result.id = id;
  result.area = std::abs(number());
  if (std::holds_alternative<Polygon>(result.shape) || std::holds_alternative<Rle>(result.shape))
    result.box = Box{number(), number(), std::abs(number()), std::abs(number())};
  result.flags = {flag(), flag(), flag(), flag()};
  if (coin()) result.group = *arbitrary<std::int64_t>();
  if (coin()) result.z_order = *arbitrary<int>();
  if (coin()) result.score = *inRange(0, 1001) / 1000.0;
  if (coin()) result.keypoints = {{{number(), number()}, 2}, {{0, 0}, 0}};
  result.attributes = attributes();
  return result;
}

LabelMap labels() {
  std::vector<Label> list{label("background", {}, Role::background), label("void", 77, Role::ignore)};
  const int count = *inRange(1, 5);
  for (int i = 0; i < count; ++i) {
    Label object = label("label " + text() + std::to_string(i), i * *inRange(1, 3) + 100 * i);
    if (coin()) object.colour = Rgb{*arbitrary<std::uint8_t>(), 0, 255};
    object.supercategory = text();
    object.kind = *element(LabelKind::unknown, LabelKind::thing, LabelKind::stuff);
    if (coin()) object.skeleton = Skeleton{{"nose", text()}, {{0, 1}}};
    if (coin()) object.attributes = {{text(), "select", {"a", text()}, text(), coin()}};
    list.push_back(object);
  }
  return LabelMap(list);
}

std::vector<Item> items(const Metadata& metadata) {
  std::vector<Item> list;
  std::int64_t next_id = *inRange(-3, 3);
  for (const std::string& subset : metadata.subsets.empty() ? std::vector<std::string>{""} : metadata.subsets)
    for (int i = *inRange(0, 4); i > 0; --i) {
      Item item;
      item.source_id = next_id += *inRange(1, 1000);
      item.id = *element<std::string>("", "deep/") + "image " + std::to_string(*item.source_id);
      item.file_name = item.id + ".jpg";
      item.subset = subset;
      const Size size{*inRange(1, 30), *inRange(1, 30)};
      item.size = size;
      for (int k = *inRange(0, 6); k > 0; --k)
        item.annotations.push_back(annotation(size, metadata.labels.size(), next_id += *inRange(1, 1000)));
      item.attributes = attributes();
      list.push_back(item);
    }
  return list;
}

}  // namespace

TEST_CASE("what is written is read back the same, in a folder and in one file") {
  const bool holds = rc::check([] {
    Metadata metadata;
    metadata.labels = labels();
    metadata.description = text();
    if (coin())
      metadata.licences = {{coin() ? std::optional<std::int64_t>(4) : std::nullopt, text(), text()}};
    if (coin()) metadata.subsets = {"val", "train 2", "test"};
    if (coin()) metadata.attributes = {{"info", JsonText{"{\"year\":2017}"}}, {"more", attribute()}};
    const std::vector<Item> expected = items(metadata);
    const Scratch scratch;
    const Path target = scratch / *element<std::string>("out", "out.json");
    write_coco(target, metadata, expected, Media::none,
               {*element<std::string>("rle=compressed", "rle=uncompressed")});
    const Reading reading = read_coco(target);
    RC_ASSERT(reading.summary() == std::vector<std::string>());
    RC_ASSERT(reading.metadata.labels == metadata.labels);
    RC_ASSERT(reading.metadata.description == metadata.description);
    RC_ASSERT(reading.metadata.licences == metadata.licences);
    RC_ASSERT(reading.metadata.subsets == metadata.subsets);
    RC_ASSERT(reading.metadata.attributes == metadata.attributes);
    RC_ASSERT(reading.items.size() == expected.size());
    for (const Item& item : expected) {  // a folder's files come in the order of their names
      const auto found = std::find_if(reading.items.begin(), reading.items.end(),
                                      [&](const Item& one) { return one.id == item.id; });
      RC_ASSERT(found != reading.items.end());
      RC_ASSERT(found->source_id == item.source_id);
      RC_ASSERT(found->size == item.size);
      RC_ASSERT(found->subset == item.subset);
      RC_ASSERT(found->file_name == item.file_name);
      RC_ASSERT(found->attributes == item.attributes);
      RC_ASSERT(found->annotations.size() == item.annotations.size());
      for (std::size_t i = 0; i < item.annotations.size(); ++i)
        RC_ASSERT(found->annotations[i] == item.annotations[i]);
    }
  });
  CHECK(holds);
}
