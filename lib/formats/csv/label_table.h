// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/path.h"
#include "formats/mask_files/label_files.h"

namespace maskmill {

/// df_label.csv: columns label_id and label_name, in any order. An id without a name gets one from
/// name_unknown(). Throws Error(bad_format | bad_value) with the line.
LabelFile read_label_table(const Path& file);
std::string label_table_text(const LabelFile& labels);

/// Adds a label for each of `values` that has none: "unknown_x" where x counts, from 1, the ids from 0 on
/// that have no name.
void name_unknown(LabelFile& labels, const std::set<int>& values);

/// The numbers in a cell such as "[0 1 22]", as NumPy prints an array; those that are no value of a mask are
/// left out.
std::set<int> values_listed(std::string_view cell);
/// One number after another, as NumPy prints them but without its line breaks.
std::string listed_values(std::span<const std::uint16_t> values);

}  // namespace maskmill
