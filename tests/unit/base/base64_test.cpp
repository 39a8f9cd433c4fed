// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <rapidcheck.h>

#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE("base 64 is that of RFC 4648, section 10") {
  const std::initializer_list<std::pair<const char*, const char*>> vectors{{"", ""},
                                                                           {"f", "Zg=="},
                                                                           {"fo", "Zm8="},
                                                                           {"foo", "Zm9v"},
                                                                           {"foob", "Zm9vYg=="},
                                                                           {"fooba", "Zm9vYmE="},
                                                                           {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(to_base64(bytes) == text);
    CHECK(from_base64(text) == bytes);
  }
  CHECK(to_base64("\xFB\xFF\xFE") == "+//+");
}

TEST_CASE("base 64 may be broken into lines, escaped, without padding or in a data URI") {
  CHECK(from_base64("Zm9v\nYmFy") == "foobar");
  CHECK(from_base64("Zm9v\\r\\nYmFy") == "foobar");
  CHECK(from_base64("+\\/\\/+") == "\xFB\xFF\xFE");
  CHECK(from_base64("Zm9vYg") == "foob");
  CHECK(from_base64("data:image/png;base64,Zm9v") == "foo");
}

TEST_CASE("what is no base 64 is an error with its place") {
  CHECK_THAT(thrown_by([] { from_base64("Zm9-"); }).message(), contains("\"-\" at place 4"));
  CHECK(thrown_by([] { from_base64("Zm9\\u0076"); }).code() == Code::bad_value);
  CHECK(thrown_by([] { from_base64("Z"); }).code() == Code::bad_value);
  CHECK(thrown_by([] { from_base64("data:image/png"); }).code() == Code::bad_value);
  CHECK(from_base64_start("Zm9vY\\") == "foo");
  CHECK(from_base64_start("Zm9vYg") == "foob");
}

TEST_CASE("any bytes come back from base 64") {
  CHECK(rc::check([](const std::string& bytes) {
    RC_ASSERT(from_base64(to_base64(bytes)) == bytes);
    RC_ASSERT(bytes.starts_with(from_base64_start(to_base64(bytes).substr(0, bytes.size()))));
  }));
}
