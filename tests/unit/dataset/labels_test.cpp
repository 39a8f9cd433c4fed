// SPDX-License-Identifier: Apache-2.0
#include "dataset/labels.h"

#include "support/scratch.h"

namespace maskmill::tests {
namespace {

Label named(std::string name, std::optional<std::int64_t> id = std::nullopt, Role role = Role::object) {
  Label label;
  label.name = std::move(name);
  label.id = id;
  label.role = role;
  return label;
}

}  // namespace

TEST_CASE("labels are found by name and by id, sparse, negative and 0") {
  const LabelMap labels({named("road", -1), named("Straße", 0), named("sky"), named("car", 1'000'000'007)});
  CHECK(labels.size() == 4);
  CHECK(labels.find("Straße") == 1);
  CHECK(!labels.find("street"));
  CHECK(labels.find_id(-1) == 0);
  CHECK(labels.find_id(0) == 1);
  CHECK(labels.find_id(1'000'000'007) == 3);
  CHECK(!labels.find_id(2));
}

TEST_CASE("background and ignore are what they are said to be, whatever the id") {
  const LabelMap labels(
      {named("void", 0, Role::ignore), named("ground", 7, Role::background), named("white", 255)});
  CHECK(labels.background() == 1);
  CHECK(labels.is_ignored(0));
  CHECK(!labels.is_ignored(2));
  CHECK(!LabelMap({named("background", 0)}).background());
}

TEST_CASE("labels that could not be told apart are refused, and the map stays as it was") {
  LabelMap labels({named("a", 1, Role::background), named("b", 2)});
  const LabelMap before = labels;
  const auto message = [&](Label label) {
    const Error error = thrown_by([&] { labels.add(std::move(label)); });
    CHECK(error.code() == Code::bad_value);
    CHECK(labels == before);
    return error.message();
  };
  CHECK_THAT(message(named("")), contains("label 2 has no name"));
  CHECK_THAT(message(named("b")), contains("two labels have the name \"b\""));
  CHECK_THAT(message(named("c", 2)), contains("\"b\" and \"c\" have the same id 2"));
  CHECK_THAT(message(named("c", 3, Role::background)), contains("\"a\" and \"c\" are both the background"));
  CHECK(thrown_by([] { LabelMap({named("x"), named("x")}); }).code() == Code::bad_value);
  CHECK(labels.add(named("c", 3)) == 2);
}

TEST_CASE("a map has room for as many labels as a 16-bit mask can hold") {
  LabelMap labels;
  for (int i = 0; i < LabelMap::kMostLabels; ++i) labels.add(named(std::to_string(i), i));
  CHECK(labels.find("65534") == 65534);
  CHECK(thrown_by([&] { labels.add(named("one more")); }).code() == Code::bad_value);
}

TEST_CASE("a label's colour is its own, else VOC's by id, else by index") {
  Label red = named("red", 1);
  red.colour = Rgb{255, 0, 0};
  const LabelMap labels({red, named("by id", 15), named("by index"), named("negative", -1)});
  CHECK(labels.colour(0) == Rgb{255, 0, 0});
  CHECK(labels.colour(1) == Rgb{192, 128, 128});  // VOC's person
  CHECK(labels.colour(2) == Rgb{0, 128, 0});      // VOC's bicycle
  CHECK_NOTHROW(labels.colour(3));
}

TEST_CASE("mask values are the ids where all of them fit, else the indices") {
  CHECK(LabelMap({named("a", 0), named("b", 255), named("c", 65535)}).mask_values() ==
        std::vector{0, 255, 65535});
  CHECK(LabelMap({named("a", 5), named("b")}).mask_values() == std::vector{0, 1});
  CHECK(LabelMap({named("a", 5), named("b", -1)}).mask_values() == std::vector{0, 1});
  CHECK(LabelMap({named("a", 5), named("b", 65536)}).mask_values() == std::vector{0, 1});
  CHECK(LabelMap().mask_values().empty());
}

TEST_CASE("a background is added at the end, with an id that is free") {
  const auto added = [](std::vector<Label> labels) { return with_background(LabelMap(std::move(labels))); };
  const LabelMap with_ids = added({named("a", 1), named("b", 7)});
  REQUIRE(with_ids.background() == 2);
  CHECK(with_ids[2].name == "background");
  CHECK(with_ids.mask_values() == std::vector{1, 7, 0});
  CHECK(added({named("a", 0), named("b", 1)}).mask_values() == std::vector{0, 1, 2});
  CHECK(added({named("a"), named("b")}).mask_values() == std::vector{1, 2, 0});
  CHECK_FALSE(added({named("a", 3), named("b")})[2].id);
  CHECK(added({named("background", 1), named("uncovered", 2)})[2].name == "uncovered_");
}

TEST_CASE("labels that have a background stay as they are") {
  Label rest = named("rest", 4);
  rest.role = Role::background;
  const LabelMap labels({named("a", 1), rest});
  CHECK(with_background(labels) == labels);
}

}  // namespace maskmill::tests
