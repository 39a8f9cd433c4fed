// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/json.h"
#include "dataset/dataset.h"

namespace maskmill {

struct Rule;

/// A repair that a rule calls safe; check/fix.h makes it.
struct PlannedRepair {
  std::size_t position;  ///< of the item, counted over all that the source has
  const Rule* rule;
};

struct CheckReport {
  std::size_t items = 0;               ///< looked at
  std::size_t left_out = 0;            ///< that could not be read at all; a finding says why
  Findings findings;                   ///< the reader's and the rules', in the items' order
  std::vector<PlannedRepair> repairs;  ///< in the items' order; 16 bytes for each item that can be repaired
};

/// Holds a data set against every rule (prepare/check/rule.h). Reads every file once.
CheckReport check(Source& source);

/// Findings by rule with counts and the first examples, and a line of totals.
std::string to_text(const CheckReport& report, std::size_t examples = 5);
/// As text, two-space indented, a finding at a time, since all of them may be more than memory takes: what
/// `head` holds, findings: [{rule, severity, place: {file, line, field}, message, fix,
/// region?: [x, y, width, height], related?: [place]}], counts: {error,
/// warning, note}, rules: {id: n}, items, left_out.
void write_json(const CheckReport& report, const Json& head,
                const std::function<void(std::string_view)>& write);
/// {file, line, field}, those that are known.
Json to_json(const Place& place);

}  // namespace maskmill
