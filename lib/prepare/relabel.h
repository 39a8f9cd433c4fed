// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "dataset/item.h"

namespace maskmill {

/// What becomes of labels.
struct NewLabels {
  std::vector<int> pixels;       ///< by old index, the new one of a mask's pixels; -1: they have no label
  std::vector<int> annotations;  ///< by old index, the new one of annotations; -1: they are left out
  int unlabelled = -1;           ///< new index of the pixels of which a coding says that they have no label
};

/// Other numbers for labels, in annotations and in what mask files mean. Thread-safe.
class Relabelling {
 public:
  /// The new index of each label.
  explicit Relabelling(std::vector<int> new_index);
  explicit Relabelling(NewLabels labels);

  /// Throws Error(bug) for a label past the map.
  void apply(Item& item) const;

 private:
  int renumbered(int label, const std::vector<int>& numbers) const;
  int renumbered_pixels(int label) const;
  void renumber(MaskRef& mask) const;

  NewLabels labels_;
  bool same_ = true;
  /// The items of a data set share few codings; each is made anew once.
  mutable std::mutex mutex_;
  mutable std::map<const MaskCoding*,
                   std::pair<std::shared_ptr<const MaskCoding>, std::shared_ptr<const MaskCoding>>>
      codings_;
};

}  // namespace maskmill
