// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace maskmill::tests {

/// Where a JSON document departs from schemas/NAME.schema.json, in words; empty where it fits. Throws
/// std::runtime_error for a schema that is not there, and for text that is not JSON.
std::string departures(const std::string& document, std::string_view name);

}  // namespace maskmill::tests
