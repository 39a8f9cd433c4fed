// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "dataset/shapes.h"

namespace maskmill {

/// True where nothing lies inside whatever the filling rule: fewer than three distinct points, or a way there
/// and back. A ring that crosses itself holds something, even where its lobes' areas cancel each other.
/// Coordinates must be finite.
bool is_empty(const Ring& ring);

/// What of a polygon is not empty. Coordinates must be finite.
Polygon without_empty_rings(const Polygon& polygon);

/// Why a shape holds nothing, whatever the image, in words; empty where it does: a coordinate is no number,
/// or it has no area or, of lines and points, no extent or none of them. Of a MaskRef and of no shape nothing
/// is known.
std::string_view fault_of(const Shape& shape);

}  // namespace maskmill
