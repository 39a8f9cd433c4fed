// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "dataset/dataset.h"

namespace maskmill {

/// What becomes of an item whose id an earlier data set has.
enum class SameId {
  refuse,  ///< Error
  rename,  ///< its id gets the data set's name before it: "second/a"
  skip     ///< it is left out, with a finding
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<SameId>{"refuse", "rename", "skip"};

struct MergeInput {
  std::string name;  ///< for ids and messages
  std::unique_ptr<Source> source;
};

/// Several data sets as one, a data set after the other. Labels are the same where their names are; what the
/// first data set says of a label holds, and where a later one says otherwise of its id, colour, role,
/// supercategory or kind is a finding "labels-differ". An id that another label has already is dropped. Reads
/// every item once, here, for the ids; keeps a hash of each. Throws Error(bad_value) naming the first id that
/// two have, with SameId::refuse, and for two backgrounds of different names.
std::unique_ptr<Source> merged(std::vector<MergeInput> inputs, SameId same_id);

}  // namespace maskmill
