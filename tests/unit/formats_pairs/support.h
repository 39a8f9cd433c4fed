// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "formats/pairs/pairs.h"
#include "support/data_sets.h"

namespace maskmill::tests {

inline ReadDataSet read_pairs(const Scratch& scratch, std::vector<std::string> settings = {}) {
  return read_data_set(pairs(), scratch.path(), std::move(settings));
}

}  // namespace maskmill::tests
