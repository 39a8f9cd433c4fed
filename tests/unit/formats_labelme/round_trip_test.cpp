// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
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
  return *element<std::string>("", "x", " a b ", "\"q\"\\/\n\t", "\xC3\xA9\xF0\x9F\x98\x80", "null", "7");
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
      return JsonText{*element<std::string>("null", "[]", "{\"k\":[1,2.5,\"x\"]}")};
  }
}

Attributes attributes(std::initializer_list<const char*> names) {
  std::vector<std::string> order(names.begin(), names.end());
  const int turn = *inRange(0, static_cast<int>(order.size()));
  std::ranges::rotate(order, order.begin() + turn);
  Attributes list;
  for (const std::string& name : order)
    if (coin()) list.emplace_back(name, value());
  return list;
}

std::vector<Point> points(int least) {
  std::vector<Point> list(static_cast<std::size_t>(*inRange(least, 9)));
  for (Point& point : list) point = {number(), number()};
  return list;
}

Shape shape(Size size) {
  switch (*inRange(0, 8)) {
    case 0:
      return Box{number(), number(), std::abs(number()), std::abs(number())};
    case 1:
      return RotatedBox{{number(), number()}, std::abs(number()), std::abs(number()), number()};
    case 2:
      return Ellipse{{number(), number()}, std::abs(number()), std::abs(number()), number()};
    case 3: {
      const double radius = std::abs(number());
      return Ellipse{{number(), number()}, radius, radius, coin() ? 0 : number()};
    }
    case 4: {
      Polygon polygon;
      for (int part = *inRange(1, 4); part > 0; --part) polygon.parts.push_back({points(3), {}});
      return polygon;
    }
    case 5:
      return Polyline{points(1)};
    case 6:
      return Points{points(1)};
    default: {
      cv::Mat mask(size.height, size.width, CV_8UC1, cv::Scalar(0));
      for (int i = *inRange(0, 20); i > 0; --i)
        mask.at<std::uint8_t>(*inRange(0, size.height), *inRange(0, size.width)) = 1;
      return rle_from_mask(mask);
    }
  }
}

Flag flag() {
  return coin() ? Flag() : Flag(coin());
}

Annotation annotation(Size size, int labels) {
  Annotation result;
  result.label = *inRange(0, labels);
  result.shape = shape(size);
  result.flags = {flag(), flag(), flag(), flag()};
  if (coin()) result.group = *inRange(-1, 3);
  if (coin()) result.score = *inRange(0, 1001) / 1000.0;
  if (coin()) result.z_order = *inRange(-3, 3);
  result.attributes =
      attributes({"description", "a b", "points", "@points", "crowd", "@x", "score", "maskmill_group"});
  return result;
}

Metadata metadata() {
  Metadata made;
  for (int i = *inRange(1, 5); i > 0; --i) {
    Label label;
    label.name = "label " + text() + std::to_string(i);
    if (coin()) label.colour = Rgb{*arbitrary<std::uint8_t>(), 0, 255};
    if (coin()) label.id = 100 - i;
    if (i == 1) label.role = *element(Role::object, Role::background, Role::ignore);
    made.labels.add(label);
  }
  if (coin()) made.subsets = {"val", "train 2"};
  return made;
}

}  // namespace

TEST_CASE("what LabelMe's files hold is read back the same, and written again as the same bytes") {
  CHECK(rc::check([] {
    const Metadata expected = metadata();
    const Scratch scratch;
    std::vector<Item> items;
    const int count = *inRange(1, 5);
    for (int i = 0; i < count; ++i) {
      Item item;
      item.id = *element<std::string>("", "deep/", "\xC3\xA9 ") + "image" + std::to_string(i);
      item.file_name = item.id + ".png";
      if (!expected.subsets.empty()) item.subset = *element(expected.subsets[0], expected.subsets[1]);
      const Size size{*inRange(1, 30), *inRange(1, 30)};
      item.size = size;
      item.image = scratch.write("there/" + std::to_string(i) + ".png", png_picture(size));
      for (int k = *inRange(0, 6); k > 0; --k)
        item.annotations.push_back(annotation(size, expected.labels.size()));
      std::ranges::stable_sort(item.annotations, {},
                               [](const Annotation& a) { return a.z_order.value_or(0); });
      item.attributes = attributes({"day", "shapes", "@shapes", "occluded", "version"});
      item.annotated = i == 0 || coin();
      if (!item.annotated) item.annotations.clear(), item.attributes.clear();
      items.push_back(std::move(item));
    }
    std::ranges::sort(items, {}, &Item::id);
    const Media media = *element(Media::copy, Media::link);
    RC_ASSERT(write_labelme(scratch / "out", expected, items, media).empty());
    const ReadDataSet read = read_data_set(labelme(), scratch / "out");
    RC_ASSERT(read.rules() == (std::map<std::string, int>()));
    RC_ASSERT(read.labels() == expected.labels);
    RC_ASSERT(read.source->metadata().subsets == expected.subsets);
    RC_ASSERT(read.items.size() == items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Item &a = read.items[i], &b = items[i];
      RC_ASSERT(a.id == b.id);
      RC_ASSERT(a.subset == b.subset);
      RC_ASSERT(a.file_name == b.file_name);
      RC_ASSERT(a.size == b.size);
      RC_ASSERT(a.annotated == b.annotated);
      RC_ASSERT(a.attributes == b.attributes);
      RC_ASSERT(a.annotations.size() == b.annotations.size());
      for (std::size_t k = 0; k < b.annotations.size(); ++k) {
        RC_ASSERT(a.annotations[k].shape == b.annotations[k].shape);
        RC_ASSERT(a.annotations[k].group == b.annotations[k].group);
        RC_ASSERT(a.annotations[k].attributes == b.annotations[k].attributes);
        RC_ASSERT(a.annotations[k] == b.annotations[k]);
      }
    }
    write_labelme(scratch / "again", read.source->metadata(), read.items, media);
    for (const Path& file : list_files(scratch / "out"))
      RC_ASSERT(read_file(scratch / "again" / relative_name(file, scratch / "out")) == read_file(file));
  }));
}
