// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "dataset/dataset.h"
#include "prepare/check/check.h"

namespace maskmill::tests {

inline CheckReport checked(std::vector<Item> items, LabelMap labels) {
  Metadata metadata;
  metadata.labels = std::move(labels);
  return check(*make_source(metadata, std::move(items)));
}

/// All of them; they are told where the test fails.
inline std::vector<Finding> findings_of(const CheckReport& report) {
  std::vector<Finding> list;
  report.findings.for_each([&](const Finding& finding) {
    UNSCOPED_INFO(finding.rule << ": " << finding.message);
    list.push_back(finding);
  });
  return list;
}

/// The one that there is.
inline Finding only(const std::vector<Finding>& findings) {
  REQUIRE(findings.size() == 1);
  CHECK_FALSE(findings[0].message.empty());
  CHECK_FALSE(findings[0].fix.empty());
  return findings[0];
}

}  // namespace maskmill::tests
