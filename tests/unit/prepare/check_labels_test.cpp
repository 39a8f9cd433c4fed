// SPDX-License-Identifier: Apache-2.0
// What check says of items without labels or without anything in them, and of the labels themselves.
#include <map>

#include "base/random.h"
#include "check_support.h"
#include "prepare/check/check.h"
#include "prepare/check/place_list.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Label label_named(std::string name, Role role = Role::object, std::string supercategory = "") {
  Label made;
  made.name = std::move(name);
  made.role = role;
  made.supercategory = std::move(supercategory);
  return made;
}

/// An item with a box of each of these labels; its image is not looked at.
Item item(const std::string& subset, const std::vector<int>& labels) {
  static int number = 0;
  Item made;
  made.id = "i" + std::to_string(number);
  made.subset = subset;
  made.origin = {"annotations.json", static_cast<std::size_t>(++number), {}};
  for (const int index : labels) {
    Annotation& annotation = made.annotations.emplace_back();
    annotation.label = index;
    annotation.shape = Box{10.0 * index, 2, 3, 4};
  }
  return made;
}

Item unlabelled(const std::string& subset) {
  Item made = item(subset, {});
  made.annotated = false;
  return made;
}

/// All but what is said of the missing images.
std::vector<Finding> found_with(std::vector<Label> labels, std::vector<Item> items) {
  std::vector<Finding> found = findings_of(checked(std::move(items), LabelMap(std::move(labels))));
  std::erase_if(found, [](const Finding& finding) { return finding.rule == "pair-missing"; });
  return found;
}

}  // namespace

TEST_CASE("unlabelled-item: one without labels among others, before them or after") {
  std::vector<Item> items{unlabelled("train"), item("train", {0}), unlabelled("train"), item("train", {0})};
  const Place first = items[0].origin, second = items[2].origin;
  const std::vector<Finding> findings = found_with({label_named("a")}, items);
  REQUIRE(findings.size() == 2);
  std::vector<Place> places;
  for (const Finding& finding : findings) {
    CHECK(finding.rule == "unlabelled-item");
    CHECK(finding.severity == Severity::error);
    places.push_back(finding.place);
  }
  CHECK(std::ranges::count(places, first) == 1);
  CHECK(std::ranges::count(places, second) == 1);
}

TEST_CASE("unlabelled-subset: a subset without any label is one note") {
  std::vector<Item> items{item("train", {0}), item("train", {0})};
  for (int i = 0; i < 30; ++i) items.push_back(unlabelled("test"));
  const Finding finding = only(found_with({label_named("a")}, items));
  CHECK(finding.rule == "unlabelled-subset");
  CHECK(finding.severity == Severity::note);
  CHECK_THAT(finding.message, contains("30 items") && contains("\"test\""));
}

TEST_CASE("empty-item: a few among many that are not are each a warning") {
  std::vector<Item> items;
  for (int i = 0; i < 40; ++i)
    items.push_back(item("", i == 7 || i == 30 ? std::vector<int>{} : std::vector{0}));
  const std::vector<Finding> findings = found_with({label_named("a")}, items);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].rule == "empty-item");
  CHECK(findings[0].severity == Severity::warning);
  CHECK(findings[0].place == items[7].origin);
  CHECK(findings[1].place == items[30].origin);
}

TEST_CASE("empty-item: many are one note with the share in each subset, and all are a warning") {
  std::vector<Item> items;
  for (int i = 0; i < 20; ++i) items.push_back(item("train", {}));
  for (int i = 0; i < 20; ++i) items.push_back(item("test", i < 5 ? std::vector<int>{} : std::vector{0}));
  const std::vector<Finding> findings = found_with({label_named("a")}, items);
  const auto empty = std::ranges::find(findings, "empty-item", &Finding::rule);
  REQUIRE(empty != findings.end());
  CHECK(std::ranges::count(findings, "empty-item", &Finding::rule) == 1);
  CHECK(empty->severity == Severity::note);
  CHECK_THAT(empty->message,
             contains("25 of 40") && contains("20 of 20 in \"train\"") && contains("5 of 20 in \"test\""));

  const std::vector<Finding> all = found_with({label_named("a")}, {item("", {}), item("", {})});
  const auto nothing = std::ranges::find(all, "empty-item", &Finding::rule);
  REQUIRE(nothing != all.end());
  CHECK(nothing->severity == Severity::warning);
}

TEST_CASE("unused-label: labels that no item has, but for background and void") {
  const Finding finding =
      only(found_with({label_named("a"), label_named("b"), label_named("ground", Role::background),
                       label_named("void", Role::ignore), label_named("c")},
                      {item("", {0}), item("", {0})}));
  CHECK(finding.rule == "unused-label");
  CHECK_THAT(finding.message, contains("2 of 5 labels") && contains("\"b\", \"c\""));
}

TEST_CASE("label-in-some-subsets: says which lack it, with counts, and tells like labels together") {
  std::vector<Item> items{item("train", {0, 1, 2}), item("train", {0, 1}), item("val", {0}),
                          item("test", {0, 3}), unlabelled("hidden")};
  std::vector<Finding> findings =
      found_with({label_named("all"), label_named("one"), label_named("two"), label_named("three")}, items);
  std::erase_if(findings, [](const Finding& finding) { return finding.rule == "unlabelled-subset"; });
  REQUIRE(findings.size() == 2);
  for (const Finding& finding : findings) CHECK(finding.rule == "label-in-some-subsets");
  CHECK_THAT(findings[0].message,
             contains("only in \"test\", not in \"train\", \"val\": \"three\" (1 item)"));
  CHECK_THAT(findings[1].message,
             contains("only in \"train\", not in \"test\", \"val\": \"one\" (2 items), \"two\" (1 item)"));
}

TEST_CASE("similar-label-names: case, blanks and punctuation, and supercategories too") {
  const auto named = [](std::vector<Label> labels) {
    std::vector<int> all(labels.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
    return found_with(std::move(labels), {item("", all)});
  };
  const Finding finding = only(named({label_named("Car"), label_named("car "), label_named("truck")}));
  CHECK(finding.rule == "similar-label-names");
  CHECK_THAT(finding.message, contains("\"Car\"") && contains("\"car \""));
  CHECK(only(named({label_named("traffic light"), label_named("traffic_light")})).rule ==
        "similar-label-names");
  CHECK_THAT(only(named({label_named("a", Role::object, "Vehicle"), label_named("vehicle")})).message,
             contains("supercategory \"Vehicle\""));
  for (const auto& [one, other] : {std::pair{"c++", "c#"}, std::pair{"1.5", "15"}, std::pair{"-", "_"},
                                   std::pair{"car", "cart"}, std::pair{"car", "car 2"}}) {
    INFO(one << " and " << other);
    CHECK(named({label_named(one), label_named(other)}).empty());
  }
  CHECK(named({label_named("person", Role::object, "person"), label_named("man", Role::object, "person")})
            .empty());
}

TEST_CASE("similar-label-names: a rare label that is a common one but for a slip of the pen, as a note") {
  const auto named = [](const std::string& common, const std::string& rare, std::size_t of_rare = 1) {
    std::vector<Item> items(40, item("", {0}));
    for (std::size_t i = 0; i < of_rare; ++i) items[i] = item("", {1});
    for (std::size_t i = 0; i < items.size(); ++i) items[i].id += std::to_string(i);
    std::vector<Finding> told;
    for (Finding& finding : found_with({label_named(common), label_named(rare)}, items))
      if (finding.rule == "similar-label-names") told.push_back(std::move(finding));
    return told;
  };
  for (const char* rare : {"persn", "persoon", "persun", "pesron", "Persons"}) {
    INFO(rare);
    const Finding finding = only(named("person", rare));
    CHECK(finding.severity == Severity::note);
    CHECK_THAT(finding.message, contains("in 1 item") && contains("\"person\" in 39"));
  }
  CHECK(named("cat", "cats").size() == 1);
  for (const auto& [common, rare] : {std::pair{"cat", "car"}, std::pair{"class 1", "class 2"},
                                     std::pair{"person", "parson's"}, std::pair{"lane", "plane"}}) {
    INFO(common << " and " << rare);
    CHECK(named(common, rare).empty());
  }
  CHECK(named("person", "persun", 15).empty());  // both are common
  const std::string book(1 << 20, 'x');          // a wrong line end makes such names
  CHECK(named(book, book + "x").empty());
}

TEST_CASE("a list of places gives back what was put in, in little memory") {
  Random random(5);
  PlaceList list;
  std::vector<Place> places;
  for (std::size_t i = 0; i < 1000; ++i) {
    Place place{"/data/images/" + std::string(random.below(200), 'x') + std::to_string(i) + ".jpg", {}, {}};
    if (random.chance(0.5)) place.line = random.below(1'000'000);
    if (random.chance(0.5)) place.field = "images[" + std::to_string(i) + "]";
    if (random.chance(0.1)) place = {};
    list.add(place);
    places.push_back(place);
  }
  CHECK(list.size() == 1000);
  std::vector<Place> back;
  list.for_each([&](Place place) { back.push_back(std::move(place)); });
  CHECK(back == places);
}
