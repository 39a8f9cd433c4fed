// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "formats/openimages/oid_rows.h"

namespace maskmill {

/// For each mask's row of an image that of its box: the one of its BoxID, where tables of boxes have such a
/// column, else the nearest of its label whose coordinates are the same but for their rounding
/// (kOpenImagesTolerance). No box has two masks.
class OpenImagesPairing {
 public:
  /// All boxes of the image, which must have their fractions, and outlive this.
  explicit OpenImagesPairing(std::span<const OpenImagesRow> boxes);

  /// Its place among them.
  std::optional<std::size_t> take(const OpenImagesRow& mask);

 private:
  std::optional<std::size_t> by_id(const OpenImagesRow& mask) const;
  std::optional<std::size_t> nearest(const OpenImagesRow& mask) const;

  std::span<const OpenImagesRow> boxes_;
  std::vector<bool> taken_;
  std::vector<std::size_t> by_left_;
};

}  // namespace maskmill
