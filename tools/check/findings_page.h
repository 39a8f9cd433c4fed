// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "formats/format.h"
#include "prepare/check/check.h"
#include "render/findings_report.h"

namespace maskmill::tools {

/// What a check of `source`, which `name` names, found, with the rules' own words and the pictures of the
/// first `examples` places of each: items with what is annotated, else the files themselves. Reads the items
/// once more.
FindingsReport findings_page(const CheckReport& checked, Source& source, const std::string& name,
                             const Format& format, int examples);

}  // namespace maskmill::tools
