// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "dataset/item.h"

namespace maskmill {

/// Other numbers for labels, in annotations and in what mask files mean. Thread-safe.
class Relabelling {
 public:
  /// The new index of each label.
  explicit Relabelling(std::vector<int> new_index);

  void apply(Item& item) const;

 private:
  int renumbered(int label) const;
  void renumber(MaskRef& mask) const;

  std::vector<int> new_index_;
  bool same_ = true;
  /// The items of a data set share few codings; each is made anew once.
  mutable std::mutex mutex_;
  mutable std::map<const MaskCoding*,
                   std::pair<std::shared_ptr<const MaskCoding>, std::shared_ptr<const MaskCoding>>>
      codings_;
};

}  // namespace maskmill
