// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>

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

double number() {
  if (coin()) return coin() ? *inRange(-20, 700) : *inRange(-2000, 70000) / 100.0;
  const double any = *arbitrary<double>();
  return std::isfinite(any) && std::abs(any) < 1e9 ? any : 0.5;
}

std::string text() {
  return *element<std::string>("", "x", " a b ", "\"q\"\\/\n\t", "\xC3\xA9\xF0\x9F\x98\x80", "null", "0.5");
}

AttributeValue value() {
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
      return JsonText{*element<std::string>("null", "[]", "{\"k\":[1,2.5,\"x\"]}", "{\"occluded\":true}")};
  }
}

Attributes attributes(std::initializer_list<const char*> names) {
  Attributes list;
  for (const char* name : names)
    if (coin()) list.emplace_back(name, value());
  return list;
}

std::vector<Point> points(int least) {
  std::vector<Point> list(static_cast<std::size_t>(*inRange(least, 9)));
  for (Point& point : list) point = {number(), number()};
  return list;
}

/// Not closed: VIA 1 said the first point again.
Ring ring() {
  Ring made = points(3);
  if (made.front() == made.back()) made.back().x += 1;
  return made;
}

Shape shape() {
  switch (*inRange(0, 6)) {
    case 0:
      return Box{number(), number(), number(), number()};
    case 1:
      return Ellipse{{number(), number()}, number(), number(), number()};
    case 2: {
      const double radius = number();
      return Ellipse{{number(), number()}, radius, radius, 0};
    }
    case 3: {
      Polygon polygon;
      for (int part = *inRange(1, 4); part > 0; --part) polygon.parts.push_back({ring(), {}});
      return polygon;
    }
    case 4:
      return Polyline{points(1)};
    default:
      return Points{points(1)};
  }
}

Flag flag() {
  return coin() ? Flag() : Flag(coin());
}

Annotation annotation(int labels) {
  Annotation result;
  if (*inRange(0, 5) > 0) result.label = *inRange(0, labels);
  result.shape = shape();
  result.flags = {flag(), flag(), flag(), flag()};
  if (coin()) result.group = *arbitrary<std::int64_t>();
  if (coin()) result.score = *inRange(0, 1001) / 1000.0;
  if (coin()) result.z_order = *arbitrary<int>();
  result.attributes =
      attributes({"a b", "kind", "@kind", "score", "group", "flags", "@flags", "z_order", "", "@", "x"});
  return result;
}

}  // namespace

TEST_CASE("what VIA's projects hold is read back the same, and written again as the same bytes") {
  CHECK(rc::check([] {
    Metadata metadata;
    for (int i = *inRange(1, 5); i > 0; --i) {
      Label label;
      label.name = "label " + text() + std::to_string(i);
      if (coin()) label.id = 100 - i;
      metadata.labels.add(label);
    }
    if (coin()) metadata.subsets = {"train", "val", "2nd"};
    const Scratch scratch;
    std::vector<Item> items;
    for (int i = *inRange(1, 5); i > 0; --i) {
      Item item;
      item.id = *element<std::string>("", "deep/", "\xC3\xA9 ") + "image" + std::to_string(i);
      item.file_name = item.id + ".png";
      if (!metadata.subsets.empty())
        item.subset = *element(metadata.subsets[0], metadata.subsets[1], metadata.subsets[2]);
      item.size = Size{*inRange(1, 30), *inRange(1, 30)};
      item.image = scratch.write("there/" + std::to_string(i) + ".png", png_picture(*item.size));
      for (int k = *inRange(0, 6); k > 0; --k) item.annotations.push_back(annotation(metadata.labels.size()));
      item.attributes = attributes({"day", "label", "regions"});
      items.push_back(std::move(item));
    }
    RC_ASSERT(write_via(scratch / "out", metadata, items, Media::copy, {"label-attribute=kind"}).empty());
    const ReadDataSet read = read_data_set(via(), scratch / "out");
    RC_ASSERT(read.rules() == (std::map<std::string, int>()));
    RC_ASSERT(read.labels() == metadata.labels);
    RC_ASSERT(read.source->metadata().subsets == metadata.subsets);
    RC_ASSERT(read.items.size() == items.size());
    for (const Item& b : items) {
      const auto found = std::ranges::find(read.items, b.id, &Item::id);
      RC_ASSERT(found != read.items.end());
      const Item& a = *found;
      RC_ASSERT(a.subset == b.subset);
      RC_ASSERT(a.file_name == b.file_name);
      RC_ASSERT(a.size == b.size);
      RC_ASSERT(a.attributes == b.attributes);
      RC_ASSERT(a.annotations.size() == b.annotations.size());
      for (std::size_t k = 0; k < b.annotations.size(); ++k) {
        RC_ASSERT(a.annotations[k].shape == b.annotations[k].shape);
        RC_ASSERT(a.annotations[k].attributes == b.annotations[k].attributes);
        RC_ASSERT(a.annotations[k] == b.annotations[k]);
      }
    }
    write_via(scratch / "again", read.source->metadata(), read.items, Media::copy);
    const ReadDataSet again = read_data_set(via(), scratch / "again");
    write_via(scratch / "thrice", again.source->metadata(), again.items, Media::copy);
    for (const Path& file : list_files(scratch / "again"))
      RC_ASSERT(read_file(scratch / "thrice" / relative_name(file, scratch / "again")) == read_file(file));
  }));
}
