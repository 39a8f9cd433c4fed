// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "dataset/shape_geometry.h"

namespace maskmill {

/// What becomes of the tiles at the right and at the bottom, which would reach over the image's edge.
enum class TileEdges {
  shift,  ///< they are moved inwards, and overlap their neighbours more; a smaller image is one smaller tile
  pad     ///< they keep their place and size: beyond the image they are black, and void in masks
};
template <>
inline constexpr std::array<std::string_view, 2> enum_names<TileEdges>{"shift", "pad"};

/// The tiles of an image, row by row.
class TileGrid {
 public:
  /// Neighbours share `overlap` pixels, which must be less than each side of a tile.
  TileGrid(Size image, Size tile, int overlap, TileEdges edges);
  std::size_t size() const { return columns_.size() * rows_.size(); }
  Window operator[](std::size_t index) const;

 private:
  struct Stretch {
    int begin = 0, length = 0;
  };
  static std::vector<Stretch> stretches(int image, int tile, int overlap, TileEdges edges);

  std::vector<Stretch> columns_, rows_;
};

/// Where a tile lies. It is part of the tile's id, so that it survives every format and every other program
/// that keeps the names of images.
struct TilePlace {
  std::string id;  ///< of the image of which it is a tile
  int x = 0, y = 0;
  Size image;
  friend bool operator==(const TilePlace&, const TilePlace&) = default;
};
/// "street/a@512_0_6000x4000": from (512, 0) on an image of 6000 x 4000 pixels.
std::string tile_id(const TilePlace& place);
/// Nothing where the id is none of a tile.
std::optional<TilePlace> place_of_tile(std::string_view id);

/// Of each tile, the pixels that are taken from it when the tiles are put together: where two overlap, the
/// middle of what they share divides them, so that each pixel comes from the tile in which it lies further
/// from the edge. `tiles` lie within the image. No pixel that some tile has goes missing, also where tiles of
/// a grid do.
std::vector<Window> cells_of(std::span<const Window> tiles);

}  // namespace maskmill
