// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE("broken JSON is refused with its file and line") {
  const Error error = thrown_by([] { parse_json("{\n\"a\": 1,\n\"b\": }", "x.json"); });
  CHECK(error.code() == Code::bad_format);
  CHECK(error.place() == Place{"x.json", 3, ""});
}

TEST_CASE("deep nesting is refused before the stack is") {
  const Error error = thrown_by([] { parse_json(std::string(1'000'000, '['), "deep.json"); });
  CHECK_THAT(error.message(), contains("200 levels"));
  CHECK(error.place().file == "deep.json");
}

TEST_CASE("a byte order mark and the keys' order are kept to themselves") {
  CHECK(to_line(parse_json("\xEF\xBB\xBF{\"z\":1,\"a\":2}", "x")) == "{\"z\":1,\"a\":2}");
}

TEST_CASE("text that is not UTF-8 is written, not thrown") {
  CHECK(to_line(Json("a\xFF")) == "\"a\xEF\xBF\xBD\"");
}
