// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace maskmill {

/// What is said of a kind of finding wherever it is listed.
struct Description {
  std::string_view title;  ///< what is wrong, in a few words
  std::string_view harm;   ///< what it does to training; empty for what only a reader reports
  std::string_view fix;    ///< what to do; empty where each finding says it
};

/// Of a rule's id or a reader's; all empty for an id that neither has.
Description description_of(std::string_view rule);

}  // namespace maskmill
