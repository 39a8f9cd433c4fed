// SPDX-License-Identifier: Apache-2.0
#include "formats/json_elements.h"

#include <sys/stat.h>

#include <boost/filesystem.hpp>
#include <fstream>

#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

struct Found {
  std::vector<std::string> elements;  // "key line text"
  std::vector<std::string> values;    // "key line text", read back by their place
};

Found scanned(std::string_view text) {
  const Scratch scratch;
  const SharedFile file(scratch.write("a.json", text));
  Found found;
  JsonVisitor visitor;
  visitor.is_list = [](const std::string& key) { return key == "list"; };
  visitor.list = [](const std::string&) {};
  const auto entry = [](const std::string& key, const JsonRange& where, std::string_view bytes) {
    return key + " " + std::to_string(where.line) + " " + std::string(bytes);
  };
  visitor.element = [&](const std::string& key, const JsonRange& where, std::string_view bytes) {
    std::string again;
    file.read(where.offset, where.length, again);
    CHECK(std::string_view(again).substr(0, where.length) == bytes);
    found.elements.push_back(entry(key, where, bytes));
  };
  visitor.value = [&](const std::string& key, const JsonRange& where) {
    std::string bytes;
    file.read(where.offset, where.length, bytes);
    found.values.push_back(entry(key, where, std::string_view(bytes).substr(0, where.length)));
  };
  scan(file, visitor);
  return found;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("the elements of lists and the other values are found with their lines") {
  const Found found =
      scanned("{\"a\": {\"x\": [1]},\n \"list\": [ {\"b\": 2},\n\n[3] , \"]\",4 ],\n\"c\":null}\n");
  CHECK(found.elements == Texts{"list 2 {\"b\": 2}", "list 4 [3]", "list 4 \"]\"", "list 4 4"});
  CHECK(found.values == Texts{"a 1 {\"x\": [1]}", "c 5 null"});
}

TEST_CASE("a string ends at its quote, whatever is escaped in it and wherever it is read in pieces") {
  // Around the sizes of the windows in which the file is read.
  for (const std::size_t length : {0U, 1U, 32750U, 32760U, 32768U, 65536U, 1048570U, 1048576U})
    for (const char* end : {"", R"(\\)", R"(\")", R"(\\\")", R"(\"\\\"x)"}) {
      const std::string string = '"' + std::string(length, 'a') + end + '"';
      const std::string many = '"' + [&] {
        std::string text;
        while (text.size() < length) text += R"(\\o]\"{)";
        return text;
      }() + '"';
      const Found found =
          scanned("{\"list\": [" + string + ", " + many + ", {\"k\": " + string + "}], \"v\": " + many + "}");
      CHECK(found.elements == Texts{"list 1 " + string, "list 1 " + many, "list 1 {\"k\": " + string + "}"});
      CHECK(found.values == Texts{"v 1 " + many});
    }
}

TEST_CASE("the members of an object are found one by one, or those of the whole document") {
  const Scratch scratch;
  const auto members_of = [&](std::string_view text, const std::string& object) {
    const SharedFile file(scratch.write("a.json", text));
    Texts found;
    JsonVisitor visitor;
    visitor.is_object = [&](const std::string& key) { return key == object; };
    visitor.is_list = [](const std::string&) { return false; };
    visitor.member = [&](const std::string& key, const std::string& name, const JsonRange& where,
                         std::string_view bytes) {
      std::string again;
      file.read(where.offset, where.length, again);
      CHECK(std::string_view(again).substr(0, where.length) == bytes);
      found.push_back(key + "." + name + " " + std::to_string(where.line) + " " + std::string(bytes));
    };
    visitor.value = [&](const std::string& key, const JsonRange&) { found.push_back(key); };
    scan(file, visitor);
    return found;
  };
  CHECK(members_of("{\"a\": 1,\n\"o\": {\"x\": [2],\n\"\\u0079\": {}}, \"b\": {\"z\": 3}}", "o") ==
        Texts{"a", "o.x 2 [2]", "o.y 3 {}", "b"});
  CHECK(members_of("{\"a\": 1,\n\"a\": {\"x\": \"}\"}}", "") == Texts{".a 1 1", ".a 2 {\"x\": \"}\"}"});
  CHECK(members_of("{\"o\": {}}", "o").empty());
  CHECK(members_of("{\"o\": [1]}", "o") == Texts{"o"});
  const std::string wide(3'000'000, 'w');  // more than a window
  CHECK(members_of("{\"o\": {\"x\": \"" + wide + "\", \"y\": 2}}", "o") ==
        Texts{"o.x 1 \"" + wide + "\"", "o.y 1 2"});
}

TEST_CASE("empty objects and lists hold nothing") {
  CHECK(scanned("{}").values.empty());
  const Found found = scanned("{\"list\":[],\"a\":[],\"b\":{}}");
  CHECK(found.elements.empty());
  CHECK(found.values == Texts{"a 1 []", "b 1 {}"});
}

TEST_CASE("what stands where a list is expected is a value") {
  const std::string value = GENERATE("null", "{}", "\"[]\"", "{\"a\": [1]}", "7");
  const Found found = scanned("{\"list\":\n\n" + value + "}");
  CHECK(found.elements.empty());
  CHECK(found.values == Texts{"list 3 " + value});
}

TEST_CASE("brackets and quotes in strings are text") {
  const Found found = scanned(R"({"list": ["\"]}", "\\", {"k}": "[\\\""}]})");
  CHECK(found.elements == Texts{R"(list 1 "\"]}")", R"(list 1 "\\")", R"(list 1 {"k}": "[\\\""})"});
}

TEST_CASE("keys are compared as what they stand for, not as they are written") {
  CHECK(scanned("{\"l\\u0069st\": [1]}").elements == Texts{"list 1 1"});
  CHECK_THROWS_AS(scanned("{\"list\": [], \"l\\u0069st\": []}"), Error);
}

TEST_CASE("a byte order mark and CRLF are passed over") {
  const Found found = scanned("\xEF\xBB\xBF{\r\n\"list\":\r\n[1,\r\n2]}\r\n");
  CHECK(found.elements == Texts{"list 3 1", "list 4 2"});
}

TEST_CASE("elements longer than the window are whole") {
  const std::string longest = "\"" + std::string(5'000'000, 'x') + "\"";
  const std::string filler(1'500'000, ' ');
  const Found found = scanned("{\"list\":[" + longest + "," + filler + "{\"a\":1},\n" + longest +
                              "], \"b\": " + longest + "}");
  REQUIRE(found.elements.size() == 3);
  CHECK(found.elements[0] == "list 1 " + longest);
  CHECK(found.elements[1] == "list 1 {\"a\":1}");
  CHECK(found.elements[2] == "list 2 " + longest);
  CHECK(found.values == Texts{"b 2 " + longest});
}

TEST_CASE("an element at every offset from the window's end is whole") {
  for (std::size_t before = (1 << 20) - 40; before <= (1 << 20) + 2; ++before) {
    const std::string start = "{\"list\":[";
    const std::string text =
        start + std::string(before - start.size(), '\n') + "{\"key\\\\\": \"v\\\"}\"}, 12]}";
    const Found found = scanned(text);
    REQUIRE(found.elements.size() == 2);
    CHECK(found.elements[0].ends_with(" {\"key\\\\\": \"v\\\"}\"}"));
    CHECK(found.elements[1].ends_with(" 12"));
  }
}

TEST_CASE("an element beyond the limit is passed over, its neighbours are not") {
  const Scratch scratch;
  const std::string start = "{\"list\": [1, \"";
  const Path path = scratch.write("a.json", start);
  fs::resize_file(path, start.size() + kMaxJsonElement + (4 << 20));  // a hole, which costs no disk
  std::ofstream(path.string(), std::ios::binary | std::ios::app) << "\", 2]}";
  const SharedFile file(path);
  Texts texts;
  JsonVisitor visitor;
  visitor.is_list = [](const std::string&) { return true; };
  visitor.list = [](const std::string&) {};
  visitor.element = [&](const std::string&, const JsonRange&, std::string_view text) {
    texts.emplace_back(text);
  };
  scan(file, visitor);
  CHECK(texts == Texts{"1", "", "2"});
}

TEST_CASE("what is not one JSON object is refused with its line") {
  const auto [text, line, message] = GENERATE(table<std::string, std::size_t, std::string>({
      {"", 1, "found the end of the file"},
      {"\n\n", 3, "the file ends in the middle"},
      {"[1]", 1, "expected one JSON object; found \"[\""},
      {"{\"a\": 1}\n{", 2, "expected the end of the file"},
      {"{\"a\": 1\n \"b\": 2}", 2, "expected ',' or '}'"},
      {"{\"a\" 1}", 1, "expected ':'"},
      {"{\"a\":\n}", 2, "expected a value"},
      {"{a: 1}", 1, "expected a key in quotes"},
      {"{\"a\": 1,}", 1, "expected a key in quotes"},
      {"{\"list\": [1\n2]}", 2, "expected ',' or ']'"},
      {"{\"list\": [1,]}", 1, "expected a value"},
      {"{\"list\": [,1]}", 1, "expected a value"},
      {"{\"list\": [{]}]}", 1, "']' closes a '{'"},
      {"{\"list\": [\n{\"a\": \"\n", 3, "the file ends in the middle"},
      {"{\"a\": 1,\n\"a\": 2}", 2, "the key \"a\" occurs twice"},
      {"{\"\\ud800\": 1}", 1, "not valid JSON"},
  }));
  CAPTURE(text);
  const Error error = thrown_by([&text = text] { scanned(text); });
  CHECK(error.code() == Code::bad_format);
  CHECK(error.place().line == line);
  CHECK_THAT(error.message(), contains(message));
}

TEST_CASE("nesting is bounded") {
  CHECK(scanned("{\"list\": [" + std::string(200, '[') + std::string(200, ']') + "]}").elements.size() == 1);
  const Error error = thrown_by([] { scanned("{\"list\": [\n" + std::string(1'000'000, '[')); });
  CHECK_THAT(error.message(), contains("nested deeper than 200 levels"));
  CHECK(error.place().line == 2u);
}

TEST_CASE("a folder, a missing file and a pipe are not read") {
  const Scratch scratch;
  CHECK(thrown_by([&] { SharedFile file(scratch.path()); }).code() == Code::unreadable);
  CHECK(thrown_by([&] { SharedFile file(scratch / "absent.json"); }).code() == Code::not_found);
  REQUIRE(::mkfifo((scratch / "pipe.json").c_str(), 0600) == 0);
  CHECK(thrown_by([&] { SharedFile file(scratch / "pipe.json"); }).code() == Code::unreadable);
}

TEST_CASE("a file that holds one list is walked too") {
  const Scratch scratch;
  const auto elements = [&](std::string_view text) {
    const SharedFile file(scratch.write("a.json", text));
    Texts found;
    scan_list(file, [&](const JsonRange& where, std::string_view bytes) {
      found.push_back(std::to_string(where.line) + " " + std::string(bytes));
    });
    return found;
  };
  CHECK(elements("\xEF\xBB\xBF [{\"a\": [1]},\n 2 ,\"]\"]\n") == Texts{"1 {\"a\": [1]}", "2 2", "2 \"]\""});
  CHECK(elements("[]").empty());
  for (const char* bad : {"", "{}", "[1", "[1,]", "[1] 2", "[1}", "[,]"}) {
    INFO(bad);
    CHECK_THROWS_AS(elements(bad), Error);
  }
}
