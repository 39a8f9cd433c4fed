// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/class_choice.h"

#include "catch.h"
#include "support/scratch.h"
#include "support/small_openimages.h"

using namespace maskmill;
using namespace maskmill::fetch;
using namespace maskmill::tests;

namespace {

struct Files {
  Scratch scratch;
  Path table, hierarchy;
  Files() {
    write_small_openimages(scratch.path(), {.train = 1, .validation = 1, .test = 1});
    const Path tables = scratch / "storage.googleapis.com/openimages";
    table = tables / "v7/oidv7-class-descriptions-boxable.csv";
    hierarchy = tables / "2018_04/bbox_labels_600_hierarchy.json";
  }
  std::vector<std::string> names(const std::vector<std::string>& wanted,
                                 ClassRelatives relatives = {}) const {
    std::vector<std::string> names;
    for (const ChosenClass& chosen : choose_classes(wanted, relatives, table, hierarchy))
      names.push_back(chosen.name);
    return names;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("classes are found by their names in any case, and by their MIDs, each once") {
  const Files files;
  CHECK(files.names({"Hot dog"}) == Names{"Hot dog"});
  CHECK(files.names({"cat", "hOT DOG", "/m/01b9xk"}) == Names{"Hot dog", "Cat"});
  CHECK(choose_classes(Names{"/m/01b9xk"}, {}, files.table, files.hierarchy) ==
        std::vector<ChosenClass>{{"Hot dog", "/m/01b9xk"}});
}

TEST_CASE("kinds of a class, and its parts, come from the hierarchy") {
  const Files files;
  CHECK(files.names({"Food"}) == Names{"Food"});
  CHECK(files.names({"Fast food"}, {.subclasses = true}) == Names{"Fast food", "Hot dog", "French fries"});
  // A pretzel is a snack and a baked good: it is found below both.
  CHECK(files.names({"Snack"}, {.subclasses = true}) == Names{"Pretzel", "Snack"});
  CHECK(files.names({"Baked goods"}, {.subclasses = true}) == Names{"Pretzel", "Baked goods"});
  CHECK(files.names({"Food"}, {.subclasses = true}).size() == 10);
  // None of a person's parts is a class of the table.
  CHECK(files.names({"Person"}, {.parts = true}) == Names{"Person", "Woman", "Man"});
}

TEST_CASE("a part of a class is chosen where parts are wanted, and not with kinds alone") {
  const Scratch scratch;
  const Path table =
      scratch.write("c.csv", "LabelName,DisplayName\n/m/0k4j,Car\n/m/083wq,Wheel\n/m/0199g,Limousine\n");
  const Path hierarchy = scratch.write(
      "h.json",
      R"({"LabelName": "/m/0bl9f", "Subcategory": [{"LabelName": "/m/0k4j", "Part": [{"LabelName": "/m/083wq"}],
          "Subcategory": [{"LabelName": "/m/0199g"}]}]})");
  const auto count = [&](ClassRelatives relatives) {
    return choose_classes(Names{"Car"}, relatives, table, hierarchy).size();
  };
  CHECK(count({}) == 1);
  CHECK(count({.subclasses = true}) == 2);
  CHECK(count({.parts = true}) == 3);
}

TEST_CASE("a class that is not known is refused with those that are nearest") {
  const Files files;
  const Error typo = thrown_by([&] { files.names({"Hotdog"}); });
  CHECK(typo.code() == Code::usage);
  CHECK(typo.place().field == "classes");
  CHECK_THAT(typo.hint_text(), contains("\"Hot dog\""));
  const Error part = thrown_by([&] { files.names({"sandw"}); });
  CHECK_THAT(part.hint_text(), contains("\"Sandwich\""));
  CHECK_THAT(part.hint_text(), contains("\"Submarine sandwich\""));
  CHECK_THAT(thrown_by([&] { files.names({"Zeppelin"}); }).hint_text(), contains("Hot dog"));
  CHECK(thrown_by([&] { files.names({}); }).code() == Code::usage);
}

TEST_CASE("a table whose classes have no MIDs is refused") {
  const Scratch scratch;
  const Path table = scratch.write("c.csv", "LabelName,DisplayName\ncar,Car\n");
  CHECK(thrown_by([&] { choose_classes(Names{"Car"}, {}, table, ""); }).code() == Code::bad_format);
}

TEST_CASE("a table of the chosen classes names what has to be quoted") {
  const std::vector<ChosenClass> classes{{"Hot dog", "/m/01b9xk"}, {"Tree, old", "/m/07j7r"}};
  CHECK(class_table_of(classes) == "LabelName,DisplayName\n/m/01b9xk,Hot dog\n/m/07j7r,\"Tree, old\"\n");
}
