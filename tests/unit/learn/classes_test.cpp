// SPDX-License-Identifier: Apache-2.0
#include "learn/classes.h"

#include <opencv2/imgproc.hpp>
#include <optional>

#include "catch.h"
#include "dataset/masks.h"
#include "formats/registry.h"
#include "image/image.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::Scratch;
using maskmill::tests::thrown_by;

namespace {

constexpr Size kSize{8, 4};

Label label(const std::string& name, Role role = Role::object) {
  Label one;
  one.name = name;
  one.role = role;
  return one;
}

/// All of the columns from `left` to `right`.
Annotation columns(int label_index, double left, double right, bool crowd = false) {
  Annotation annotation;
  annotation.label = label_index;
  annotation.shape = Polygon{{{{{left, 0}, {right, 0}, {right, 4}, {left, 4}}, {}}}};
  if (crowd) annotation.flags.crowd = true;
  return annotation;
}

Item painted_item(std::vector<Annotation> annotations) {
  Item item;
  item.id = "a";
  item.size = kSize;
  item.annotations = std::move(annotations);
  return item;
}

int at(const cv::Mat& mask, int x, int y) {
  return mask.at<std::uint16_t>(y, x);
}

}  // namespace

TEST_CASE("labels of role ignore are no classes, the others keep their order") {
  const LabelMap labels(
      {label("void", Role::ignore), label("sky"), label("edge", Role::ignore), label("road")});
  const ClassMap classes(labels, false);
  REQUIRE(classes.size() == 2);
  CHECK(classes.labels()[0].name == "sky");
  CHECK(classes.labels()[1].name == "road");
  CHECK(classes.labels()[1].id == 1);
  CHECK(classes.class_of(0) == -1);
  CHECK(classes.class_of(1) == 0);
  CHECK(classes.class_of(3) == 1);

  const cv::Mat mask = (cv::Mat_<std::uint16_t>(1, 5) << 0, 1, 2, 3, kUnlabelled);
  const cv::Mat expected = (cv::Mat_<std::uint16_t>(1, 5) << kIgnored, 0, kIgnored, 1, kIgnored);
  CHECK(cv::norm(classes.classes_from_labels(mask), expected, cv::NORM_INF) == 0);
}

TEST_CASE("classes keep the colours that the data set shows") {
  Label sky = label("sky");
  sky.colour = Rgb{1, 2, 3};
  const LabelMap labels({label("void", Role::ignore), label("road"), sky});
  const ClassMap classes(labels, false);
  CHECK(classes.labels().colour(0) == labels.colour(1));
  CHECK(classes.labels().colour(1) == Rgb{1, 2, 3});
}

TEST_CASE("what no annotation covers is a class of its own, and crowds are not") {
  const LabelMap labels({label("cat"), label("dog")});
  const ClassMap classes(labels, true);
  REQUIRE(classes.size() == 3);
  CHECK(classes.labels()[0].name == "background");
  CHECK(classes.labels().background() == 0);
  const cv::Mat mask =
      classes.read(painted_item({columns(0, 0, 2), columns(1, 2, 4), columns(1, 6, 8, true)}), kSize).labels;
  CHECK(at(mask, 0, 0) == 1);
  CHECK(at(mask, 3, 3) == 2);
  CHECK(at(mask, 5, 1) == 0);
  CHECK(at(mask, 7, 1) == kIgnored);
}

TEST_CASE("classes keep the data set's ids, so that predictions can be held against it") {
  std::vector<Label> labels{label("pet"), label("background", Role::background), label("border")};
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i].id = static_cast<std::int64_t>(i) + 1;
  CHECK(ClassMap(LabelMap(labels), false).labels().mask_values() == std::vector{1, 2, 3});
  labels[1].role = Role::ignore;
  labels[2].id = 90;
  CHECK(ClassMap(LabelMap(labels), true).labels().mask_values() == std::vector{0, 1, 90});
  labels[0].id.reset();
  CHECK(ClassMap(LabelMap(labels), true).labels().mask_values() == std::vector{0, 1, 2});
}

TEST_CASE("a map's own background takes what nothing covers") {
  const LabelMap labels({label("cat"), label("nothing", Role::background), label("void", Role::ignore)});
  const ClassMap classes(labels, true);
  CHECK(classes.size() == 2);
  const cv::Mat mask = classes.read(painted_item({columns(0, 0, 2), columns(0, 6, 8, true)}), kSize).labels;
  CHECK(at(mask, 0, 0) == 0);
  CHECK(at(mask, 4, 0) == 1);
  CHECK(at(mask, 7, 0) == kIgnored);
}

TEST_CASE("a label that happens to be called background is not taken for one") {
  const LabelMap labels({label("background"), label("void")});
  const ClassMap classes(labels, true);
  REQUIRE(classes.size() == 3);
  CHECK(classes.labels()[0].name == "uncovered");
  CHECK(classes.labels()[1].role == Role::object);
}

TEST_CASE("an item that is empty is background, one that nobody annotated is an error") {
  const ClassMap classes(LabelMap({label("cat")}), true);
  CHECK(cv::countNonZero(classes.read(painted_item({}), kSize).labels) == 0);
  Item item = painted_item({});
  item.annotated = false;
  CHECK(thrown_by([&] { classes.read(item, kSize); }).code() == Code::bad_value);
}

TEST_CASE("a trained network's classes are found by name, and backgrounds by their role") {
  const ClassMap trained(LabelMap({label("cat"), label("dog"), label("nothing", Role::background)}), true);
  // Other data: another order, fewer labels, no background of its own.
  const ClassMap other =
      ClassMap::matching(LabelMap({label("void", Role::ignore), label("dog")}), trained.labels());
  CHECK(other.labels() == trained.labels());
  CHECK(other.class_of(1) == 1);
  CHECK(other.class_of(0) == -1);
  const cv::Mat mask = other.read(painted_item({columns(1, 0, 2)}), kSize).labels;
  CHECK(at(mask, 0, 0) == 1);
  CHECK(at(mask, 5, 0) == 2);

  const LabelMap own_background({label("bg", Role::background), label("cat")});
  CHECK(ClassMap::matching(own_background, trained.labels()).class_of(0) == 2);
  const LabelMap unknown({label("cat"), label("cow")});
  const Error error = thrown_by([&] { ClassMap::matching(unknown, trained.labels()); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.message(), maskmill::tests::contains("cow"));
}

TEST_CASE("fewer than two classes cannot be told apart") {
  const LabelMap one({label("cat"), label("void", Role::ignore)});
  CHECK(thrown_by([&] { ClassMap(one, false); }).code() == Code::bad_value);
  CHECK(thrown_by([] { ClassMap(LabelMap(), true); }).code() == Code::bad_value);
  CHECK(ClassMap(one, true).size() == 2);
}

TEST_CASE("annotations of a picture of another size are refused, and an unknown size is the picture's") {
  const ClassMap classes(LabelMap({label("cat")}), true);
  Item item = painted_item({columns(0, 0, 2)});
  const Error error = thrown_by([&] { classes.read(item, {4, 2}); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.what(), tests::contains("8x4") && tests::contains("4x2"));
  item.size.reset();
  CHECK(cv::countNonZero(classes.read(item, kSize).labels) == 2 * kSize.height);
}

TEST_CASE("a mask that is resized before its values are looked up is the same mask") {
  const Scratch scratch;
  const Size size{61, 47};
  const std::vector<std::pair<const char*, cv::Mat>> masks = [&] {
    cv::Mat index(size.height, size.width, CV_8UC1), colour(size.height, size.width, CV_8UC3);
    cv::RNG random(3);
    random.fill(index, cv::RNG::UNIFORM, 0, 4);  // 3 is no label
    for (int y = 0; y < size.height; ++y)
      for (int x = 0; x < size.width; ++x)
        colour.at<cv::Vec3b>(y, x) =
            cv::Vec3b(static_cast<std::uint8_t>(80 * index.at<std::uint8_t>(y, x)), 0, 0);
    cv::Mat wide;
    index.convertTo(wide, CV_16U, 300);
    return std::vector<std::pair<const char*, cv::Mat>>{{"index", index}, {"colour", colour}, {"wide", wide}};
  }();
  for (const auto& [name, mask] : masks) {
    INFO(name);
    const Path folder = scratch / name;
    const bool wide = mask.depth() == CV_16U;
    scratch.write(std::string(name) + "/labels.json",
                  std::string(R"({"coding": ")") + (mask.channels() == 3 ? "colour" : "index") +
                      R"(", "labels": [{"name": "a", "id": 0, "color": [0, 0, 0]}, {"name": "b", "id": )" +
                      (wide ? "300" : "1") + R"(, "color": [80, 0, 0]}, {"name": "c", "id": )" +
                      (wide ? "600" : "2") + R"(, "color": [160, 0, 0], "role": "ignore"}]})");
    scratch.write(std::string(name) + "/images/1.png",
                  encode_png(cv::Mat(size.height, size.width, CV_8UC3, cv::Scalar(9, 9, 9))));
    scratch.write(std::string(name) + "/masks/1.png", encode_png(mask));
    const formats::Opened opened = formats::open(folder.string(), "pairs", {});
    std::vector<Finding> findings;
    const std::optional<Item> item = opened.source->next()(findings);
    REQUIRE(item);
    const ClassMap classes(opened.source->metadata().labels, false);
    for (const Size to : {Size{20, 10}, Size{61, 47}, Size{100, 90}})
      CHECK(cv::norm(classes.read_resized(*item, size, to),
                     resize_nearest(classes.read(*item, size).labels, to), cv::NORM_INF) == 0);
    CHECK(cv::countNonZero(classes.read_resized(*item, size, size) == kIgnored) > 500);
    CHECK(thrown_by([&] { classes.read_resized(*item, {60, 47}, {20, 10}); }).code() == Code::bad_value);
  }
}
