// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "base/json_field.h"
#include "dataset/labels.h"

namespace maskmill {

/// How documents of ours, labels.json and a run's model.json, write a label:
///
///     {"name": "road", "id": 7, "color": [128, 64, 128], "role": "object", "supercategory": "flat",
///      "kind": "stuff"}
///
/// Only "name" must be there. "role": object (the default), background or ignore. "kind": thing or stuff.
/// Attribute definitions and skeletons are not written.
inline constexpr std::array<std::string_view, 6> kLabelKeys{"name",          "id",   "color",
                                                            "supercategory", "role", "kind"};

/// What differs from a label's defaults. Throws Error(bad_value) for a name that is not UTF-8.
Json to_json(const Label& label);

/// Throws Error(bad_value) at the field that is wrong. Keys besides are the caller's.
Label label_from(const JsonField& field);

}  // namespace maskmill
