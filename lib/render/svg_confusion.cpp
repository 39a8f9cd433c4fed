// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "render/axes.h"
#include "render/canvas.h"
#include "render/svg.h"
#include "render/unicode.h"

namespace maskmill::svg {
namespace {

constexpr std::size_t kMostNumbered = 12, kMostNamed = 40;
constexpr std::string_view kRight = "var(--heat,#0072b2)", kWrong = "var(--heat-error,#d55e00)";

/// A square root above a floor: a class confused with another in 1 of 100 pixels is worth seeing.
double shade(double share) {
  return 0.08 + 0.92 * std::sqrt(share);
}

double cell_size(std::size_t classes) {
  if (classes <= kMostNumbered) return 42;
  if (classes <= kMostNamed) return 17;
  return std::max(4.0, std::floor(680.0 / static_cast<double>(classes)));
}

/// "100" where nothing else rounds to it, "<1" for what is not nothing.
std::string percent(double share) {
  if (share == 0) return "";
  if (share < 0.005) return "<1";
  return share < 1 ? std::to_string(std::min(99l, std::lround(share * 100))) : "100";
}

constexpr std::array<double, 5> kKeyShares{0.01, 0.1, 0.25, 0.5, 1};
constexpr double kKeyStep = 20, kKeyGap = 16;
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kKey{
    {{"right", kRight}, {"wrong, 1 to 100 % of a row", kWrong}}};

double key_width() {
  double width = 0;
  for (const auto& [name, paint] : kKey)
    width += text_width_em(name) * kFontPx + 8 + kKeyStep * kKeyShares.size() + kKeyGap;
  return width - kKeyGap;
}

void draw_key(Canvas& canvas, double x, double y) {
  for (const auto& [name, paint] : kKey) {
    canvas.text(x, y + 10, name, {.muted = true});
    x += text_width_em(name) * kFontPx + 8;
    for (const double share : kKeyShares) {
      canvas.rect(x, y, kKeyStep, 12, paint, shade(share), fmt::format("{:g} %", share * 100));
      x += kKeyStep;
    }
    x += kKeyGap;
  }
}

}  // namespace

Markup confusion_chart(const ConfusionChart& chart) {
  const std::size_t classes = chart.names.size();
  if (chart.counts.size() != classes * classes)
    throw Error(Code::bug, fmt::format("{} counts for {} classes", chart.counts.size(), classes));
  const bool named = classes <= kMostNamed, numbered = classes <= kMostNumbered;
  const double cell = cell_size(classes), side = cell * static_cast<double>(classes);
  double widest = 0;
  if (named)
    for (const std::string& name : chart.names)
      widest = std::max(widest, std::min(kLongestNameEm, text_width_em(name)));
  const double margin = widest * kFontPx + 10;
  const double left = margin + 20, top = kTitleHeight + 20 + (numbered ? margin * 0.72 : margin);
  Canvas canvas(
      std::max(left + side + (numbered ? margin * 0.6 : 8), key_width()), top + side + 34, chart.title,
      fmt::format("Confusion matrix of {} classes: each row, a true class, in shares of its pixels.",
                  classes));
  draw_title(canvas, chart.title);
  canvas.text(left + side / 2, kTitleHeight + 8, "predicted",
              {.anchor = TextStyle::Anchor::middle, .muted = true});
  canvas.text(12, top + side / 2, "truth",
              {.anchor = TextStyle::Anchor::middle, .muted = true, .turn_degrees = -90});

  for (std::size_t row = 0; row < classes; ++row) {
    double sum = 0;
    for (std::size_t column = 0; column < classes; ++column)
      sum += static_cast<double>(std::max<std::int64_t>(chart.counts[row * classes + column], 0));
    const double at = static_cast<double>(row) * cell, y = top + at;
    if (named) {
      const std::string name = shortened(chart.names[row], kLongestNameEm);
      canvas.text(left - 6, y + cell / 2 + 4.5, name, {.anchor = TextStyle::Anchor::end});
      canvas.text(left + at + cell / 2 + 4, top - 6, name, {.turn_degrees = numbered ? -45.0 : -90.0});
    }
    if (sum == 0) {
      canvas.line(left, y + cell / 2, left + side, y + cell / 2, 0.4, true);
      continue;
    }
    for (std::size_t column = 0; column < classes; ++column) {
      const std::int64_t count = std::max<std::int64_t>(chart.counts[row * classes + column], 0);
      if (count == 0) continue;
      const double share = static_cast<double>(count) / sum, x = left + static_cast<double>(column) * cell;
      // Beyond that many classes a cell that cannot be seen is not worth its bytes.
      if (!named && share < 0.002) continue;
      canvas.rect(x, y, cell - (cell > 8 ? 1 : 0), cell - (cell > 8 ? 1 : 0), row == column ? kRight : kWrong,
                  shade(share),
                  fmt::format("{} as {}: {:.1f} %, {}", chart.names[row], chart.names[column], share * 100,
                              with_thousands(static_cast<std::size_t>(count))));
      if (numbered)
        canvas.text(x + cell / 2, y + cell / 2 + 4.5, percent(share),
                    {.anchor = TextStyle::Anchor::middle,
                     .fill = shade(share) > 0.6 ? "var(--on-heat,#fff)" : "currentColor"});
    }
  }
  canvas.line(left, top - 1, left + side, top - 1, 0.3);
  canvas.line(left - 1, top, left - 1, top + side, 0.3);
  draw_key(canvas, 0, top + side + 16);
  return std::move(canvas).finish();
}

}  // namespace maskmill::svg
