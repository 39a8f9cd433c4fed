// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "render/canvas.h"
#include "render/ticks.h"

namespace maskmill::svg {

/// Finite and small enough to compute with.
bool is_drawable(double value);

/// The smallest range that holds all values given to it.
struct Range {
  std::optional<double> low, high;
  void add(double value);  ///< one that is not drawable is passed over
};

/// The plot area of a chart with two axes, in pixels, and its scales.
struct Axes {
  double left = 0, right = 0, top = 0, bottom = 0;
  Ticks x, y;
  double x_px(double value) const { return left + (value - x.low) / (x.high - x.low) * (right - left); }
  double y_px(double value) const { return bottom - (value - y.low) / (y.high - y.low) * (bottom - top); }
};

/// The chart's title, a few pale horizontal lines with their numbers, the base line with its numbers and
/// name.
void draw(Canvas& canvas, const Axes& axes, const std::string& title, const std::string& x_label);

/// Room for the numbers of the vertical axis.
double y_label_width(const Ticks& ticks);

/// The heading of any chart.
void draw_title(Canvas& canvas, const std::string& title);
inline constexpr double kTitleHeight = 30;
/// What is longer is shortened.
inline constexpr double kLongestNameEm = 12;

/// A chart without values: its title, and words that say so. `kind` is such as "Line chart".
Markup empty_chart(double width, const std::string& title, const std::string& kind);

/// Where the axis names and numbers below the plot area end.
inline constexpr double kFootHeight = 40;

}  // namespace maskmill::svg
