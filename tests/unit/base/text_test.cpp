// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include "catch.h"

using namespace maskmill;

TEST_CASE("the nearest name is one typo away, or none is named") {
  const std::vector<std::string> names{"coco", "voc", "pairs", "trimaps"};
  CHECK(nearest_name("cocoo", names) == "coco");
  CHECK(nearest_name("pair", names) == "pairs");
  CHECK(nearest_name("trimap", names) == "trimaps");
  CHECK_FALSE(nearest_name("something-else", names).has_value());
  CHECK_FALSE(nearest_name("x", {}).has_value());
}

TEST_CASE("lines end with LF or CRLF; a byte order mark is no part of the first") {
  CHECK(lines_of("\xEF\xBB\xBF"
                 "a\r\nb\n\nc") == std::vector<std::string_view>{"a", "b", "", "c"});
  CHECK(lines_of("a\n") == std::vector<std::string_view>{"a"});
  CHECK(lines_of("").empty());
}

TEST_CASE("numbers are the whole text and finite") {
  CHECK(to_integer("-12") == -12);
  CHECK(to_number("1e-3") == 0.001);
  for (const char* text : {"", " 1", "1 ", "12x", "0x10", "1,5"}) {
    CHECK_FALSE(to_integer(text).has_value());
    CHECK_FALSE(to_number(text).has_value());
  }
  for (const char* text : {"nan", "inf", "-inf", "1e999"}) CHECK_FALSE(to_number(text).has_value());
  CHECK_FALSE(to_integer("99999999999999999999").has_value());
}

TEST_CASE("UTF-8 is told from what only looks like it") {
  for (const char* text : {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) CHECK(is_utf8(text));
  for (const char* text :
       {"\xFF", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3", "a\x80"})
    CHECK_FALSE(is_utf8(text));
}

TEST_CASE("what is quoted in a message can be read on a terminal") {
  CHECK(in_quotes("a\tb\xFF") == "\"a\\tb\\xff\"");
  CHECK(in_quotes(std::string(200, 'x')).size() == 80 + 5);
  CHECK(is_utf8(in_quotes(std::string(79, 'x') + "\xE2\x82\xAC")));
}

TEST_CASE("thousands, counts, splitting and joining") {
  CHECK(with_thousands(0) == "0");
  CHECK(with_thousands(999) == "999");
  CHECK(with_thousands(1234567) == "1,234,567");
  CHECK(counted(1, "file") == "1 file");
  CHECK(counted(1000, "file") == "1,000 files");
  CHECK(split_text("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
  CHECK(split_text("", ',') == std::vector<std::string>{""});
  CHECK(trimmed(" \t a b\r\n") == "a b");
}
