// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "formats/format.h"
#include "prepare/check/check.h"
#include "render/findings_report.h"

namespace maskmill::tools {

/// What a check found, with the rules' own words and the pictures of the first `examples` places of each.
FindingsReport findings_page(const CheckReport& checked, const std::string& source, const Format& format,
                             int examples);

}  // namespace maskmill::tools
