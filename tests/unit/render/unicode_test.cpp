// SPDX-License-Identifier: Apache-2.0
#include "render/unicode.h"

#include "base/utf8.h"
#include "catch.h"

using namespace maskmill;

TEST_CASE("UTF-8 is decoded as Unicode's table of well-formed sequences says") {
  CHECK(code_points("aé漢😀") == U"aé漢😀");
  CHECK(code_points("\xC0\xAF") == U"\uFFFD\uFFFD");                      // overlong "/"
  CHECK(code_points("\xF4\x90\x80\x80") == U"\uFFFD\uFFFD\uFFFD\uFFFD");  // past U+10FFFF
  CHECK(code_points("a\xE6\xBC") == U"a\uFFFD\uFFFD");                    // cut off
  CHECK(code_points("\xF4\x8F\xBF\xBF") == U"\U0010FFFF");
}

TEST_CASE("what is decoded is encoded back to the same bytes") {
  for (const char32_t character : {0x1u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xFFFDu, 0x10000u, 0x10FFFFu}) {
    std::string text;
    append_utf8(text, character);
    CHECK(code_points(text) == std::u32string(1, character));
  }
}

TEST_CASE("Latin letters lose their accents, all else that a stroke font lacks is a question mark") {
  CHECK(to_ascii("Straße, Žižek, Łódź, Ångström, œuvre, ÿ") == "Strasse, Zizek, Lodz, Angstrom, oeuvre, y");
  CHECK(to_ascii("“a” – b…") == "\"a\" - b...");
  CHECK(to_ascii("漢字 µ\n") == "?? ??");
  CHECK(to_ascii("\xff") == "?");
}

TEST_CASE("a text is cut where it is too wide, between characters, and says so") {
  CHECK(shortened("cat", 10) == "cat");
  CHECK(shortened("", 0) == "");
  const std::string cut = shortened("漢字漢字漢字", 3.7);
  CHECK(cut == "漢字漢…");
  CHECK(text_width_em(cut) <= 3.7);
  CHECK(shortened("abc", 0.1) == "…");
}
