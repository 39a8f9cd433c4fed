// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "render/markup.h"

namespace maskmill::svg {

/// Charts as inline SVG: they scale with the page, take its text colour and its variables --series-1..6,
/// --heat and
/// --heat-error, and have a title and a description in words for who cannot see them. Any numbers are legal:
/// NaN, infinities and magnitudes above 1e300 count as missing.

struct Series {
  std::string name;
  std::vector<double> x = {}, y = {};  ///< of one length; x ascending. A missing y leaves a gap
  /// None: one of six that colour-blind people can tell apart, then the same dashed.
  std::optional<Rgb> colour = {};
};

struct LineChart {
  std::string title;
  std::string x_label = {};
  std::vector<Series> series = {};
  std::optional<double> low = {}, high = {};  ///< the y axis reaches at least this far
  std::optional<double> marked_x = {};        ///< a thin vertical line, such as at the best epoch
  std::string mark = {};                      ///< its word: "best"
  double width = 500, plot_height = 200;      ///< pixels
};

/// Each line is named at its end, but for a single one that has the chart's title for a name. Grows taller
/// where the names need it. A series of more points than can be told apart is reduced to each pixel column's
/// first, lowest, highest and last (Jugel et al., "M4: a visualization-oriented time series data
/// aggregation", VLDB 2014), which draws the same picture. Throws Error(bug) where x and y differ in length.
Markup line_chart(const LineChart& chart);

struct Bar {
  std::string name;
  double value = 0;
  std::optional<Rgb> colour = {};
  std::string value_text = {};  ///< empty: the value with three digits
};

/// Horizontal bars from 0, in the order given, each with its number. A missing value is a dash.
struct BarChart {
  std::string title;
  std::vector<Bar> bars = {};
  std::optional<double> high = {};  ///< the longest bar stands for at least this
};
Markup bar_chart(const BarChart& chart);

struct IntervalRow {
  std::string name;
  double value = 0;
  std::optional<double> low = {}, high = {};
  std::string value_text = {};  ///< empty: the value with three digits
};

/// Values as dots, their intervals as lines through them, on one scale with a line at 0. A missing value is a
/// dash.
struct IntervalChart {
  std::string title;
  std::vector<IntervalRow> rows = {};
};
Markup interval_chart(const IntervalChart& chart);

/// `edges` ascend and are one more than `counts`. Throws Error(bug) otherwise.
struct Histogram {
  std::string title;
  std::string x_label = {};
  std::vector<double> edges = {};
  std::vector<double> counts = {};
};
Markup histogram(const Histogram& chart);

/// Rows are the truth, columns the prediction; each row is shown as shares of its sum, right ones in one hue
/// and wrong ones in another. Up to 12 classes have numbers in their cells, up to 40 have names; beyond that,
/// cells alone.
struct ConfusionChart {
  std::string title;
  std::vector<std::string> names = {};
  std::vector<std::int64_t> counts = {};  ///< row by row, names.size() squared; throws Error(bug) otherwise
};
Markup confusion_chart(const ConfusionChart& chart);

}  // namespace maskmill::svg
