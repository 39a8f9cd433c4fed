// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "dataset/dataset.h"

namespace maskmill {

/// An item of one data set and the one of the same id in another.
struct ItemPair {
  std::size_t number = 0;         ///< a's among its source's items, from 0; b's where there is no a
  std::size_t number_b = 0;       ///< b's, where there is one
  std::optional<Item> a, b;       ///< at least one of them is there
  std::vector<Finding> findings;  ///< of reading both
};

/// How many items could not be read, and so are in no pair.
struct UnpairedItems {
  std::size_t unreadable_a = 0, unreadable_b = 0;
};

/// Reads two data sets on all threads of the current Jobs and calls work(pair) for each id on any of them;
/// the function it returns is called on one thread at a time, in an order that does not depend on the
/// threads.
///
/// Data sets that list the same items in the same order are read once, in step, and the pairs come in that
/// order. Items that do not meet so are read a second time and come after: those of `a` in its order, then
/// those that only `b` has. Of such, 24 to 98 bytes each are kept. Findings of opening go to `findings`, as
/// do those of items that cannot be read.
UnpairedItems for_each_pair(Source& a, Source& b, Findings& findings,
                            const std::function<std::function<void()>(ItemPair&&)>& work,
                            Look look = Look::headers);

}  // namespace maskmill
