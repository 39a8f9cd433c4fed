// SPDX-License-Identifier: Apache-2.0
#include "render/markup.h"

#include "base/base64.h"
#include "catch.h"
#include "xml.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE("what is escaped comes back from an XML parser as it was, in text and in attributes") {
  const std::string words = "a < b & c > d \"e\" 'f' ]]> &amp; <script>alert(1)</script> é 漢 😀";
  const Element root = parse_xml("<a b=\"" + escaped(words) + "\">" + escaped(words) + "</a>");
  CHECK(root.text == words);
  CHECK(root.attribute("b") == words);
}

TEST_CASE("every byte, alone and beside a letter, makes well-formed XML") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const std::string words = std::string(1, c) + "x" + c;
    INFO("byte " << byte);
    const Element root = parse_xml("<a b='" + escaped(words) + "'>" + escaped(words) + "</a>");
    CHECK(root.text.find('x') != std::string::npos);
  }
}

TEST_CASE("characters that XML does not allow are made visible, not dropped") {
  CHECK(escaped(std::string_view("\0", 1)) == "\u2400");
  CHECK(escaped("\x1b[31m") == "\u241b[31m");
  CHECK(escaped("\x7f") == "\u2421");
  CHECK(escaped("\r\n") == "\u240d\n");
  CHECK(escaped("\xEF\xBF\xBF") == "\uFFFD");              // U+FFFF
  CHECK(escaped("\xED\xA0\x80") == "\uFFFD\uFFFD\uFFFD");  // a lone surrogate
}

TEST_CASE("base64 agrees with RFC 4648's examples") {
  CHECK(to_base64("") == "");
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foo") == "Zm9v");
  CHECK(to_base64("foob") == "Zm9vYg==");
  CHECK(to_base64("fooba") == "Zm9vYmE=");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  CHECK(to_base64("\xff\xfe\xfd") == "//79");
}

TEST_CASE("a colour is six hexadecimal digits, and its ink the one that reads better") {
  CHECK(hex({0, 128, 255}) == "#0080ff");
  CHECK(ink_on({255, 255, 0}) == Rgb{0, 0, 0});
  CHECK(ink_on({0, 0, 128}) == Rgb{255, 255, 255});
  CHECK(ink_on({0, 0, 0}) == Rgb{255, 255, 255});
  CHECK(ink_on({255, 255, 255}) == Rgb{0, 0, 0});
}
