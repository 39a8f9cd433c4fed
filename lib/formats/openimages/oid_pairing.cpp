// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/oid_pairing.h"

#include <algorithm>
#include <cmath>

#include "formats/openimages/openimages_halves.h"

namespace maskmill {

OpenImagesPairing::OpenImagesPairing(std::span<const OpenImagesRow> boxes)
    : boxes_(boxes), taken_(boxes.size()) {
  for (std::size_t i = 0; i < boxes.size(); ++i) by_left_.push_back(i);
  std::ranges::stable_sort(by_left_, {}, [&](std::size_t i) { return boxes_[i].fractions->front(); });
}

std::optional<std::size_t> OpenImagesPairing::take(const OpenImagesRow& mask) {
  auto best = by_id(mask);
  if (!best && mask.fractions) best = nearest(mask);
  if (best) taken_[*best] = true;
  return best;
}

std::optional<std::size_t> OpenImagesPairing::by_id(const OpenImagesRow& mask) const {
  if (mask.box_id.empty()) return std::nullopt;
  for (std::size_t i = 0; i < boxes_.size(); ++i)
    if (!taken_[i] && boxes_[i].box_id == mask.box_id && boxes_[i].mid == mask.mid) return i;
  return std::nullopt;
}

std::optional<std::size_t> OpenImagesPairing::nearest(const OpenImagesRow& mask) const {
  std::optional<std::size_t> best;
  double least = kOpenImagesTolerance;
  const double sought = mask.fractions->front();
  const auto left = [&](std::size_t i) { return boxes_[i].fractions->front(); };
  auto next = std::ranges::lower_bound(by_left_, sought - kOpenImagesTolerance, {}, left);
  for (; next != by_left_.end() && left(*next) <= sought + kOpenImagesTolerance; ++next) {
    const OpenImagesRow& box = boxes_[*next];
    if (taken_[*next] || box.mid != mask.mid || !box.box_id.empty()) continue;
    double distance = 0;
    for (std::size_t i = 0; i < 4; ++i)
      distance = std::max(distance, std::abs((*box.fractions)[i] - (*mask.fractions)[i]));
    if (distance < least || (distance == least && (!best || *next < *best))) least = distance, best = *next;
  }
  return best;
}

}  // namespace maskmill
