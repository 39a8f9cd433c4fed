// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace maskmill::html {

/// The style sheet of every page, and the script that shows a picture large. Neither holds a "<" or an "&",
/// so they can stand in XML as they are.
extern const std::string_view kStyleSheet;
extern const std::string_view kScript;

}  // namespace maskmill::html
