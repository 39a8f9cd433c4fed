// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "prepare/advice/closest_layout.h"

namespace maskmill {

/// Lines: what lies there, what it comes closest to, what differs.
std::string advice_text(const std::vector<PictureFolder>& found, const std::vector<LikelyPairs>& pairs);

/// Commands for a POSIX shell, one a line, after which `folder` can be read; empty where there are none to
/// give.
std::string advice_commands(const Path& folder, const std::vector<PictureFolder>& found,
                            const std::vector<LikelyPairs>& pairs);

}  // namespace maskmill
