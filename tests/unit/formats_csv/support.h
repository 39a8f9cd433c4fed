// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace maskmill::tests {

/// The first row of a table with all columns that say what a mask holds.
inline constexpr const char* kHeader = "img_rgb,img_mask,label_min,label_max,label_unique,label_id_list\n";

}  // namespace maskmill::tests
