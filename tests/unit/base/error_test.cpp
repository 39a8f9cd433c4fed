// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include "catch.h"

using namespace maskmill;

TEST_CASE("an error says place, message and what to do") {
  const Error error = Error(Code::bad_value, "expected a number")
                          .at_line(3)
                          .at_file("a.json")
                          .at_field("bbox")
                          .hint("write a number");
  CHECK(std::string(error.what()) == "a.json:3: bbox: expected a number\nwrite a number");
}

TEST_CASE("the innermost place stays") {
  const Error error = Error(Code::bad_value, "x").at_file("inner.xml").at_line(7).at_file("outer").at_line(1);
  CHECK(error.place() == Place{"inner.xml", 7, ""});
}

TEST_CASE("a place leaves out what is unknown") {
  CHECK(Place{"a", std::nullopt, ""}.text() == "a");
  CHECK(Place{"", 4, ""}.text() == "line 4");
  CHECK(Place{"", std::nullopt, "f"}.text() == "f");
}

TEST_CASE("a file name with control characters cannot break a terminal") {
  CHECK(Place{"a\nb\x1b[31m", std::nullopt, ""}.text() == "a\\nb\\x1b[31m");
}

TEST_CASE("exit codes are those that the documentation promises") {
  CHECK(exit_code(Code::usage) == 2);
  CHECK(exit_code(Code::not_found) == 3);
  CHECK(exit_code(Code::bad_format) == 3);
  CHECK(exit_code(Code::write_failed) == 3);
  CHECK(exit_code(Code::bug) == 4);
  CHECK(exit_code(Code::interrupted) == 130);
}
