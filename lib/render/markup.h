// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "image/image.h"

namespace maskmill {

/// A piece of well-formed XML that a browser also reads as HTML. A type of its own, so that text from a data
/// set cannot be taken for markup: text goes through escaped() or html::text().
struct Markup {
  std::string xml;
};

/// For element content and quoted attribute values. Characters that XML 1.0 does not allow are made visible:
/// control characters as their Unicode pictures (U+2400 on), bytes that are not UTF-8 and the like as U+FFFD.
std::string escaped(std::string_view text);

/// "#rrggbb"
std::string hex(Rgb colour);

/// Black or white, whichever is easier to read on `ground` (WCAG 2's contrast ratio).
Rgb ink_on(Rgb ground);

}  // namespace maskmill
