// SPDX-License-Identifier: Apache-2.0
#include "render/evaluation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::size_t kClassCurvesShown = 12;
constexpr std::size_t kMostDifferencesDrawn = 40;

html::Column words(std::string title) {
  return {std::move(title), false};
}
html::Column figures(std::string title) {
  return {std::move(title), true};
}

Markup interval_text(const EvaluationPage::Bounds& bounds, bool is_signed) {
  if (!bounds) return html::text("\u2013");
  return html::text(is_signed ? fmt::format("{:+.3f} to {:+.3f}", bounds->first, bounds->second)
                              : fmt::format("{:.3f} to {:.3f}", bounds->first, bounds->second));
}

Markup signed_number(double value) {
  return std::isfinite(value) ? html::text(fmt::format("{:+.3f}", value)) : html::number(value);
}

void write_scores(html::Page& page, const std::vector<EvaluationPage::Score>& scores) {
  const bool has_intervals =
      std::ranges::any_of(scores, [](const auto& one) { return one.interval.has_value(); });
  std::vector<html::Column> columns{words("score"), figures("value")};
  if (has_intervals) columns.push_back(figures("95 % interval"));
  std::vector<html::Row> rows;
  for (const auto& one : scores) {
    html::Row row{html::remarked(one.name, one.meaning), html::share(one.value)};
    if (has_intervals) row.push_back(interval_text(one.interval, false));
    rows.push_back(std::move(row));
  }
  page.table(columns, rows);
}

void write_curves(html::Page& page, const EvaluationPage::Metric& metric) {
  const auto drawn = [](const std::vector<svg::LineChart>& charts, std::size_t first, std::size_t last) {
    std::vector<Markup> all;
    for (std::size_t i = first; i < last; ++i) all.push_back(svg::line_chart(charts[i]));
    return all;
  };
  if (!metric.curves.empty()) page.charts(drawn(metric.curves, 0, metric.curves.size()));
  const std::size_t classes = metric.class_curves.size(), shown = std::min(classes, kClassCurvesShown);
  if (classes == 0) return;
  page.charts(drawn(metric.class_curves, 0, shown), true);
  if (shown == classes) return;
  page.fold(fmt::format("Curves of {} more {}", classes - shown, classes - shown == 1 ? "class" : "classes"));
  page.charts(drawn(metric.class_curves, shown, classes), true);
  page.unfold();
}

void write_errors(html::Page& page, const std::vector<EvaluationPage::Error>& errors) {
  svg::BarChart costs{.title = "AP at an IoU of .5 that each kind of error costs"};
  svg::BarChart counts{.title = "How many there are"};
  std::vector<html::Row> rows;
  for (const auto& one : errors) {
    costs.bars.push_back(
        {.name = one.name, .value = one.cost, .value_text = fmt::format("{:.3f}", one.cost)});
    counts.bars.push_back({.name = one.name,
                           .value = static_cast<double>(one.count),
                           .value_text = with_thousands(static_cast<std::size_t>(one.count))});
    rows.push_back(
        {html::text(one.name), html::count(one.count), html::number(one.cost), html::text(one.meaning)});
  }
  const std::array charts{svg::bar_chart(costs), svg::bar_chart(counts)};
  page.charts(charts);
  const std::array columns{words("error"), figures("count"), figures("costs")};
  page.table(columns, rows);
}

void write_classes(html::Page& page, const EvaluationPage::Metric& metric) {
  std::vector<html::Column> columns{words("class")};
  for (const std::string& name : metric.score_columns) columns.push_back(figures(name));
  for (const std::string& name : metric.amount_columns) columns.push_back(figures(name));
  std::vector<html::Row> rows;
  for (const auto& one : metric.classes) {
    if (one.scores.size() != metric.score_columns.size() ||
        one.amounts.size() != metric.amount_columns.size())
      throw Error(Code::bug, "a class with more or fewer numbers than columns");
    html::Row row{html::swatch(one.colour, one.name)};
    for (std::size_t i = 0; i < one.scores.size(); ++i)
      row.push_back(i == 0 ? html::share(one.scores[i]) : html::number(one.scores[i]));
    for (const std::int64_t amount : one.amounts) row.push_back(html::count(amount));
    rows.push_back(std::move(row));
  }
  page.table(columns, rows);
}

void write_metric(html::Page& page, const EvaluationPage::Metric& metric) {
  page.section(metric.title, metric.introduction);
  write_scores(page, metric.scores);
  if (!metric.curves.empty() || !metric.class_curves.empty()) {
    page.section(
        metric.title + ": precision by recall",
        "How many detections are right at the score at which a share of the objects is found: over all "
        "classes, and for each, those with most objects first.");
    write_curves(page, metric);
  }
  if (!metric.errors.empty()) {
    page.section(metric.title + ": errors",
                 "Each bar says what average precision would gain if these errors alone were put right.");
    write_errors(page, metric.errors);
  }
  if (!metric.classes.empty()) {
    page.section(metric.title + ": classes");
    write_classes(page, metric);
  }
  if (!metric.confusion.empty()) {
    page.section(metric.title + ": confusion", "What the pixels of each true class were taken for.");
    svg::ConfusionChart chart{.title = "Per cent of each class", .names = {}, .counts = metric.confusion};
    for (const auto& one : metric.classes) chart.names.push_back(one.name);
    page.wide(svg::confusion_chart(chart));
  }
}

void write_differences(html::Page& page, const std::vector<EvaluationPage::Difference>& differences,
                       const std::string& title, const std::string& what) {
  if (differences.empty()) return;
  const bool has_intervals =
      std::ranges::any_of(differences, [](const auto& one) { return one.interval.has_value(); });
  if (differences.size() <= kMostDifferencesDrawn) {
    svg::IntervalChart chart{.title = title};
    for (const auto& one : differences) {
      svg::IntervalRow row{.name = one.name, .value = one.difference};
      if (one.interval) row.low = one.interval->first, row.high = one.interval->second;
      if (std::isfinite(one.difference)) row.value_text = fmt::format("{:+.3f}", one.difference);
      chart.rows.push_back(std::move(row));
    }
    page.charts(std::array{svg::interval_chart(chart)});
  }
  std::vector<html::Column> columns{words(what), figures("these"), figures("other"), figures("difference")};
  if (has_intervals) {
    columns.push_back(figures("95 % interval"));
    columns.push_back(figures("better in"));
  }
  std::vector<html::Row> rows;
  for (const auto& one : differences) {
    html::Row row{html::text(one.name), html::number(one.value), html::number(one.other),
                  signed_number(one.difference)};
    if (has_intervals) {
      row.push_back(interval_text(one.interval, true));
      row.push_back(
          html::text(one.share_above_0 ? fmt::format("{:.1f} %", 100 * *one.share_above_0) : "\u2013"));
    }
    rows.push_back(std::move(row));
  }
  page.table(columns, rows);
}

void write_comparison(html::Page& page, const EvaluationPage& report) {
  bool is_first = true;
  for (const auto& one : report.comparison) {
    page.section("Compared: " + one.title, is_first ? report.comparison_introduction : "");
    is_first = false;
    const auto number = [](std::int64_t count) { return with_thousands(static_cast<std::size_t>(count)); };
    page.headline({{"images of both", number(one.images)},
                   {"better here", number(one.won)},
                   {"better in the other", number(one.lost)},
                   {"the same", number(one.images - one.won - one.lost)}});
    write_differences(page, one.overall, "Differences", "score");
    write_differences(page, one.classes, "Differences by class", "class");
  }
}

}  // namespace

void write_evaluation_report(const EvaluationPage& report, const Path& target, Overwrite overwrite) {
  OutputFile file(target, overwrite);
  html::Page page([&](std::string_view bytes) { file.write(bytes); }, report.title, report.subtitle);
  page.headline(report.headline);
  page.key_values(report.facts);
  for (const std::string& remark : report.remarks) page.note(remark, html::Tone::warning);
  if (!report.comparison.empty()) write_comparison(page, report);
  for (const auto& metric : report.metrics) write_metric(page, metric);
  write_worst_images(page, report.worst);
  page.close();
  file.commit();
}

}  // namespace maskmill
