// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "formats/format.h"

namespace maskmill {

/// One thing that a target cannot hold as the source has it.
struct Loss {
  std::string what;     ///< "crowd flags"
  std::string outcome;  ///< "dropped", or what it becomes
  std::size_t count = 0;
  Place example;  ///< where it occurs first
};

struct Survey {
  std::vector<Loss> losses;
  /// Some item's annotations become its one label mask, in which background is a label like others.
  bool paints = false;
};

/// Reads every item of `source` (not its pixels), rewinds it, and says what `target` cannot hold. Findings of
/// reading go to `findings`.
Survey survey(Source& source, const Format& target, Findings& findings);

/// One line a loss.
std::string to_text(const std::vector<Loss>& losses);

}  // namespace maskmill
