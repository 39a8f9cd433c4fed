// SPDX-License-Identifier: Apache-2.0
#include "base/finding.h"

#include "catch.h"

using namespace maskmill;

namespace {

Finding numbered(int i) {
  return {i % 3 == 0 ? "a" : "b",
          static_cast<Severity>(i % 3),
          {"f\xFF\n" + std::to_string(i), 7, "field"},
          "m\"\xC3\xA9",
          "fix"};
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

TEST_CASE("an error becomes a finding with all it knew") {
  const Finding finding =
      to_finding(Error(Code::bad_value, "m").at_file("f").at_line(2).hint("h"), "rule", Severity::warning);
  CHECK(finding == Finding{"rule", Severity::warning, {"f", 2, ""}, "m", "h"});
}
