// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "dataset/rle.h"
#include "dataset/rle_pieces.h"
#include "dataset/run_builder.h"

namespace maskmill {
namespace {

/// The new rows, or columns, that take their pixels from each stored one: those of stored row i are
/// [first[i], first[i + 1]).
std::vector<std::uint32_t> takers(int stored_length, int length) {
  std::vector<std::uint32_t> first(static_cast<std::size_t>(stored_length) + 1, 0);
  for (const int stored : nearest_pixels(stored_length, length))
    ++first[static_cast<std::size_t>(stored) + 1];
  for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  return first;
}

}  // namespace

Rle shifted(const Rle& rle, int x, int y, Size size) {
  validate(rle);
  validate(size);
  RunBuilder result;
  for_each_piece(rle, [&](std::uint32_t column, std::uint32_t top, std::uint32_t bottom) {
    const std::int64_t to = std::int64_t{column} + x;
    if (to < 0 || to >= size.width) return;
    const std::int64_t begin = std::clamp<std::int64_t>(std::int64_t{top} + y, 0, size.height);
    const std::int64_t end = std::clamp<std::int64_t>(std::int64_t{bottom} + y, 0, size.height);
    result.add(static_cast<std::uint32_t>(to * size.height + begin),
               static_cast<std::uint32_t>(to * size.height + end));
  });
  return std::move(result).finish(size);
}

Rle resized(const Rle& rle, Size size) {
  validate(rle);
  validate(size);
  if (rle.size.area() == 0 && size.area() > 0)
    throw Error(Code::bad_value, fmt::format("a mask of {} has no pixel to take", to_string(rle.size)));
  if (size.area() == 0) return RunBuilder().finish(size);
  const std::vector<std::uint32_t> columns = takers(rle.size.width, size.width);
  const std::vector<std::uint32_t> rows = takers(rle.size.height, size.height);
  const auto height = static_cast<std::uint32_t>(size.height);
  RunBuilder result;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> stretches;  // of one stored column, as new rows
  std::uint32_t current = 0;
  const auto flush = [&] {
    for (std::uint32_t to = columns[current]; to < columns[current + 1]; ++to)
      for (const auto& [top, bottom] : stretches) result.add(to * height + top, to * height + bottom);
    stretches.clear();
  };
  for_each_piece(rle, [&](std::uint32_t column, std::uint32_t top, std::uint32_t bottom) {
    if (column != current) flush();
    current = column;
    if (rows[top] < rows[bottom]) stretches.emplace_back(rows[top], rows[bottom]);
  });
  flush();
  return std::move(result).finish(size);
}

}  // namespace maskmill
