// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "image/image.h"

namespace maskmill::learn {

/// What bounds a detector's input, as torchvision's transform has it: the shorter side is brought to
/// `min_size`, unless the longer one would then pass `max_size`. Both alike: the longer side is brought to
/// that.
struct DetectorSize {
  int min_size = 800, max_size = 1333;
  friend bool operator==(const DetectorSize&, const DetectorSize&) = default;
};

/// The picture's sides times min(min_size / shorter side, max_size / longer side), rounded down, at least 1:
/// the proportions stay within that rounding. Throws Error(bug) for a picture without pixels and for bounds
/// below 1.
Size detector_size(Size picture, const DetectorSize& bounds);

/// That holds pictures of these sizes; its sides are multiples of 32.
Size padded_size(const std::vector<Size>& pictures);

}  // namespace maskmill::learn
