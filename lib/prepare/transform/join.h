// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dataset/item.h"
#include "dataset/shape_geometry.h"

namespace maskmill {

/// One tile's annotations, in its coordinates, none of them a mask reference.
struct TileAnnotations {
  Window window;  ///< on the image, and inside it
  Size size;      ///< of the tile; more than the window's where it is padded
  Window cell;    ///< on the image: the pixels that are this tile's (cells_of)
  std::vector<Annotation> annotations;
};

/// The annotations of an image from those of its tiles.
///
/// Parts of one object are those of one label and one attribute kTileObject. Of parts without that attribute
/// (predictions, formats without attributes), those of one label that are masks or outlines of two tiles are
/// one object where the tiles overlap and they share at least half the pixels that the smaller of them has
/// there, or where the tiles only meet and they touch across the border by a side or a corner; boxes where
/// the same holds of their areas, or at a border of the stretches of it on which they stand. Of several that
/// fit, a part is joined with the one in that tile that fits best.
///
/// An object that lies whole in a tile is as that tile has it. Of others, each pixel is said by the tile
/// whose cell it is; one part stays an outline if it is one, more become an Rle. A box becomes the box around
/// its parts. What no tile says in its own cell is dropped, and so doubled predictions are. A score is the
/// mean weighted by area; everything else is that of the largest part. Objects with a number come first, in
/// its order. Polylines are not joined, but cut at the cells.
std::vector<Annotation> joined(const std::vector<TileAnnotations>& tiles, Size image);

}  // namespace maskmill
