// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "dataset/labels.h"
#include "dataset/shapes.h"

namespace maskmill {

/// A mask's stored value for a message: "77" or "colour (128, 0, 0)".
std::string value_in_words(std::int64_t value, const MaskCoding& coding);

/// The name, in quotes, of the label that has this value; without one as above.
std::string label_or_value(std::int64_t value, const MaskCoding& coding, const LabelMap& labels);

}  // namespace maskmill
