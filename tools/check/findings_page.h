// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "formats/format.h"
#include "prepare/check/check.h"
#include "render/findings_report.h"

namespace maskmill::tools {

/// What findings of Rule::against are told of.
struct PredictionsOfPage {
  Source& source;
  Path root;  ///< the folder in which they lie
};

/// What a check of `source`, which `name` names, found, with the rules' own words and the first `examples`
/// places of each with pictures: items with what is annotated, and beside it what is predicted, else the
/// files themselves. Reads the items once more.
FindingsReport findings_page(const CheckReport& checked, Source& source, const std::string& name,
                             const Format& format, int examples,
                             const std::vector<PredictionsOfPage>& predictions = {});

}  // namespace maskmill::tools
