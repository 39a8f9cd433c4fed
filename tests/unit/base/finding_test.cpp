// SPDX-License-Identifier: Apache-2.0
#include "base/finding.h"

#include "catch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Finding numbered(int i) {
  Finding finding{i % 3 == 0 ? "a" : "b",
                  static_cast<Severity>(i % 3),
                  {"f\xFF\n" + std::to_string(i), 7, "field"},
                  "m\"\xC3\xA9",
                  "fix"};
  if (i % 2 == 0) finding.region = {-1, 0.1, i / 3.0, 1e9};
  if (i % 5 == 0) finding.related = {{"o\xFE", {}, ""}, {"", 3, "x"}};
  return finding;
}

}  // namespace

TEST_CASE("findings past the limit in memory come back unchanged and in order, whatever bytes they hold") {
  Findings findings(10);
  for (int i = 0; i < 1000; ++i) findings.add(numbered(i));
  CHECK(findings.size() == 1000);
  CHECK(findings.count(Severity::note) == 334);
  CHECK(findings.by_rule().at("b") == 666);
  for (int pass = 0; pass < 2; ++pass) {
    int next = 0;
    findings.for_each([&](const Finding& finding) { REQUIRE(finding == numbered(next++)); });
    CHECK(next == 1000);
  }
  findings.add(numbered(1000));
  std::size_t seen = 0;
  findings.for_each([&](const Finding&) { ++seen; });
  CHECK(seen == 1001);
}

TEST_CASE("a place without a line stays without one") {
  Findings findings(0);
  findings.add({"r", Severity::error, {"f", std::nullopt, ""}, "m", ""});
  findings.for_each([](const Finding& finding) { CHECK_FALSE(finding.place.line.has_value()); });
}

TEST_CASE("the first of each rule is an example") {
  Findings findings(2);
  CHECK(findings.examples().empty());
  for (int i = 0; i < 7; ++i) findings.add(numbered(i));
  const std::vector<Finding> examples = findings.examples();
  REQUIRE(examples.size() == findings.by_rule().size());
  for (const Finding& example : examples) {
    int first = 0;
    while (numbered(first).rule != example.rule) ++first;
    CHECK(example == numbered(first));
  }
}

TEST_CASE("a command that is left with nothing says what was wrong with the first") {
  Findings findings;
  CHECK_THAT(nothing_left("nothing", findings).message(), !contains("first"));
  findings.add({"r", Severity::warning, {"f", 1, ""}, "may be", ""});
  findings.add({"r", Severity::error, {"g", 2, ""}, "is broken", "mend it"});
  findings.add({"r", Severity::error, {"h", 3, ""}, "too", ""});
  const Error error = nothing_left("nothing", findings);
  CHECK(error.message() == "nothing; the first: g:2: is broken");
  CHECK(error.hint_text() == "mend it");
}

TEST_CASE("an error becomes a finding with all it knew") {
  const Finding finding =
      to_finding(Error(Code::bad_value, "m").at_file("f").at_line(2).hint("h"), "rule", Severity::warning);
  CHECK(finding == Finding{"rule", Severity::warning, {"f", 2, ""}, "m", "h"});
  const Error back = to_error(finding);
  CHECK(back.place() == Place{"f", 2, ""});
  CHECK(back.message() == "m");
  CHECK(back.hint_text() == "h");
}
