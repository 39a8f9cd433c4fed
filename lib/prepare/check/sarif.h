// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include "base/finding.h"
#include "base/path.h"

namespace maskmill {

/// Writes findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format", 2020), which code
/// hosts and editors show: the rules that found something with why they matter and what to do, and a result
/// each finding. Files are URIs relative to the working directory where their paths are. A result's
/// fingerprint is that of prepare/check/baseline.h, so it stays the same when the data set is moved. A
/// finding at a time; memory does not grow with them.
void write_sarif(const Findings& findings, const Path& root,
                 const std::function<void(std::string_view)>& write);

/// `path` as a URI reference (RFC 3986): relative as it is, absolute as file:///.
std::string uri_of(const Path& path);

}  // namespace maskmill
