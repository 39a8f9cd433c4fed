// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "prepare/check/check.h"
#include "prepare/convert.h"

namespace maskmill {

struct FixReport {
  ConvertReport written;
  std::map<std::string, std::size_t> repairs;  ///< applied, by rule
  Findings done;          ///< what was done where, in the items' order, and what else convert met
  CheckReport remaining;  ///< of the copy
};

/// Writes a copy of `source` as `target` in which the repairs that `checked`, a report of the same source,
/// names are made, and checks that copy. Rules declare what is safe (prepare/check/rule.h); items that
/// nothing can read are left out, and everything else stays as it is. Throws Error as convert.
FixReport fix(Source& source, const CheckReport& checked, const Format& target, const CreateRequest& request,
              Provenance provenance);

std::string to_text(const FixReport& report, const std::string& output);
/// {items, left_out, repairs: [{rule, place, done}], remaining: {error, warning, note}}
Json to_json(const FixReport& report);

}  // namespace maskmill
