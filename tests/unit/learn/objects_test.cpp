// SPDX-License-Identifier: Apache-2.0
// From an item to what a detector is trained on: classes, picture, objects and their masks.
#include <algorithm>
#include <cmath>
#include <map>
#include <opencv2/imgproc.hpp>

#include "base/random.h"
#include "catch.h"
#include "dataset/rle.h"
#include "dataset/shape_geometry.h"
#include "formats/coco/coco.h"
#include "formats/registry.h"
#include "learn/network_picture.h"
#include "learn/object_masks.h"
#include "learn/read_objects.h"
#include "prepare/convert.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::tests;

namespace {

Label label(const std::string& name, Role role = Role::object) {
  Label one;
  one.name = name;
  one.role = role;
  return one;
}

LabelMap cats_and_dogs() {
  return LabelMap({label("cat"), label("void", Role::ignore), label("dog")});
}

constexpr Size kSize{40, 30};

/// Leaves pictures at kSize.
constexpr DetectorSize kAsIs{30, 40};

Annotation annotation(Shape shape, std::optional<int> label = 0, bool crowd = false) {
  Annotation one;
  one.label = label;
  one.shape = std::move(shape);
  if (crowd) one.flags.crowd = true;
  return one;
}

Polygon rectangle(double left, double top, double right, double bottom) {
  return {{{{{left, top}, {right, top}, {right, bottom}, {left, bottom}}, {}}}};
}

/// An item with a picture in the scratch folder.
Item item_of(const Scratch& scratch, std::vector<Annotation> annotations, Size size = kSize) {
  Item item;
  item.id = "a";
  item.image = scratch.write("a.png", png_picture(size));
  item.file_name = "a.png";
  item.size = size;
  item.annotations = std::move(annotations);
  return item;
}

ObjectSample read(const Item& item, std::vector<Finding>& findings, const LabelMap& labels = cats_and_dogs(),
                  const DetectorSize& bounds = kAsIs) {
  return read_objects(item, ClassMap::of_objects(labels), bounds, findings);
}
/// Where nothing is to be found.
ObjectSample read(const Item& item, const LabelMap& labels = cats_and_dogs(),
                  const DetectorSize& bounds = kAsIs) {
  std::vector<Finding> findings;
  ObjectSample sample = read(item, findings, labels, bounds);
  for (const Finding& finding : findings) FAIL_CHECK(finding.rule << ": " << finding.message);
  return sample;
}

/// Blots of several pieces with holes, the rounder the larger `smoothness`.
Rle blots(Size size, std::uint64_t seed, double smoothness = 2) {
  cv::Mat noise(size.height, size.width, CV_32FC1), smooth;
  cv::RNG(seed + 1).fill(noise, cv::RNG::UNIFORM, 0, 1);
  cv::GaussianBlur(noise, smooth, {}, smoothness);
  return rle_from_mask(smooth > 0.5 + 0.04 / smoothness);
}

MaskRef made_mask(const cv::Mat& pixels, std::shared_ptr<const MaskCoding> coding, const Path& from) {
  MaskRef mask{{}, std::move(coding), std::nullopt, false};
  mask.made = std::make_shared<const MadeMask>(MadeMask{[pixels] {
                                                          return RawImage{pixels, {}, 16};
                                                        },
                                                        {from}});
  return mask;
}

cv::Mat plane_of(const Rle& pixels, Size size) {
  cv::Mat plane(size.height, size.width, CV_8UC1, cv::Scalar(77));
  write_mask(pixels, plane);
  return plane;
}

}  // namespace

TEST_CASE("a detector's classes are the background and then what is an object, in the map's order") {
  const ClassMap classes = ClassMap::of_objects(cats_and_dogs());
  REQUIRE(classes.size() == 3);
  CHECK(classes.labels()[0].name == "background");
  CHECK(classes.labels()[1].name == "cat");
  CHECK(classes.labels()[2].name == "dog");
  CHECK(classes.is_background(0));
  CHECK(classes.class_of(0) == 1);
  CHECK(classes.class_of(1) == -1);
  CHECK(classes.class_of(2) == 2);

  // The map's own background comes first wherever it stands, and keeps its name and id.
  std::vector<Label> labels{label("cat"), label("nothing", Role::background), label("dog")};
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i].id = static_cast<std::int64_t>(10 + i);
  const ClassMap own = ClassMap::of_objects(LabelMap(labels));
  REQUIRE(own.size() == 3);
  CHECK(own.labels()[0].name == "nothing");
  CHECK(own.labels()[0].id == 11);
  CHECK(own.labels().background() == 0);
  CHECK(own.class_of(0) == 1);
  CHECK(own.class_of(1) == 0);
  CHECK(own.class_of(2) == 2);

  CHECK(ClassMap::of_objects(LabelMap({label("person")})).size() == 2);
  const Error error = thrown_by([] {
    ClassMap::of_objects(LabelMap({label("void", Role::ignore), label("sky", Role::background)}));
  });
  CHECK(error.code() == Code::bad_value);
}

TEST_CASE("a detector is scored on data without a background, and with labels in another order") {
  const LabelMap trained = ClassMap::of_objects(cats_and_dogs()).labels();
  const ClassMap other = ClassMap::matching(LabelMap({label("dog"), label("edge", Role::ignore)}), trained);
  CHECK(other.class_of(0) == 2);
  CHECK(other.class_of(1) == -1);
  const ClassMap own = ClassMap::matching(LabelMap({label("dog"), label("bg", Role::background)}), trained);
  CHECK(own.class_of(1) == 0);
  CHECK(thrown_by([&] { ClassMap::matching(LabelMap({label("cow")}), trained); }).code() == Code::bad_value);

  const Scratch scratch;
  std::vector<Finding> findings;
  const Item item = item_of(scratch, {annotation(rectangle(1, 1, 9, 9), 0)});
  const ObjectSample sample = read_objects(item, own, kAsIs, findings);
  REQUIRE(sample.sample.objects.size() == 1);
  CHECK(sample.sample.objects[0].label == 2);
}

TEST_CASE("a detector's picture is as large as torchvision's transform makes it") {
  // floor(side * min(800 / shorter, 1333 / longer)), by hand
  CHECK(detector_size({640, 480}, {800, 1333}) == Size{1066, 800});
  CHECK(detector_size({480, 640}, {800, 1333}) == Size{800, 1066});
  CHECK(detector_size({2000, 500}, {800, 1333}) == Size{1333, 333});
  CHECK(detector_size({500, 375}, {384, 384}) == Size{384, 288});
  CHECK(detector_size({1, 1000}, {384, 384}) == Size{1, 384});
  CHECK(detector_size({6000, 4000}, {800, 1333}) == Size{1200, 800});
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed);
    const Size size{1 + static_cast<int>(random.below(3000)), 1 + static_cast<int>(random.below(3000))};
    const DetectorSize bounds{1 + static_cast<int>(random.below(900)),
                              1 + static_cast<int>(random.below(1400))};
    const Size found = detector_size(size, bounds);
    INFO(to_string(size) << " within " << bounds.min_size << ", " << bounds.max_size);
    CHECK(std::min(found.width, found.height) <= bounds.min_size);
    CHECK(std::max(found.width, found.height) <= bounds.max_size);
    // One of the bounds is reached, within what rounding down takes.
    CHECK((std::min(found.width, found.height) >= bounds.min_size - 1 ||
           std::max(found.width, found.height) >= bounds.max_size - 1));
  }
}

TEST_CASE("a detector's picture is sampled bilinearly at the new pixels' centres") {
  const cv::Mat picture = picture_of({28, 20});  // red rises by 9 a column, green by 9 a row
  for (const DetectorSize bounds : {DetectorSize{13, 99}, {20, 28}, {47, 99}}) {
    const NetworkPicture found = detector_picture(picture, bounds);
    CHECK(found.size == Size{28, 20});
    const double scale = 28.0 / found.pixels.cols;
    for (int x = 0; x < found.pixels.cols; ++x) {
      const double from = std::clamp((x + 0.5) * scale - 0.5, 0.0, 27.0);
      CHECK(std::abs(found.pixels.at<cv::Vec3b>(5, x)[0] - 9 * from) <= 0.7);  // weights of 11 bits
    }
    // The bytes of a file give the same as its pixels.
    const NetworkPicture decoded = detector_picture(encode_png(picture), bounds);
    CHECK(decoded.size == found.size);
    CHECK(cv::norm(decoded.pixels, found.pixels, cv::NORM_INF) == 0);
  }
}

TEST_CASE("a large JPEG comes to a detector's size without being decoded whole") {
  const cv::Mat picture = picture_of({28, 20});
  cv::Mat large;
  cv::resize(picture, large, {1120, 800}, 0, 0, cv::INTER_LINEAR);
  const NetworkPicture found = detector_picture(encode_jpeg(large, 95), {100, 140});
  CHECK(found.size == Size{1120, 800});
  REQUIRE(found.pixels.size() == cv::Size(140, 100));
  CHECK(cv::norm(found.pixels, detector_picture(large, {100, 140}).pixels, cv::NORM_INF) <= 8);
}

TEST_CASE("every shape that says how far an object reaches becomes one") {
  const Scratch scratch;
  const Item item = item_of(
      scratch, {annotation(rectangle(2, 3, 12, 13)), annotation(Box{20, 5, 6, 8}, 2),
                annotation(RotatedBox{{20, 20}, 10, 4, 90}), annotation(Ellipse{{30, 20}, 5, 3, 0}, 2),
                annotation(blots(kSize, 2)), annotation(rectangle(0, 0, 5, 5), 1),
                annotation(blots(kSize, 4), 2, true), annotation(blots(kSize, 4), std::nullopt, true)});
  const Sample sample = read(item).sample;
  REQUIRE(sample.objects.size() == 6);
  std::vector<int> labels;
  for (const SampleObject& object : sample.objects) labels.push_back(object.label);
  CHECK(labels == std::vector{1, 2, 1, 2, 1, 2});  // void, and a crowd of nothing, are not there
  CHECK(sample.objects[0].polygon == rectangle(2, 3, 12, 13));
  CHECK(sample.objects[0].box == Box{2, 3, 10, 10});
  CHECK(sample.objects[1].polygon.parts.empty());
  CHECK(sample.objects[1].box == Box{20, 5, 6, 8});
  CHECK_THAT(sample.objects[2].box.x, WithinAbs(18, 1e-9));
  CHECK_THAT(sample.objects[2].box.height, WithinAbs(10, 1e-9));
  CHECK_THAT(sample.objects[3].box.width, WithinAbs(10, 0.01));
  for (std::size_t i = 0; i < 6; ++i) CHECK(sample.objects[i].crowd == (i == 5));
  CHECK(sample.mask.empty());
}

TEST_CASE("masks of several parts and with holes keep every pixel at the picture's own size") {
  const Scratch scratch;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const Size size{1 + static_cast<int>(random.below(70)), 1 + static_cast<int>(random.below(70))};
    const Rle pixels = blots(size, seed, seed % 2 == 0 ? 2 : 0.6);
    if (area(pixels) == 0) continue;
    const DetectorSize bounds{std::min(size.width, size.height), std::max(size.width, size.height)};
    Sample sample = read(item_of(scratch, {annotation(pixels)}, size), cats_and_dogs(), bounds).sample;
    const std::vector<Rle> masks = object_pixels(sample);
    REQUIRE(masks.size() == 1);
    CHECK(masks[0] == pixels);
    CHECK(sample.objects[0].box == bounding_box(pixels));
    CHECK(cv::norm(plane_of(masks[0], size), mask_from_rle(pixels), cv::NORM_INF) == 0);
  }
}

TEST_CASE("an object's mask at the detector's size is its mask, but for pixels on the border") {
  const Scratch scratch;
  const Size size{240, 180};
  for (const DetectorSize bounds : {DetectorSize{60, 80}, {100, 999}, {150, 200}, {500, 999}}) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      const Rle pixels = blots(size, seed, 12);
      Sample sample = read(item_of(scratch, {annotation(pixels)}, size), cats_and_dogs(), bounds).sample;
      const Size at{sample.image.cols, sample.image.rows};
      const std::vector<Rle> masks = object_pixels(sample);
      REQUIRE(masks.size() == 1);
      // Where nearly all of a new pixel is inside or outside, so is what is drawn.
      cv::Mat shares, differences;
      cv::resize(mask_from_rle(pixels) * 255, shares, {at.width, at.height}, 0, 0,
                 at.width < size.width ? cv::INTER_AREA : cv::INTER_LINEAR);
      const cv::Mat drawn = plane_of(masks[0], at) * 255;
      cv::absdiff(drawn, shares, differences);
      CHECK(cv::countNonZero(differences > 200) == 0);
      const Box box = sample.objects[0].box, around = bounding_box(masks[0]);
      CHECK_THAT(box.x, WithinAbs(around.x, 1.5));
      CHECK_THAT(box.y, WithinAbs(around.y, 1.5));
      CHECK_THAT(box.width, WithinAbs(around.width, 3));
      CHECK_THAT(box.height, WithinAbs(around.height, 3));
    }
  }
}

TEST_CASE("objects are cut at the picture's edges, and those that then hold nothing are counted once") {
  const Scratch scratch;
  const double nan = std::nan("");
  const Item item =
      item_of(scratch, {annotation(rectangle(-10, -5, 10, 10)), annotation(Box{35, 25, 20, 20}),
                        annotation(Box{50, 5, 10, 10}), annotation(Box{5, 5, 0, 10}),
                        annotation(Box{nan, 5, 3, 10}), annotation(rectangle(41, 3, 60, 9)),
                        annotation(rectangle(3, 3, 3.5, 4)), annotation(Polygon{{{{{1, 1}, {5, 5}}, {}}}}),
                        annotation(rle_from_mask(cv::Mat::zeros(30, 40, CV_8UC1)))});
  std::vector<Finding> findings;
  const Sample sample = read(item, findings).sample;
  REQUIRE(sample.objects.size() == 2);
  CHECK(sample.objects[0].box == Box{0, 0, 10, 10});
  CHECK(sample.objects[1].box == Box{35, 25, 5, 5});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "empty-shape");
  CHECK(findings[0].severity == Severity::warning);
  CHECK_THAT(findings[0].message, contains("7 of its 9 objects"));
  CHECK_THAT(findings[0].place.text(), contains("a.png"));
}

TEST_CASE("what is too small depends on the size that the network sees") {
  const Scratch scratch;
  const Item item =
      item_of(scratch, {annotation(rectangle(10, 10, 12, 13)), annotation(rectangle(5, 5, 35, 25))});
  CHECK(read(item).sample.objects.size() == 2);
  std::vector<Finding> findings;
  const ObjectSample small = read(item, findings, cats_and_dogs(), {10, 99});
  CHECK(small.sample.image.size() == cv::Size(13, 10));
  CHECK(small.picture == kSize);
  CHECK(small.sample.objects.size() == 1);
  CHECK(findings.size() == 1);
}

TEST_CASE("an item annotated as empty has no objects; one that nobody annotated is refused") {
  const Scratch scratch;
  Item item = item_of(scratch, {});
  CHECK(read(item).sample.objects.empty());
  item.annotated = false;
  std::vector<Finding> findings;
  CHECK(thrown_by([&] { read(item, findings); }).code() == Code::bad_value);
}

TEST_CASE("lines, points and tags are no objects, and an item that has only places is not an empty one") {
  const Scratch scratch;
  std::vector<Finding> findings;
  const Item mixed = item_of(
      scratch, {annotation(Polyline{{{1, 1}, {9, 9}}}), annotation(Points{{{3, 3}}}), annotation(Shape()),
                annotation(Box{1, 1, 8, 8}, std::nullopt), annotation(Box{1, 1, 8, 8})});
  CHECK(read(mixed, findings).sample.objects.size() == 1);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "not-an-object");
  CHECK_THAT(findings[0].message,
             contains("2 of lines or points, 1 of the image as a whole, 1 without a label"));

  findings.clear();
  const Item places = item_of(scratch, {annotation(Points{{{3, 3}}}), annotation(Shape())});
  CHECK(thrown_by([&] { read(places, findings); }).code() == Code::bad_value);
  CHECK(findings.empty());
  CHECK(read(item_of(scratch, {annotation(Shape())}), findings).sample.objects.empty());
}

TEST_CASE("annotations and masks of a picture of another size are refused") {
  const Scratch scratch;
  Item item = item_of(scratch, {annotation(rectangle(1, 1, 9, 9))});
  item.size = Size{80, 60};
  std::vector<Finding> findings;
  const Error error = thrown_by([&] { read(item, findings); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.what(), contains("80x60") && contains("40x30"));

  item.size.reset();
  CHECK(read(item).sample.objects.size() == 1);
  item.annotations = {annotation(blots({41, 30}, 2))};
  CHECK(thrown_by([&] { read(item, findings); }).code() == Code::bad_value);
  item.annotations.clear();
  item.semantic = made_mask(cv::Mat::zeros(30, 41, CV_16UC1), index_coding(3), item.image);
  CHECK(thrown_by([&] { read(item, findings); }).code() == Code::bad_value);
  item.image.clear();
  CHECK(thrown_by([&] { read(item, findings); }).code() == Code::not_found);
}

TEST_CASE("a mask's objects are its regions or the numbers beside it, and boxes around them are not others") {
  const Scratch scratch;
  const LabelMap labels({label("background", Role::background), label("cat"), label("void", Role::ignore)});
  cv::Mat mask = cv::Mat::zeros(30, 40, CV_16UC1), numbers = cv::Mat::zeros(30, 40, CV_16UC1);
  mask(cv::Rect(2, 2, 10, 10)).setTo(1);
  mask(cv::Rect(20, 2, 10, 10)).setTo(1);
  mask(cv::Rect(2, 20, 30, 5)).setTo(2);
  numbers.setTo(1, mask == 1);  // one object of two parts
  Item item = item_of(scratch, {});
  item.semantic = made_mask(mask, index_coding(3), item.image);
  CHECK(read(item, labels).sample.objects.size() == 2);
  item.instances = made_mask(numbers, number_coding(), item.image);
  CHECK(read(item, labels).sample.objects.size() == 1);
  item.annotations = {annotation(Box{2, 2, 28, 10}, 1)};
  Sample sample = read(item, labels).sample;
  REQUIRE(sample.objects.size() == 1);
  CHECK(sample.objects[0].polygon.parts.size() == 2);
  CHECK(object_pixels(sample).at(0) == rle_from_value(mask, 1));
  item.annotations.push_back(annotation(Box{5, 22, 10, 8}, 1));
  CHECK(read(item, labels).sample.objects.size() == 2);
}

TEST_CASE("objects without a pixel are dropped, and planes are written where the caller says") {
  Sample sample;
  sample.image = cv::Mat::zeros(kSize.height, kSize.width, CV_8UC3);
  const auto add = [&](Polygon polygon, Box box) {
    sample.objects.push_back(
        {.label = static_cast<int>(sample.objects.size()), .box = box, .polygon = polygon});
  };
  add(rectangle(2, 3, 12, 13), {2, 3, 10, 10});
  add(rectangle(5.6, 0, 5.9, 30), {5.6, 0, 0.3, 30});  // between the columns' centres
  add({}, {1, 1, 5, 5});
  const std::vector<Rle> masks = object_pixels(sample);
  REQUIRE(masks.size() == 2);
  REQUIRE(sample.objects.size() == 2);
  CHECK(sample.objects[1].label == 2);
  CHECK(area(masks[0]) == 100);
  CHECK(masks[1].size.area() == 0);

  // A padded batch: two planes of 48x32 one behind the other.
  std::vector<std::uint8_t> memory(2 * 48 * 32, 9);
  write_mask(masks[0], cv::Mat(32, 48, CV_8UC1, memory.data()));
  write_mask(masks[1], cv::Mat(32, 48, CV_8UC1, memory.data() + 48 * 32));
  for (int i = 0; i < 2 * 48 * 32; ++i) {
    const int plane = i / (48 * 32), y = i / 48 % 32, x = i % 48;
    const bool inside = plane == 0 && x >= 2 && x < 12 && y >= 3 && y < 13;
    if (memory[static_cast<std::size_t>(i)] != (inside ? 1 : 0)) FAIL(x << ", " << y << " of " << plane);
  }
  cv::Mat narrow(30, 39, CV_8UC1);
  CHECK(thrown_by([&] { write_mask(masks[0], narrow); }).code() == Code::bug);
}

namespace {

/// Objects by item and label, but crowds.
using Counts = std::map<std::string, std::map<std::string, int>>;

Counts counts_read(Source& source) {
  const ClassMap classes = ClassMap::of_objects(source.metadata().labels);
  Findings findings;
  Counts counts;
  for_each_item(source, findings, [&](Item&& item) {
    if (!item.annotated) return;
    std::vector<Finding> said;
    const ObjectSample read = read_objects(item, classes, {400, 600}, said);
    for (const SampleObject& object : read.sample.objects)
      if (!object.crowd) ++counts[item.id][classes.labels()[object.label].name];
  });
  return counts;
}

Counts counts_converted(Source& source, const Path& target) {
  CreateRequest request;
  request.target = target;
  request.metadata = source.metadata();
  Findings findings;
  convert(source, coco(), request, {}, {.command = "test", .inputs = {}}, findings,
          [](const std::vector<Loss>&) {});
  const ReadDataSet written = read_data_set(coco(), target);
  Counts counts;
  for (const Item& item : written.items)
    for (const Annotation& annotation : item.annotations) {
      const Label& label = written.labels()[annotation.label.value()];
      if (annotation.flags.crowd != true && label.role == Role::object) ++counts[item.id][label.name];
    }
  return counts;
}

/// Two items with objects of two labels that are apart, and one without any.
std::unique_ptr<Source> few_objects(const Scratch& scratch) {
  Metadata metadata;
  metadata.labels = LabelMap({label("cat"), label("dog")});
  metadata.subsets = {"train"};
  std::vector<Item> items;
  for (int i = 0; i < 3; ++i) {
    Item item;
    item.id = "picture" + std::to_string(i);
    item.file_name = item.id + ".png";
    item.image = scratch.write("few/" + item.file_name, png_picture({60, 40}));
    item.size = Size{60, 40};
    item.subset = "train";
    if (i < 2)
      item.annotations = {annotation(rectangle(2, 3, 20, 17), 0), annotation(rectangle(30, 5, 50, 20 + i), 1),
                          annotation(Ellipse{{20, 30}, 8, 5, 0}, 1)};
    items.push_back(std::move(item));
  }
  return make_source(metadata, std::move(items));
}

}  // namespace

TEST_CASE("of every format that is written, as many objects are read as converting to COCO gives") {
  std::vector<std::string> compared;
  for (const Format* format : formats::all()) {
    if (!format->create) continue;
    INFO(format->name);
    const Scratch scratch;
    const auto source = few_objects(scratch);
    CreateRequest request;
    request.target = scratch / "written";
    request.metadata = source->metadata();
    Findings findings;
    try {
      convert(*source, *format, request, {}, {.command = "test", .inputs = {}}, findings,
              [](const std::vector<Loss>&) {});
    } catch (const Error& error) {
      UNSCOPED_INFO(error.what());
      continue;
    }
    const formats::Opened opened = formats::open(scratch / "written", format->name);
    const Counts read = counts_read(*opened.source);
    opened.source->rewind();
    CHECK(read == counts_converted(*opened.source, scratch / "coco"));
    compared.emplace_back(format->name);
  }
  for (const auto& name : compared) UNSCOPED_INFO(name);
  CHECK(compared.size() > 12);
}

TEST_CASE("real data: as many objects as converting to COCO gives") {
  const Path data = real_data();
  if (data.empty()) {
    WARN("skipped: ../shared/data is not there");
    return;
  }
  for (const auto& [folder, objects] :
       {std::pair("labelme_voc_person", 57), std::pair("formats/coco", 35), std::pair("formats/voc", 3)}) {
    INFO(folder);
    const Scratch scratch;
    const formats::Opened opened = formats::open(data / folder);
    const Counts read = counts_read(*opened.source);
    opened.source->rewind();
    CHECK(read == counts_converted(*opened.source, scratch / "coco"));
    int sum = 0;
    for (const auto& [id, by_label] : read)
      for (const auto& [name, count] : by_label) sum += count;
    CHECK(sum == objects);
  }
}
