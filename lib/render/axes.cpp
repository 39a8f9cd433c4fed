// SPDX-License-Identifier: Apache-2.0
#include "render/axes.h"

#include <algorithm>
#include <cmath>

#include "render/unicode.h"

namespace maskmill::svg {

bool is_drawable(double value) {
  return std::abs(value) <= 1e300;
}

void Range::add(double value) {
  if (!is_drawable(value)) return;
  low = std::min(low.value_or(value), value);
  high = std::max(high.value_or(value), value);
}

void draw_title(Canvas& canvas, const std::string& title) {
  canvas.text(0, 15, title, {.size_px = 15, .bold = true});
}

Markup empty_chart(double width, const std::string& title, const std::string& kind) {
  Canvas canvas(width, kTitleHeight + 24, title, kind + " without values.");
  draw_title(canvas, title);
  canvas.text(0, kTitleHeight + 14, "no values", {.muted = true});
  return std::move(canvas).finish();
}

double y_label_width(const Ticks& ticks) {
  double widest = 0;
  for (const double value : ticks.values)
    widest = std::max(widest, text_width_em(tick_label(value, ticks.step)));
  return widest * kFontPx + 8;
}

void draw(Canvas& canvas, const Axes& axes, const std::string& title, const std::string& x_label) {
  draw_title(canvas, title);
  for (const double value : axes.y.values) {
    const double y = axes.y_px(value);
    if (y < axes.bottom - 0.5) canvas.line(axes.left, y, axes.right, y, 0.12);
    canvas.text(axes.left - 8, y + 4.5, tick_label(value, axes.y.step),
                {.anchor = TextStyle::Anchor::end, .muted = true});
  }
  canvas.line(axes.left, axes.bottom, axes.right, axes.bottom, 0.5);
  for (const double value : axes.x.values) {
    const double x = axes.x_px(value);
    if (x < axes.left - 0.5 || x > axes.right + 0.5) continue;
    canvas.line(x, axes.bottom, x, axes.bottom + 4, 0.5);
    canvas.text(x, axes.bottom + 18, tick_label(value, axes.x.step),
                {.anchor = TextStyle::Anchor::middle, .muted = true});
  }
  canvas.text((axes.left + axes.right) / 2, axes.bottom + 36, x_label,
              {.anchor = TextStyle::Anchor::middle, .muted = true});
}

}  // namespace maskmill::svg
