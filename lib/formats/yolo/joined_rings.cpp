// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/joined_rings.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

namespace maskmill {
namespace {

constexpr std::size_t kMostCompared = 1000;

/// The points of two rings that lie closest to each other.
std::pair<std::size_t, std::size_t> closest(const Ring& a, const Ring& b) {
  const auto stride = [](const Ring& ring) { return (ring.size() + kMostCompared - 1) / kMostCompared; };
  std::pair<std::size_t, std::size_t> best;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < a.size(); i += stride(a))
    for (std::size_t k = 0; k < b.size(); k += stride(b)) {
      const double dx = a[i].x - b[k].x, dy = a[i].y - b[k].y;
      if (const double distance = dx * dx + dy * dy; distance < least) least = distance, best = {i, k};
    }
  return best;
}

/// The points from one to another, both included; all around where they are the same and `around` says so.
void append(Ring& to, const Ring& ring, std::size_t from, std::size_t until, bool around) {
  std::size_t steps = (until + ring.size() - from) % ring.size();
  if (steps == 0 && around) steps = ring.size();
  for (std::size_t step = 0; step <= steps; ++step) to.push_back(ring[(from + step) % ring.size()]);
}

}  // namespace

Ring joined_rings(std::span<const Ring* const> rings) {
  if (rings.empty()) return {};
  if (rings.size() == 1) return *rings.front();
  std::vector<std::size_t> entries(rings.size()), exits(rings.size());
  for (std::size_t i = 0; i + 1 < rings.size(); ++i)
    std::tie(exits[i], entries[i + 1]) = closest(*rings[i], *rings[i + 1]);
  entries.front() = exits.front();
  exits.back() = entries.back();

  const std::size_t last = rings.size() - 1;
  Ring joined;
  append(joined, *rings[0], entries[0], exits[0], true);
  for (std::size_t i = 1; i < last; ++i) append(joined, *rings[i], entries[i], exits[i], false);
  append(joined, *rings[last], entries[last], exits[last], true);
  for (std::size_t i = last; i-- > 1;) append(joined, *rings[i], exits[i], entries[i], true);
  return joined;
}

}  // namespace maskmill
