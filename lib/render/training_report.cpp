// SPDX-License-Identifier: Apache-2.0
#include "render/training_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::size_t kConfusionsShown = 10;

struct Quantity {
  std::string name, subset;
};

/// "val_mean_iou" -> {"mean IoU", "val"}
Quantity quantity_of(std::string_view column) {
  Quantity quantity;
  for (const std::string_view subset : {"train", "val", "test"})
    if (column.starts_with(subset) && column.substr(subset.size()).starts_with("_")) {
      quantity.subset = subset;
      column.remove_prefix(subset.size() + 1);
      break;
    }
  quantity.name = score_in_words(column);
  return quantity;
}

bool is_share(std::string_view name) {
  constexpr std::array kShares{"IoU", "Dice", "AP", "accuracy", "precision", "recall"};
  return std::any_of(kShares.begin(), kShares.end(),
                     [&](std::string_view share) { return name.find(share) != std::string_view::npos; });
}

template <class T>
T& found_or_added(std::vector<T>& all, std::string T::*key, const std::string& value) {
  for (T& one : all)
    if (one.*key == value) return one;
  all.emplace_back();
  all.back().*key = value;
  return all.back();
}

void write_classes(html::Page& page, const std::vector<TrainingReport::ClassRow>& classes) {
  const std::array columns{html::Column{"class"},        html::Column{"IoU", true},
                           html::Column{"Dice", true},   html::Column{"precision", true},
                           html::Column{"recall", true}, html::Column{"pixels", true}};
  std::vector<html::Row> rows;
  for (const auto& one : classes)
    rows.push_back({html::swatch(one.colour, one.name), html::share(one.iou), html::number(one.dice),
                    html::number(one.precision), html::number(one.recall), html::count(one.pixels)});
  page.table(columns, rows);
}

/// A matrix of many classes shows where to look; this says what is there.
void write_confusions(html::Page& page, const TrainingReport& report) {
  const std::size_t classes = report.classes.size();
  struct Confusion {
    std::size_t truth, predicted;
    std::int64_t pixels;
    double share;
  };
  std::vector<Confusion> confusions;
  for (std::size_t truth = 0; truth < classes; ++truth) {
    double sum = 0;
    for (std::size_t k = 0; k < classes; ++k)
      sum += static_cast<double>(report.confusion[truth * classes + k]);
    for (std::size_t k = 0; k < classes; ++k)
      if (const std::int64_t pixels = report.confusion[truth * classes + k]; k != truth && pixels > 0)
        confusions.push_back({truth, k, pixels, static_cast<double>(pixels) / sum});
  }
  const std::size_t shown = std::min(confusions.size(), kConfusionsShown);
  std::partial_sort(confusions.begin(), confusions.begin() + static_cast<std::ptrdiff_t>(shown),
                    confusions.end(), [](const Confusion& a, const Confusion& b) {
                      return std::tuple(-a.pixels, a.truth, a.predicted) <
                             std::tuple(-b.pixels, b.truth, b.predicted);
                    });
  if (shown == 0) return;
  const std::array columns{html::Column{"truth"}, html::Column{"predicted"},
                           html::Column{"of the class", true}, html::Column{"pixels", true}};
  std::vector<html::Row> rows;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& [truth, predicted, pixels, share] = confusions[i];
    const auto& from = report.classes[truth];
    const auto& to = report.classes[predicted];
    rows.push_back({html::swatch(from.colour, from.name), html::swatch(to.colour, to.name),
                    html::text(fmt::format("{:.1f} %", share * 100)), html::count(pixels)});
  }
  page.paragraph("The confusions of most pixels:");
  page.table(columns, rows);
}

}  // namespace

std::string score_in_words(std::string_view column) {
  std::string name(column);
  std::ranges::replace(name, '_', ' ');
  for (const auto& [plain, usual] :
       {std::pair{"iou", "IoU"}, std::pair{"dice", "Dice"}, std::pair{" ap", " AP"}})
    if (const std::size_t at = name.find(plain); at != std::string::npos)
      name.replace(at, std::string_view(plain).size(), usual);
  return name;
}

std::vector<svg::LineChart> curves_of(const std::vector<TrainingReport::Epoch>& epochs,
                                      std::optional<double> best_epoch) {
  std::vector<svg::LineChart> charts;
  for (const auto& row : epochs) {
    const auto at =
        std::find_if(row.begin(), row.end(), [](const auto& cell) { return cell.first == "epoch"; });
    const double epoch = at != row.end() ? at->second : std::numeric_limits<double>::quiet_NaN();
    for (const auto& [column, value] : row) {
      if (column == "epoch") continue;
      const Quantity quantity = quantity_of(column);
      svg::LineChart& chart = found_or_added(charts, &svg::LineChart::title, quantity.name);
      svg::Series& series = found_or_added(chart.series, &svg::Series::name,
                                           quantity.subset.empty() ? quantity.name : quantity.subset);
      series.x.push_back(epoch);
      series.y.push_back(value);
    }
  }
  for (svg::LineChart& chart : charts) {
    chart.x_label = "epoch";
    chart.marked_x = best_epoch;
    chart.mark = "best";
    if (is_share(chart.title)) chart.low = 0, chart.high = 1;
  }
  return charts;
}

void write_training_report(const TrainingReport& report, const Path& target, Overwrite overwrite) {
  OutputFile file(target, overwrite);
  html::Page page([&](std::string_view bytes) { file.write(bytes); }, report.title, report.subtitle);
  if (!report.headline.empty()) page.headline(report.headline);
  for (const std::string& remark : report.remarks) page.note(remark, html::Tone::warning);
  if (!report.classes.empty()) {
    page.section("Classes");
    write_classes(page, report.classes);
  }
  if (!report.confusion.empty()) {
    page.section("Confusion", "What the pixels of each true class were taken for.");
    svg::ConfusionChart chart{.title = "Per cent of each class", .names = {}, .counts = report.confusion};
    for (const auto& one : report.classes) chart.names.push_back(one.name);
    page.wide(svg::confusion_chart(chart));
    write_confusions(page, report);
  }
  if (const auto curves = curves_of(report.epochs, report.best_epoch); !curves.empty()) {
    page.section("Training");
    std::vector<Markup> charts;
    for (const svg::LineChart& chart : curves) charts.push_back(svg::line_chart(chart));
    page.charts(charts);
  }
  write_worst_images(page, report.worst);
  if (!report.settings.empty()) {
    page.section("Settings");
    page.key_values(report.settings);
  }
  page.close();
  file.commit();
}

}  // namespace maskmill
