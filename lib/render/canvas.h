// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "render/markup.h"

namespace maskmill::svg {

inline constexpr double kFontPx = 13;

struct TextStyle {
  enum class Anchor { start, middle, end };
  Anchor anchor = Anchor::start;
  double size_px = kFontPx;
  bool bold = false;
  bool muted = false;
  std::string fill = "currentColor";
  double turn_degrees = 0;  ///< clockwise about the text's own point
};

/// One <svg> element being written. Sizes are pixels of an unscaled drawing. `paint` is a CSS colour of ours.
class Canvas {
 public:
  /// `title` and `description` are what a screen reader says; neither is drawn.
  Canvas(double width, double height, std::string_view title, std::string_view description);

  void text(double x, double y, std::string_view text, const TextStyle& style = {});
  void line(double x1, double y1, double x2, double y2, double opacity, bool dashed = false);
  /// `tooltip` appears under the pointer; none where empty.
  void rect(double x, double y, double width, double height, std::string_view paint, double opacity = 1,
            std::string_view tooltip = {});
  void circle(double x, double y, double radius, std::string_view paint, std::string_view tooltip = {});
  /// A stroke along an SVG path.
  void stroke(std::string_view path, std::string_view paint, double width, bool dashed,
              std::string_view tooltip = {});

  Markup finish() &&;

 private:
  void element(std::string_view opening, std::string_view tooltip);
  std::string xml_;
};

/// "12.3", without trailing zeros: a coordinate in a path.
std::string coordinate(double value);

}  // namespace maskmill::svg
