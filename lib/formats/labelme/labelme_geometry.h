// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "dataset/shapes.h"

namespace maskmill {

/// A box, a turned one, an ellipse or one ring in LabelMe's terms.
struct LabelmeArea {
  std::string_view type;
  std::vector<Point> points;
  std::optional<std::array<double, 5>> exact;  ///< set where the points alone do not give the shape back
};

/// A box is its two corners, a circle its centre and a point on its rim, any other ellipse its outline.
/// Throws Error(bug) for other shapes, and for a polygon of several rings.
LabelmeArea labelme_area_of(const Shape& shape);

/// And back, for the types polygon, rectangle (of two corners, or all four), circle, oriented_rectangle and
/// rotation, with as many points as these have. `exact` counts where the points still agree with it, so
/// that it does no harm when somebody has moved them. Four corners that make no rectangle are a polygon.
Shape labelme_area(std::string_view type, const std::vector<Point>& points,
                   const std::optional<std::array<double, 5>>& exact);

}  // namespace maskmill
