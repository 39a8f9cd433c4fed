// SPDX-License-Identifier: Apache-2.0
#include "dataset/erosion.h"

#include <algorithm>
#include <span>
#include <vector>

#include "base/error.h"
#include "dataset/rle.h"
#include "dataset/rle_pieces.h"
#include "dataset/run_builder.h"

namespace maskmill {
namespace {

/// Rows [top, bottom) of a column.
struct Stretch {
  std::uint32_t top, bottom;
};

/// The stretches of neighbouring columns, from top to bottom.
class Columns {
 public:
  std::size_t size() const { return first_.size() - 1; }
  std::span<const Stretch> operator[](std::size_t column) const {
    return std::span(all_).subspan(first_[column], first_[column + 1] - first_[column]);
  }
  void add(Stretch stretch) { all_.push_back(stretch); }
  void end_column() { first_.push_back(all_.size()); }
  void add_common(std::span<const Stretch> a, std::span<const Stretch> b) {
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
      const Stretch both{std::max(a[i].top, b[j].top), std::min(a[i].bottom, b[j].bottom)};
      if (both.top < both.bottom) all_.push_back(both);
      a[i].bottom < b[j].bottom ? ++i : ++j;
    }
    end_column();
  }

 private:
  std::vector<std::size_t> first_{0};
  std::vector<Stretch> all_;
};

/// Eroded down each column from `left` to `right`.
Columns shortened(const Rle& rle, std::uint32_t left, std::uint32_t right, std::uint32_t radius) {
  Columns columns;
  std::uint32_t current = left;
  Stretch open{0, 0};  // which a run of 0 may have cut in two
  const auto end_stretch = [&] {
    if (open.bottom - open.top > 2 * radius) columns.add({open.top + radius, open.bottom - radius});
    open = {0, 0};
  };
  for_each_piece(rle, [&](std::uint32_t column, std::uint32_t top, std::uint32_t bottom) {
    if (column != current || top != open.bottom) end_stretch();
    for (; current < column; ++current) columns.end_column();
    if (open.bottom == 0) open.top = top;
    open.bottom = bottom;
  });
  end_stretch();
  for (; current <= right; ++current) columns.end_column();
  return columns;
}

/// For each column what it has in common with the `width` - 1 that follow; those of which fewer follow are
/// left out. Doubling the number of columns a step takes their logarithm in steps.
Columns common_to_neighbours(Columns columns, std::size_t width) {
  std::size_t covered = 1;
  const auto widen = [&](std::size_t by) {
    Columns wider;
    for (std::size_t x = 0; x + by < columns.size(); ++x) wider.add_common(columns[x], columns[x + by]);
    columns = std::move(wider);
    covered += by;
  };
  while (2 * covered <= width) widen(covered);
  if (covered < width) widen(width - covered);
  return columns;
}

}  // namespace

Rle eroded(const Rle& rle, int radius) {
  if (radius < 0) throw Error(Code::bug, "a mask cannot be eroded by less than nothing");
  const Box box = bounding_box(rle);
  RunBuilder result;
  const auto side = 2 * std::int64_t{radius} + 1;
  if (box.width >= static_cast<double>(side) && box.height >= static_cast<double>(side)) {
    const auto left = static_cast<std::uint32_t>(box.x);
    const auto right = left + static_cast<std::uint32_t>(box.width) - 1;
    const auto height = static_cast<std::uint32_t>(rle.size.height);
    const Columns inner = common_to_neighbours(
        shortened(rle, left, right, static_cast<std::uint32_t>(radius)), static_cast<std::size_t>(side));
    for (std::size_t x = 0; x < inner.size(); ++x) {
      const std::uint32_t start =
          (left + static_cast<std::uint32_t>(x) + static_cast<std::uint32_t>(radius)) * height;
      for (const Stretch& stretch : inner[x]) result.add(start + stretch.top, start + stretch.bottom);
    }
  }
  return std::move(result).finish(rle.size);
}

}  // namespace maskmill
