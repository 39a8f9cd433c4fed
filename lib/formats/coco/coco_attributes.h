// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "dataset/item.h"

namespace maskmill {

/// Keys of ours in COCO files; other programs pass them over, as the format lets them.
namespace coco_key {
inline constexpr std::string_view kOurs = "maskmill";       ///< in `info`: what follows, as an object
inline constexpr std::string_view kItem = "maskmill_item";  ///< in an image: the item's id
inline constexpr std::string_view kSubset = "subset";       ///< in an image, where one file holds all subsets
inline constexpr std::string_view kAttributes = "attributes";  ///< attributes in an object of their own
}  // namespace coco_key

/// Lists, objects, null and integers beyond 64 bits become JsonText.
AttributeValue attribute_from(const Json& value);
/// JsonText that does not parse becomes a string.
Json json_from(const AttributeValue& value);

/// Replaces the value of an attribute of that name, as a later key of a JSON object does, or appends.
void set_attribute(Attributes& attributes, std::string name, AttributeValue value);

}  // namespace maskmill
