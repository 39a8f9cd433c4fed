// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <chrono>

#include "base/text.h"
#include "catch.h"
#include "formats/yolo/yaml_document.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE("a document is read with its lines, and the last of equal keys counts") {
  const YamlNode document = parse_yaml("# note\na: 1\nb: [x, 'y z', ~]\na: 2\nc:\n  0: q\n");
  REQUIRE(document.find("a"));
  CHECK(document.find("a")->text == "2");
  CHECK(document.find("a")->line == 4);
  const YamlNode& list = *document.find("b");
  REQUIRE(list.children.size() == 3);
  CHECK(list.children[1].text == "y z");
  CHECK(list.children[1].quoted);
  CHECK(list.children[2].kind == YamlNode::Kind::null);
  CHECK(document.find("c")->find("0")->text == "q");
  CHECK_FALSE(document.find("d"));
}

TEST_CASE("an alias stands for what it names") {
  const YamlNode document = parse_yaml("train: &t images/train\nval: *t\nx: &l [1, 2]\ny: *l\n");
  CHECK(document.find("val")->text == "images/train");
  CHECK(document.find("y")->children.size() == 2);
}

TEST_CASE("aliases, depth and size cannot fill memory or time") {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'l'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i ? ", *" : "*") + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  CHECK(thrown_by([&] { parse_yaml(bomb); }).code() == Code::unsupported);
  std::string long_text = "a: &a " + std::string(1 << 20, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i) long_text += "*a, ";
  CHECK(thrown_by([&] { parse_yaml(long_text + "]"); }).code() == Code::unsupported);
  for (const char* deep : {"[", "{a: ", "- ", "? ", "{[", "!x [", "&a [", "- ? "}) {
    INFO(deep);
    std::string text;
    while (text.size() < (1 << 20)) text += deep;
    const auto begin = std::chrono::steady_clock::now();
    CHECK(thrown_by([&] { parse_yaml(text); }).code() != Code::bug);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  }
  CHECK(thrown_by([] { parse_yaml("a: &a [*a]"); }).code() == Code::bad_format);
  const Scratch scratch;
  CHECK(thrown_by([&] {
          read_yaml(scratch.write("big.yaml", std::string(kMostYamlBytes + 1, '#')));
        }).code() == Code::unsupported);
}

TEST_CASE("what is no YAML is an error with its line") {
  const Error error = thrown_by([] { parse_yaml("a: 1\nb: [1, 2\nc: }\n"); });
  CHECK(error.code() == Code::bad_format);
  CHECK(error.place().line.has_value());
}

TEST_CASE("a text is written so that it is read as that text") {
  CHECK(yaml_text("traffic light") == "traffic light");
  for (const char* reserved : {"no",   "Yes",  "null", "on", "1",    "1.5",        "0x1", "",     "~",  "- a",
                               "a: b", "a #b", " a",   "a ", "'",    "[",          "{",   "*a",   "&a", "!a",
                               "%",    "@",    "`",    "<<", ".inf", "2026-01-01", "=",   "1_000"}) {
    INFO(reserved);
    CHECK(yaml_text(reserved) == "\"" + std::string(reserved) + "\"");
  }
  CHECK(yaml_text("a\"\\\n\t\x01\x7f") == "\"a\\\"\\\\\\n\\t\\x01\\x7F\"");
  CHECK(yaml_text("\xC3\xA9\xF0\x9F\x98\x80") == "\"\xC3\xA9\xF0\x9F\x98\x80\"");
  CHECK(yaml_text("\xC2\x85\xE2\x80\xA8") == "\"\\x85\\u2028\"");
  CHECK(thrown_by([] { yaml_text("\xFF"); }).code() == Code::bad_value);
  const bool holds = rc::check([] {
    std::string text;
    for (int i = *rc::gen::inRange(0, 9); i > 0; --i)
      text += *rc::gen::oneOf(
          rc::gen::map(rc::gen::inRange(1, 128), [](int c) { return std::string(1, static_cast<char>(c)); }),
          rc::gen::element<std::string>("\xC2\x80", "\xC2\x85", "\xC2\xA0", "\xE2\x80\xA9", "\xEF\xBB\xBF",
                                        "\xEF\xBF\xBF", "\xC3\xA9", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", ": ",
                                        " #", "\r\n"));
    const YamlNode node = parse_yaml(yaml_text(text) + ": " + yaml_text(text) + "\n");
    RC_ASSERT(node.find(text));
    RC_ASSERT(node.find(text)->text == text);
  });
  CHECK(holds);
}

TEST_CASE("values of each kind come back as they were") {
  for (const AttributeValue& value :
       {AttributeValue(true), AttributeValue(std::int64_t{-7}), AttributeValue(1.5),
        AttributeValue(std::string("no")), AttributeValue(std::string("12")),
        AttributeValue(JsonText{R"({"a b":[1,"2",null,{}],"c":"no"})"})}) {
    const YamlNode node = parse_yaml("k: " + yaml_value(value) + "\n");
    CHECK(attribute_from(*node.find("k")) == value);
  }
}
