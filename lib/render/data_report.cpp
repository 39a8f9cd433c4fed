// SPDX-License-Identifier: Apache-2.0
#include "render/data_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::size_t kBars = 30;

using Labels = std::vector<DataReport::LabelRow>;
using Amount = std::int64_t DataReport::LabelRow::*;

double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::int64_t sum_of(const Labels& labels, Amount amount) {
  std::int64_t sum = 0;
  for (const auto& label : labels) sum += label.*amount;
  return sum;
}

std::string percent(double part) {
  return fmt::format("{:.{}f} %", part * 100, part < 0.01 ? 3 : 1);
}

/// The labels with most of `amount`, in that order, and its share of `whole`; of more than fit, the title
/// says how many there are.
svg::BarChart bars_of(const Labels& labels, Amount amount, std::int64_t whole, std::string title) {
  std::vector<const DataReport::LabelRow*> sorted;
  for (const auto& label : labels)
    if (label.*amount > 0) sorted.push_back(&label);
  std::ranges::stable_sort(sorted, std::greater<>(), [&](const auto* label) { return label->*amount; });
  const std::size_t shown = std::min(sorted.size(), kBars);
  if (shown < sorted.size()) title += fmt::format(" (the first {} of {})", shown, sorted.size());
  svg::BarChart chart{.title = std::move(title)};
  for (std::size_t i = 0; i < shown; ++i)
    chart.bars.push_back({.name = sorted[i]->name,
                          .value = static_cast<double>(sorted[i]->*amount),
                          .colour = sorted[i]->colour,
                          .value_text = percent(share(sorted[i]->*amount, whole))});
  return chart;
}

void write_labels(html::Page& page, const DataReport& report) {
  std::vector<html::Column> columns{{"label"}, {"role"}, {"annotations", true}};
  if (report.pixels_counted) {
    columns.push_back({"items", true});
    columns.push_back({"pixels", true});
    columns.push_back({"share of pixels", true});
    for (const auto& subset : report.subsets) columns.push_back({subset.name, true});
  }
  const std::int64_t all_pixels = sum_of(report.labels, &DataReport::LabelRow::pixels);
  std::vector<html::Row> rows;
  for (const auto& label : report.labels) {
    rows.push_back({html::swatch(label.colour, label.name), html::text(name_of(label.role)),
                    html::count(label.annotations)});
    if (!report.pixels_counted) continue;
    rows.back().push_back(html::count(label.items));
    rows.back().push_back(html::count(label.pixels));
    rows.back().push_back(html::text(percent(share(label.pixels, all_pixels))));
    for (std::size_t i = 0; i < report.subsets.size(); ++i)
      rows.back().push_back(html::share(share(label.items_of_subset.at(i), report.subsets[i].items)));
  }
  page.section("Labels",
               report.pixels_counted && !report.subsets.empty()
                   ? "Under a subset's name: the share of its items in which the label occurs. Where "
                     "these differ much, the subsets are not alike."
                   : "");
  page.table(columns, rows);
}

void write_charts(html::Page& page, const DataReport& report) {
  std::vector<Markup> charts;
  const auto add = [&](Amount amount, std::int64_t whole, const char* title) {
    if (sum_of(report.labels, amount) > 0)
      charts.push_back(svg::bar_chart(bars_of(report.labels, amount, whole, title)));
  };
  using Row = DataReport::LabelRow;
  add(&Row::annotations, sum_of(report.labels, &Row::annotations), "Annotations a label");
  add(&Row::items, report.items, "Items a label occurs in");
  add(&Row::pixels, sum_of(report.labels, &Row::pixels), "Pixels a label");
  for (const svg::Histogram& histogram : report.histograms) charts.push_back(svg::histogram(histogram));
  if (charts.empty()) return;
  page.section("Distributions");
  page.charts(charts);
}

}  // namespace

void write_data_report(const DataReport& report, const Path& target, Overwrite overwrite) {
  OutputFile file(target, overwrite);
  html::Page page([&](std::string_view bytes) { file.write(bytes); }, report.title, report.subtitle);
  page.headline(report.headline);
  page.key_values(report.facts);
  if (!report.labels.empty()) write_labels(page, report);
  write_charts(page, report);
  page.close();
  file.commit();
}

}  // namespace maskmill
