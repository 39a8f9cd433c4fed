// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dataset/rle.h"
#include "prepare/transform/join.h"

namespace maskmill {

/// What decides how parts of objects are compared and put together.
enum class Kind { area, box, line, points, none };

/// One annotation of a tile, as joined() looks at it.
struct Part {
  const TileAnnotations* tile;
  const Annotation* annotation;
  Kind kind;
  std::optional<std::int64_t> number;  ///< kTileObject
  Rle pixels;                          ///< of an area, in the tile's coordinates
  Box around;                          ///< on the image
};
/// Refers to both. Throws Error(bad_value) as rasterise.
Part part_of(const TileAnnotations& tile, const Annotation& annotation);

/// Of two tiles' parts, how well they fit together as one object: 0 where they do not. Where the tiles
/// overlap, what the parts share there over what they have there together; where the tiles meet, how far they
/// touch across the border. Parts that have both a number never fit by their looks.
double likeness(const Part& a, const Part& b);

/// The pixels of the part that lie in a window of the image.
Rle on_canvas(const Part& part, const Window& canvas);
/// A box in a tile's coordinates, on the image.
Box on_image(Box box, const Window& tile);
/// Around them all.
Box hull_of(const std::vector<Box>& boxes);

}  // namespace maskmill
