// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "formats/format.h"
#include "prepare/statistics.h"
#include "render/data_report.h"

namespace maskmill::tools {

DataReport statistics_page(const Statistics& statistics, const LabelMap& labels, const std::string& source,
                           const Format& format);

}  // namespace maskmill::tools
