// SPDX-License-Identifier: Apache-2.0
#include "dataset/item.h"

#include <algorithm>

namespace maskmill {

const AttributeValue* find_attribute(const Attributes& attributes, std::string_view name) {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const auto& attribute) { return attribute.first == name; });
  return found == attributes.end() ? nullptr : &found->second;
}

}  // namespace maskmill
