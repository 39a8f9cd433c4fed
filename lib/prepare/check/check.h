// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/finding.h"
#include "base/json.h"
#include "dataset/dataset.h"

namespace maskmill {

struct CheckReport {
  std::size_t items = 0;     ///< looked at
  std::size_t left_out = 0;  ///< that could not be read at all; a finding says why
  Findings findings;         ///< the reader's and the rules', in the items' order
};

/// Holds a data set against every rule (prepare/check/rule.h). Reads every file once.
CheckReport check(Source& source);

/// Findings by rule with counts and the first examples, and a line of totals.
std::string to_text(const CheckReport& report, std::size_t examples = 5);
/// {findings: [{rule, severity, place: {file, line, field}, message, fix}], counts: {error, warning, note},
/// rules: {id: n}, items, left_out}
Json to_json(const CheckReport& report);

}  // namespace maskmill
