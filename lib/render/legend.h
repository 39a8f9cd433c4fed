// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataset/labels.h"

namespace maskmill {

struct LegendEntry {
  Rgb colour;
  bool hatched = false;  ///< void, which is drawn without its colour
  std::string name;
  std::string remark;  ///< a count; may be empty
};

/// Sums what pictures hold of each label and says what their legend shows.
class LegendCounts {
 public:
  explicit LegendCounts(LabelMap labels) : labels_(std::move(labels)) {}
  /// Annotations or pixels a label; nothing where empty.
  void add(std::span<const std::int64_t> counts);
  /// The labels that were counted, or all if nothing ever was; never the background, which is not drawn.
  std::vector<LegendEntry> entries() const;
  void clear() { counts_.clear(); }

 private:
  LabelMap labels_;
  std::vector<std::int64_t> counts_;
};

}  // namespace maskmill
