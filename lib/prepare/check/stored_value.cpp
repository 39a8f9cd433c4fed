// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/stored_value.h"

#include <fmt/format.h>

#include "base/text.h"

namespace maskmill {

std::string value_in_words(std::int64_t value, const MaskCoding& coding) {
  if (coding.kind != MaskCoding::Kind::colour) return std::to_string(value);
  return fmt::format("colour ({}, {}, {})", value >> 16 & 255, value >> 8 & 255, value & 255);
}

std::string label_or_value(std::int64_t value, const MaskCoding& coding, const LabelMap& labels) {
  for (const auto& [stored, label] : coding.values)
    if (stored == value) return in_quotes(labels[label].name);
  for (const auto& [colour, label] : coding.colours)
    if ((colour.r << 16 | colour.g << 8 | colour.b) == value) return in_quotes(labels[label].name);
  return value_in_words(value, coding);
}

}  // namespace maskmill
