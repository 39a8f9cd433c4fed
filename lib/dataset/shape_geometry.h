// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dataset/shapes.h"

namespace maskmill {

/// Whole pixels of an image; may reach over its edges.
struct Window {
  int x = 0, y = 0;
  Size size;
  int right() const { return x + size.width; }
  int bottom() const { return y + size.height; }
  Box box() const {
    return {static_cast<double>(x), static_cast<double>(y), static_cast<double>(size.width),
            static_cast<double>(size.height)};
  }
  friend bool operator==(const Window&, const Window&) = default;
};

/// The pixels that both have; a size without pixels where they share none.
Window common(const Window& a, const Window& b);

/// What lies inside (Sutherland and Hodgman, "Reentrant polygon clipping", 1974). Parts that fall apart stay
/// joined along the window's edge, which encloses no area; rings without an area are left out.
Polygon clipped(const Polygon& polygon, const Box& window);
/// Of no width or height where nothing lies inside.
Box clipped(const Box& box, const Box& window);
/// The smallest that holds both.
Box around(const Box& a, const Box& b);
/// True where they share no point, not even of their edges.
bool are_apart(const Box& a, const Box& b);
/// The enclosed area of the rings, whatever way they turn: exteriors less holes.
double area(const Polygon& polygon);
bool has_holes(const Polygon& polygon);

/// The shape on an image of `from`, on the same image resized to `to`. Coordinates are scaled; an Rle as
/// resize_nearest does. A turned box or ellipse that would lose its right angles becomes its outline. Throws
/// Error(bug) for a MaskRef, whose pixels the caller reads first, and as resized().
Shape scaled(const Shape& shape, Size from, Size to);

/// The shape in coordinates whose origin lies at (x, y), on an image of `size`. What lies outside stays, but
/// the pixels of an Rle. Throws Error(bug) for a MaskRef.
Shape moved(const Shape& shape, int x, int y, Size size);

/// What of the shape lies in the window, in its coordinates; nothing where none of its area or length, or, of
/// points, none of them does. What lies inside whole stays as it is. A turned box or an ellipse that is cut
/// becomes a polygon, a polyline one piece for each stretch inside; an empty shape stays. Throws Error(bug)
/// for a MaskRef.
std::vector<Shape> cut(const Shape& shape, const Window& window);

}  // namespace maskmill
