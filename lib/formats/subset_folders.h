// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace maskmill {

/// True for the names, in any case, by which a folder is taken for a subset though nothing says so: train,
/// training, trainval, val, valid, validation, test, testing.
bool is_usual_subset(std::string_view folder);

/// Makes the names unique, in the order in which the usual ones are listed above and then bytewise.
void sort_subsets(std::vector<std::string>& subsets);

/// The first part of a relative path of several, else nothing.
std::string_view first_folder(std::string_view name);

}  // namespace maskmill
