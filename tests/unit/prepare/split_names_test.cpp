// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "prepare/split.h"
#include "prepare/split/given_lists.h"
#include "prepare/split/item_names.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Found = std::vector<std::uint32_t>;

ItemNames names_of(std::initializer_list<const char*> ids) {
  ItemNames names;
  for (const char* id : ids) names.add(id);
  return names;
}

}  // namespace

TEST_CASE("a line names an item by its id, its file or a path to it") {
  ItemNames names = names_of({"scene1/0001", "scene2/0001", "scene1/0002", "a.b", "photo", "two words"});
  for (const char* line : {"scene1/0001", "scene1/0001.png", "./scene1/0001.jpg",
                           "/data/images/scene1/0001.png", "  scene1/0001\r", "images\\scene1\\0001.png",
                           "scene1/0001.png labels/0001.png", "scene1/0001 1 2"}) {
    INFO(line);
    CHECK(names.find(line) == Found{0});
  }
  CHECK(names.find("0002.png") == Found{2});
  CHECK(names.find("a.b") == Found{3});
  CHECK(names.find("a.b.png") == Found{3});
  CHECK(names.find("photo.v2.png").empty());  // the id would be photo.v2
  CHECK(names.find("two words") == Found{5});
  CHECK(names.find("two words.jpg") == Found{5});
  CHECK(names.find("0001").size() == 2);
  CHECK(names.find("scene3/0001").empty());
  CHECK(names.find("001").empty());
  CHECK(names.find("").empty());
}

TEST_CASE("of ids in which a path ends, the longest is meant") {
  ItemNames names = names_of({"0001", "scene1/0001"});
  CHECK(names.find("scene1/0001.png") == Found{1});
  CHECK(names.find("x/scene1/0001") == Found{1});
  CHECK(names.find("scene2/0001") == Found{0});
  CHECK(names.find("0001") == Found{0});
}

TEST_CASE("lists say subsets; lines that name nothing, twice or several are found with their numbers") {
  const Scratch scratch;
  ItemNames names = names_of({"a", "b", "x/c", "y/c", "d"});
  scratch.write("lists/val.txt", "b.png\n");
  scratch.write("lists/train.txt", "\xEF\xBB\xBF# what we train on\r\na\r\n\r\nzebra\r\nc\r\na\r\n");
  scratch.write("lists/readme.md", "d\n");
  Findings findings;
  const GivenSubsets given = read_lists({(scratch / "lists").string()}, names, findings);
  CHECK(given.names == std::vector<std::string>{"train", "val"});
  CHECK(given.subset_of == std::vector<int>{0, 1, -1, -1, -1});
  std::vector<std::pair<std::string, std::size_t>> found;
  findings.for_each([&](const Finding& finding) {
    CHECK_THAT(finding.place.file, contains("train.txt"));
    found.emplace_back(finding.rule, finding.place.line.value());
  });
  CHECK(found == std::vector<std::pair<std::string, std::size_t>>{
                     {"listed-absent", 4}, {"listed-ambiguous", 5}, {"listed-twice", 6}});
  CHECK(findings.count(Severity::error) == 2);
}

TEST_CASE("an item in two lists is an error that names both lines") {
  const Scratch scratch;
  ItemNames names = names_of({"a", "b"});
  const std::string train = scratch.write("train.txt", "a\nb\n").string(),
                    val = scratch.write("val.txt", "\nb\n").string();
  Findings findings;
  const Error error = thrown_by([&] { read_lists({train, val}, names, findings); });
  CHECK(error.code() == Code::bad_value);
  CHECK(error.place().line == 2);
  CHECK_THAT(error.what(), contains("train.txt:2") && contains("val.txt"));
  CHECK(thrown_by([&] { read_lists({(scratch / "none.txt").string()}, names, findings); }).code() ==
        Code::not_found);
  fs::create_directory(scratch / "empty");
  CHECK(thrown_by([&] { read_lists({(scratch / "empty").string()}, names, findings); }).code() ==
        Code::not_found);
  CHECK(thrown_by([&] { read_lists({train, train}, names, findings); }).code() == Code::usage);
}

TEST_CASE("items in no list are left out, and said") {
  const Scratch scratch;
  std::vector<Item> items(3);
  for (std::size_t i = 0; i < items.size(); ++i) items[i].id = "i" + std::to_string(i);
  SplitSettings settings;
  settings.lists = {scratch.write("test.txt", "i2\ni0\nnone\n").string()};
  SplitReport report;
  Findings findings;
  const auto divided = split(make_source({}, items), settings, report, findings);
  CHECK(read_all(*divided, findings).size() == 2);
  CHECK(report.unused == 1);
  CHECK(report.unused_lines == 1);
  CHECK_FALSE(report.subsets[0].wanted);
  CHECK(findings.by_rule().at("unlisted") == 1);
}
