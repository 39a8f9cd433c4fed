// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/tiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "dataset/rle.h"

namespace maskmill {
namespace {

/// Takes a whole number that is at least `least` from the front of the text.
std::optional<int> take_number(std::string_view& text, int least) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = to_integer(text.substr(0, digits));
  if (!number || *number < least || *number > (1 << 30)) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<int>(*number);
}

bool take(std::string_view& text, char letter) {
  if (!text.starts_with(letter)) return false;
  text.remove_prefix(1);
  return true;
}

/// Where two neighbours of one row or column share pixels, the middle is the end of the first and the begin
/// of the second.
int divide(int first_end, int second_begin) {
  return second_begin < first_end ? second_begin + (first_end - second_begin) / 2 : second_begin;
}

}  // namespace

TileGrid::TileGrid(Size image, Size tile, int overlap, TileEdges edges)
    : columns_(stretches(image.width, tile.width, overlap, edges)),
      rows_(stretches(image.height, tile.height, overlap, edges)) {}

Window TileGrid::operator[](std::size_t index) const {
  const Stretch column = columns_.at(index % columns_.size()), row = rows_.at(index / columns_.size());
  return {column.begin, row.begin, {column.length, row.length}};
}

std::vector<TileGrid::Stretch> TileGrid::stretches(int image, int tile, int overlap, TileEdges edges) {
  if (tile < 1 || overlap < 0 || overlap >= tile)
    throw Error(Code::bug, fmt::format("tiles of {} pixels that share {}", tile, overlap));
  std::vector<Stretch> all;
  for (int begin = 0; begin < image - tile; begin += tile - overlap) all.push_back({begin, tile});
  if (edges == TileEdges::shift)
    all.push_back({std::max(image - tile, 0), std::min(image, tile)});
  else
    all.push_back({all.empty() ? 0 : all.back().begin + tile - overlap, tile});
  return all;
}

std::string tile_id(const TilePlace& place) {
  return fmt::format("{}@{}_{}_{}", place.id, place.x, place.y, to_string(place.image));
}

std::optional<TilePlace> place_of_tile(std::string_view id) {
  const std::size_t at = id.rfind('@');
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  std::string_view rest = id.substr(at + 1);
  const auto x = take_number(rest, 0);
  if (!x || !take(rest, '_')) return std::nullopt;
  const auto y = take_number(rest, 0);
  if (!y || !take(rest, '_')) return std::nullopt;
  const auto width = take_number(rest, 1);
  if (!width || !take(rest, 'x')) return std::nullopt;
  const auto height = take_number(rest, 1);
  const bool fits = height && rest.empty() && *x < *width && *y < *height &&
                    std::int64_t{*width} * *height <= (std::int64_t{1} << 30);
  if (!fits) return std::nullopt;
  return TilePlace{std::string(id.substr(0, at)), *x, *y, {*width, *height}};
}

std::vector<Window> cells_of(std::span<const Window> tiles) {
  std::vector<Window> cells(tiles.begin(), tiles.end());
  std::map<std::pair<int, int>, std::vector<std::size_t>> rows, columns;  // by begin and length
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    rows[{tiles[i].y, tiles[i].size.height}].push_back(i);
    columns[{tiles[i].x, tiles[i].size.width}].push_back(i);
  }
  for (auto& [place, row] : rows) {
    std::ranges::sort(row, {}, [&](std::size_t i) { return tiles[i].x; });
    for (std::size_t k = 1; k < row.size(); ++k) {
      const Window &first = tiles[row[k - 1]], &second = tiles[row[k]];
      if (second.x >= first.right()) continue;
      const int middle = divide(first.right(), second.x);
      cells[row[k - 1]].size.width = middle - cells[row[k - 1]].x;
      cells[row[k]].size.width -= middle - cells[row[k]].x;
      cells[row[k]].x = middle;
    }
  }
  for (auto& [place, column] : columns) {
    std::ranges::sort(column, {}, [&](std::size_t i) { return tiles[i].y; });
    for (std::size_t k = 1; k < column.size(); ++k) {
      const Window &first = tiles[column[k - 1]], &second = tiles[column[k]];
      if (second.y >= first.bottom()) continue;
      const int middle = divide(first.bottom(), second.y);
      cells[column[k - 1]].size.height = middle - cells[column[k - 1]].y;
      cells[column[k]].size.height -= middle - cells[column[k]].y;
      cells[column[k]].y = middle;
    }
  }
  return cells;
}

}  // namespace maskmill
