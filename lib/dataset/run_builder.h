// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "dataset/shapes.h"

namespace maskmill {

/// Makes an Rle from ranges of column-major positions in rising order. The result has no run of 0 but perhaps
/// the first, and none after the last pixel: the form that pycocotools' encoder gives.
class RunBuilder {
 public:
  /// The pixels [begin, end); a range that begins where the last one ended prolongs it.
  void add(std::uint32_t begin, std::uint32_t end) {
    if (begin == end) return;
    if (begin == end_ && !counts_.empty()) {
      counts_.back() += end - begin;
    } else {
      if (counts_.empty()) counts_.reserve(4);  // most of a million specks need three
      counts_.push_back(begin - end_);
      counts_.push_back(end - begin);
    }
    end_ = end;
  }

  Rle finish(Size size) && {
    const auto area = static_cast<std::uint32_t>(size.area());
    if (end_ < area || counts_.empty()) counts_.push_back(area - end_);
    return {size, std::move(counts_)};
  }

 private:
  std::vector<std::uint32_t> counts_;
  std::uint32_t end_ = 0;
};

}  // namespace maskmill
