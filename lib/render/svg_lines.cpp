// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "base/error.h"
#include "render/axes.h"
#include "render/svg.h"
#include "render/unicode.h"

namespace maskmill::svg {
namespace {

constexpr double kLabelStep = 17;
constexpr std::size_t kMostTooltips = 120;

// Okabe and Ito, "Color Universal Design", 2008, without black and yellow, which one of the two grounds would
// swallow.
constexpr std::array<std::string_view, 6> kPaints{"var(--series-1,#0072b2)", "var(--series-2,#d55e00)",
                                                  "var(--series-3,#009e73)", "var(--series-4,#cc79a7)",
                                                  "var(--series-5,#e69f00)", "var(--series-6,#56b4e9)"};

struct Line {
  const Series* series;
  std::string paint;
  bool dashed;
  std::vector<std::size_t> drawable;  ///< indices of its points
  double end_y = 0;                   ///< pixels: where its last point lies, then where its name goes
};

std::vector<Line> lines_of(const LineChart& chart) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const Series& series = chart.series[i];
    if (series.x.size() != series.y.size())
      throw Error(Code::bug, fmt::format("a series has {} x and {} y", series.x.size(), series.y.size()));
    Line line{.series = &series,
              .paint = series.colour ? hex(*series.colour) : std::string(kPaints[i % kPaints.size()]),
              .dashed = !series.colour && i / kPaints.size() % 2 == 1,
              .drawable = {}};
    for (std::size_t k = 0; k < series.x.size(); ++k)
      if (is_drawable(series.x[k]) && is_drawable(series.y[k])) line.drawable.push_back(k);
    if (!line.drawable.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

/// The points of one unbroken stretch that a drawing of this width needs: M4.
std::vector<std::size_t> reduced(std::span<const std::size_t> stretch, const Series& series,
                                 const Axes& axes) {
  if (stretch.size() <= 4 * static_cast<std::size_t>(axes.right - axes.left))
    return {stretch.begin(), stretch.end()};
  std::vector<std::size_t> kept;
  for (std::size_t begin = 0, end = 0; begin < stretch.size(); begin = end) {
    const double column = std::floor(axes.x_px(series.x[stretch[begin]]));
    for (end = begin + 1; end < stretch.size() && std::floor(axes.x_px(series.x[stretch[end]])) == column;)
      ++end;
    const auto by_y = [&](std::size_t a, std::size_t b) { return series.y[a] < series.y[b]; };
    const auto [low, high] = std::minmax_element(stretch.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 stretch.begin() + static_cast<std::ptrdiff_t>(end), by_y);
    std::array corners{stretch[begin], *low, *high, stretch[end - 1]};
    std::sort(corners.begin(), corners.end());
    kept.insert(kept.end(), corners.begin(), std::unique(corners.begin(), corners.end()));
  }
  return kept;
}

void draw_stretch(Canvas& canvas, const Line& line, std::span<const std::size_t> stretch, const Axes& axes) {
  const Series& series = *line.series;
  if (stretch.size() == 1) {
    canvas.circle(axes.x_px(series.x[stretch[0]]), axes.y_px(series.y[stretch[0]]), 3, line.paint);
    return;
  }
  std::string path;
  for (const std::size_t k : reduced(stretch, series, axes))
    path += fmt::format("{}{} {}", path.empty() ? "M" : "L", coordinate(axes.x_px(series.x[k])),
                        coordinate(axes.y_px(series.y[k])));
  canvas.stroke(path, line.paint, 2, line.dashed, series.name);
}

void draw_line(Canvas& canvas, const Line& line, const Axes& axes) {
  const auto& points = line.drawable;
  for (std::size_t begin = 0, end = 0; begin < points.size(); begin = end) {
    for (end = begin + 1; end < points.size() && points[end] == points[end - 1] + 1;) ++end;
    draw_stretch(canvas, line, std::span(points).subspan(begin, end - begin), axes);
  }
  if (points.size() > kMostTooltips) return;
  for (const std::size_t k : points) {
    const double x = line.series->x[k], y = line.series->y[k];
    canvas.circle(axes.x_px(x), axes.y_px(y), 6, "transparent",
                  fmt::format("{}: {} at {}", line.series->name, short_number(y), short_number(x, 6)));
  }
}

/// Moves names that would overlap apart, down and then up again, keeping their order.
void spread_names(std::vector<Line*>& by_end, double top, double bottom) {
  std::sort(by_end.begin(), by_end.end(), [](const Line* a, const Line* b) { return a->end_y < b->end_y; });
  double next = top;
  for (Line* line : by_end) next = (line->end_y = std::max(line->end_y, next)) + kLabelStep;
  double limit = bottom;
  std::for_each(by_end.rbegin(), by_end.rend(),
                [&](Line* line) { limit = (line->end_y = std::min(line->end_y, limit)) - kLabelStep; });
}

std::string description(const LineChart& chart, const std::vector<Line>& lines) {
  std::string words = fmt::format("Line chart over {}.", chart.x_label.empty() ? "x" : chart.x_label);
  for (const Line& line : lines) {
    const Series& series = *line.series;
    const std::size_t first = line.drawable.front(), last = line.drawable.back();
    words += fmt::format(" {}: {} at {}", series.name, short_number(series.y[first]),
                         short_number(series.x[first], 6));
    if (first != last)
      words += fmt::format(", {} at {}", short_number(series.y[last]), short_number(series.x[last], 6));
    words += '.';
  }
  return words;
}

/// A single line of the chart's own name needs no second one.
bool is_named(const LineChart& chart, const Line& line) {
  return !line.series->name.empty() && (chart.series.size() > 1 || line.series->name != chart.title);
}

Axes axes_of(const LineChart& chart, const std::vector<Line>& lines, double plot_height) {
  Range x, y;
  bool whole = true;
  double names = 0;
  for (const Line& line : lines) {
    for (const std::size_t k : line.drawable) {
      x.add(line.series->x[k]), y.add(line.series->y[k]);
      whole = whole && line.series->x[k] == std::floor(line.series->x[k]);
    }
    if (is_named(chart, line))
      names = std::max(names, std::min(kLongestNameEm, text_width_em(line.series->name)));
  }
  // A range that nearly reaches 0 starts there: how much is left of a loss is what one wants to see.
  if (!chart.low && y.low && *y.low > 0 && *y.low < *y.high / 2) y.add(0);
  if (chart.low) y.add(*chart.low);
  if (chart.high) y.add(*chart.high);
  Axes axes;
  axes.y = nice_ticks(y.low.value_or(0), y.high.value_or(1));
  axes.x = nice_ticks(x.low.value_or(0), x.high.value_or(1), 6, whole);
  if (x.low && *x.low < *x.high) axes.x.low = *x.low, axes.x.high = *x.high;
  axes.left = y_label_width(axes.y);
  axes.right = chart.width - (names > 0 ? names * kFontPx + 24 : 12);
  axes.top = kTitleHeight + (chart.marked_x ? 18 : 6);
  axes.bottom = axes.top + plot_height;
  return axes;
}

}  // namespace

Markup line_chart(const LineChart& chart) {
  std::vector<Line> lines = lines_of(chart);
  if (lines.empty()) return empty_chart(chart.width, chart.title, "Line chart");
  const double plot_height = std::max(chart.plot_height, kLabelStep * static_cast<double>(lines.size()));
  const Axes axes = axes_of(chart, lines, plot_height);
  Canvas canvas(chart.width, axes.bottom + kFootHeight, chart.title, description(chart, lines));
  draw(canvas, axes, chart.title, chart.x_label);
  if (chart.marked_x && *chart.marked_x >= axes.x.low && *chart.marked_x <= axes.x.high) {
    const double x = axes.x_px(*chart.marked_x);
    canvas.line(x, axes.top - 4, x, axes.bottom, 0.6, true);
    canvas.text(x, axes.top - 8, chart.mark, {.anchor = TextStyle::Anchor::middle, .muted = true});
  }
  std::vector<Line*> by_end;
  for (Line& line : lines) {
    draw_line(canvas, line, axes);
    line.end_y = axes.y_px(line.series->y[line.drawable.back()]);
    by_end.push_back(&line);
  }
  spread_names(by_end, axes.top, axes.bottom);
  for (const Line* line : by_end) {
    if (!is_named(chart, *line)) continue;
    canvas.circle(axes.right + 10, line->end_y, 4, line->paint);
    canvas.text(axes.right + 19, line->end_y + 4.5, shortened(line->series->name, kLongestNameEm));
  }
  return std::move(canvas).finish();
}

}  // namespace maskmill::svg
