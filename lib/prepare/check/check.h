// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

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
/// As text, two-space indented, a finding at a time, since all of them may be more than memory takes: what
/// `head` holds, findings: [{rule, severity, place: {file, line, field}, message, fix}], counts: {error,
/// warning, note}, rules: {id: n}, items, left_out.
void write_json(const CheckReport& report, const Json& head,
                const std::function<void(std::string_view)>& write);

}  // namespace maskmill
