// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "render/axes.h"
#include "render/svg.h"
#include "render/unicode.h"

namespace maskmill::svg {
namespace {

constexpr double kWidth = 500, kBarStep = 22, kBarHeight = 14, kPlotHeight = 180;
constexpr std::string_view kPaint = "var(--series-1,#0072b2)";

std::string value_text(const Bar& bar) {
  if (!is_drawable(bar.value)) return "\u2013";
  return bar.value_text.empty() ? short_number(bar.value) : bar.value_text;
}

}  // namespace

Markup bar_chart(const BarChart& chart) {
  if (chart.bars.empty()) return empty_chart(kWidth, chart.title, "Bar chart");
  Range range{.low = 0, .high = 0};
  double names = 0, numbers = 0;
  std::string words = "Bar chart.";
  for (const Bar& bar : chart.bars) {
    range.add(bar.value);
    names = std::max(names, std::min(kLongestNameEm, text_width_em(bar.name)));
    numbers = std::max(numbers, text_width_em(value_text(bar)));
    words += fmt::format(" {}: {}.", bar.name, value_text(bar));
  }
  const double high = std::max(*range.high, chart.high.value_or(0)), low = *range.low;
  const double span = high > low ? high - low : 1;
  const double left = names * kFontPx + 10, right = kWidth - numbers * kFontPx - 8;
  const auto x_px = [&](double value) { return left + (value - low) / span * (right - left); };

  const auto rows = static_cast<double>(chart.bars.size());
  Canvas canvas(kWidth, kTitleHeight + rows * kBarStep + 4, chart.title, words);
  draw_title(canvas, chart.title);
  double y = kTitleHeight;
  for (const Bar& bar : chart.bars) {
    const double base_line = y + kBarHeight / 2 + 4.5;
    canvas.text(left - 10, base_line, shortened(bar.name, kLongestNameEm),
                {.anchor = TextStyle::Anchor::end});
    double end = x_px(0);
    if (is_drawable(bar.value)) {
      const double from = std::min(end, x_px(bar.value)), to = std::max(end, x_px(bar.value));
      // The rim keeps a bar in a label's own colour visible where that is the page's.
      canvas.rect(from - 0.5, y - 0.5, to - from + 1, kBarHeight + 1, "currentColor", 0.25);
      canvas.rect(from, y, to - from, kBarHeight, bar.colour ? hex(*bar.colour) : kPaint, 1,
                  fmt::format("{}: {}", bar.name, value_text(bar)));
      end = to;
    }
    canvas.text(end + 6, base_line, value_text(bar), {.muted = true});
    y += kBarStep;
  }
  canvas.line(x_px(0), kTitleHeight - 4, x_px(0), y - 4, 0.5);
  return std::move(canvas).finish();
}

Markup interval_chart(const IntervalChart& chart) {
  if (chart.rows.empty()) return empty_chart(kWidth, chart.title, "Interval chart");
  Range range{.low = 0, .high = 0};
  double names = 0, numbers = 0;
  std::string words = "Interval chart.";
  const auto text_of = [](const IntervalRow& row) {
    return value_text({row.name, row.value, {}, row.value_text});
  };
  for (const IntervalRow& row : chart.rows) {
    range.add(row.value);
    if (row.low) range.add(*row.low);
    if (row.high) range.add(*row.high);
    names = std::max(names, std::min(kLongestNameEm, text_width_em(row.name)));
    numbers = std::max(numbers, text_width_em(text_of(row)));
    words += fmt::format(" {}: {}", row.name, text_of(row));
    if (row.low && row.high)
      words += fmt::format(", {} to {}", short_number(*row.low), short_number(*row.high));
    words += '.';
  }
  const double low = *range.low, span = *range.high > low ? *range.high - low : 1;
  const double left = names * kFontPx + 18, right = kWidth - numbers * kFontPx - 18;
  const auto x_px = [&](double value) { return left + (value - low) / span * (right - left); };
  const auto rows = static_cast<double>(chart.rows.size());
  Canvas canvas(kWidth, kTitleHeight + rows * kBarStep + 4, chart.title, words);
  draw_title(canvas, chart.title);
  canvas.line(x_px(0), kTitleHeight - 4, x_px(0), kTitleHeight + rows * kBarStep - 4, 0.5);
  double y = kTitleHeight;
  for (const IntervalRow& row : chart.rows) {
    const double middle = y + kBarHeight / 2;
    canvas.text(left - 18, middle + 4.5, shortened(row.name, kLongestNameEm),
                {.anchor = TextStyle::Anchor::end});
    if (is_drawable(row.value)) {
      if (row.low && row.high && is_drawable(*row.low) && is_drawable(*row.high)) {
        const std::string path =
            fmt::format("M{} {}H{}M{} {}v8M{} {}v8", coordinate(x_px(*row.low)), coordinate(middle),
                        coordinate(x_px(*row.high)), coordinate(x_px(*row.low)), coordinate(middle - 4),
                        coordinate(x_px(*row.high)), coordinate(middle - 4));
        canvas.stroke(path, kPaint, 2, false,
                      fmt::format("{}: {} to {}", row.name, short_number(*row.low), short_number(*row.high)));
      }
      canvas.circle(x_px(row.value), middle, 4.5, kPaint, fmt::format("{}: {}", row.name, text_of(row)));
    }
    canvas.text(kWidth, middle + 4.5, text_of(row), {.anchor = TextStyle::Anchor::end, .muted = true});
    y += kBarStep;
  }
  return std::move(canvas).finish();
}

Markup histogram(const Histogram& chart) {
  if (chart.edges.size() != chart.counts.size() + 1 && !(chart.edges.empty() && chart.counts.empty()))
    throw Error(Code::bug, fmt::format("{} edges for {} bins", chart.edges.size(), chart.counts.size()));
  Range x, y{.low = 0, .high = 0};
  double total = 0;
  for (const double edge : chart.edges) x.add(edge);
  for (const double count : chart.counts) {
    y.add(count);
    if (is_drawable(count)) total += count;
  }
  if (chart.counts.empty() || !x.low) return empty_chart(kWidth, chart.title, "Histogram");
  Axes axes;
  axes.y = nice_ticks(0, *y.high > 0 ? *y.high : 1);
  axes.x = nice_ticks(*x.low, *x.high, 6);
  if (*x.low < *x.high) axes.x.low = *x.low, axes.x.high = *x.high;
  axes.left = y_label_width(axes.y), axes.right = kWidth - 12;
  axes.top = kTitleHeight + 6, axes.bottom = axes.top + kPlotHeight;

  const std::string words = fmt::format("Histogram of {} in {} bins from {} to {}.", short_number(total, 6),
                                        chart.counts.size(), short_number(*x.low), short_number(*x.high));
  Canvas canvas(kWidth, axes.bottom + kFootHeight, chart.title, words);
  draw(canvas, axes, chart.title, chart.x_label);
  for (std::size_t i = 0; i < chart.counts.size(); ++i) {
    const bool drawable =
        is_drawable(chart.edges[i]) && is_drawable(chart.edges[i + 1]) && is_drawable(chart.counts[i]);
    if (!drawable || chart.counts[i] <= 0) continue;
    const double from = axes.x_px(chart.edges[i]), to = axes.x_px(chart.edges[i + 1]);
    const double gap = to - from > 4 ? 1 : 0;
    canvas.rect(from, axes.y_px(chart.counts[i]), std::max(0.5, to - from - gap),
                axes.bottom - axes.y_px(chart.counts[i]), kPaint, 1,
                fmt::format("{} to {}: {}", short_number(chart.edges[i]), short_number(chart.edges[i + 1]),
                            short_number(chart.counts[i], 6)));
  }
  return std::move(canvas).finish();
}

}  // namespace maskmill::svg
