// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/finding.h"
#include "dataset/item.h"
#include "learn/classes.h"
#include "learn/sample.h"

namespace maskmill::learn {

/// The item's picture and mask at the network's size. A mask with values that no label has is a finding.
/// Throws Error for a picture or mask that cannot be read, or that do not fit each other.
Sample read_sample(const Item& item, const ClassMap& classes, Size size, std::vector<Finding>& findings);

/// The same of an item that was read before, a good deal faster where its files are large.
Sample read_sample_again(const Item& item, const ClassMap& classes, Size size);

/// At the item's place, or at its image where it has none.
Finding finding_about(const Item& item, std::string rule, Severity severity, std::string message);

}  // namespace maskmill::learn
