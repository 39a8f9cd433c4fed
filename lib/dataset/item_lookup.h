// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/finding.h"
#include "base/hash.h"
#include "dataset/dataset.h"

namespace maskmill {

/// The items of a source by their ids, each to be read once more: for comparing data sets of different
/// orders. Keeps a hash of each id and some 60 bytes an item, nothing that was read.
class ItemLookup {
 public:
  /// Reads all items once; what is found goes to `findings`. Nobody else may use the source meanwhile, and it
  /// must outlive what take() returns.
  ItemLookup(Source& source, Findings& findings);

  std::size_t items() const { return items_; }        ///< that could be read
  std::size_t left_out() const { return left_out_; }  ///< that could not

  /// What reads the item, once; empty where there is none or it was taken before. On any thread.
  ReadItem take(std::string_view id);
  /// Those that nobody took, in their order.
  std::vector<ReadItem> rest();

 private:
  std::mutex mutex_;
  std::unordered_map<Digest, std::size_t, HashDigest> number_of_;
  std::vector<ReadItem> reads_;
  std::size_t items_ = 0, left_out_ = 0;
};

}  // namespace maskmill
