// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace maskmill {

/// Of a code point up to U+10FFFF that is no surrogate.
void append_utf8(std::string& text, char32_t character);

}  // namespace maskmill
