// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "dataset/item.h"
#include "dataset/labels.h"

namespace maskmill {

/// CVAT writes every attribute as text; its definition says what it means: a checkbox is true or false, a
/// number a number. A text that the value would not give back stays one: "007", "1e3".
AttributeValue cvat_value(const std::string& text, const AttributeDefinition* definition);
std::string cvat_value_text(const AttributeValue& value);

const AttributeDefinition* find_definition(const Label& label, std::string_view name);

}  // namespace maskmill
