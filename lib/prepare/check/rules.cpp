// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/rule.h"

#include <array>

namespace maskmill {

extern const Rule pair_missing, broken_file, wrong_extension, size_differs, unknown_value, binary_values,
    duplicate_content;

std::span<const Rule* const> rules() {
  static const std::array list{&pair_missing,  &broken_file,   &wrong_extension,  &size_differs,
                               &unknown_value, &binary_values, &duplicate_content};
  return list;
}

}  // namespace maskmill
