// SPDX-License-Identifier: Apache-2.0
#include "statistics_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/text.h"

namespace maskmill::tools {
namespace {

constexpr std::size_t kMostBins = 40;

/// Equal bins of whole numbers from the least value to the greatest.
svg::Histogram histogram_of(const std::map<std::size_t, std::size_t>& counts, std::string title,
                            std::string x_label) {
  svg::Histogram chart{.title = std::move(title), .x_label = std::move(x_label)};
  if (counts.empty()) return chart;
  const std::size_t low = counts.begin()->first, high = counts.rbegin()->first + 1;
  const std::size_t step = (high - low + kMostBins - 1) / kMostBins;
  const std::size_t bins = (high - low + step - 1) / step;
  chart.counts.assign(bins, 0);
  for (const auto& [value, count] : counts) chart.counts[(value - low) / step] += static_cast<double>(count);
  for (std::size_t i = 0; i <= bins; ++i) chart.edges.push_back(static_cast<double>(low + i * step));
  return chart;
}

template <std::size_t N>
bool holds_any(const std::array<std::size_t, N>& counts) {
  return std::ranges::any_of(counts, [](std::size_t count) { return count > 0; });
}

svg::Histogram brightness_of(const Statistics& statistics) {
  svg::Histogram chart{.title = "Brightness of the images",
                       .x_label = "mean of all samples, black 0 to white 1"};
  for (std::size_t i = 0; i <= kBrightnesses; ++i)
    chart.edges.push_back(static_cast<double>(i) / static_cast<double>(kBrightnesses));
  chart.counts.assign(statistics.brightness.begin(), statistics.brightness.end());
  return chart;
}

/// From the smallest size that occurs to the largest.
svg::Histogram object_sizes_of(const Statistics& statistics) {
  svg::Histogram chart{.title = "Size of the objects",
                       .x_label = "side of a square of their area, pixels, as a power of 2"};
  const auto& sides = statistics.object_sides;
  std::size_t first = 0, last = kObjectSides;
  while (sides[first] == 0) ++first;
  while (sides[last - 1] == 0) --last;
  for (std::size_t k = first; k <= last; ++k) chart.edges.push_back(static_cast<double>(k));
  chart.counts.assign(sides.begin() + static_cast<std::ptrdiff_t>(first),
                      sides.begin() + static_cast<std::ptrdiff_t>(last));
  return chart;
}

std::vector<svg::Histogram> histograms_of(const Statistics& statistics) {
  std::vector<svg::Histogram> charts;
  if (statistics.annotations > 0)
    charts.push_back(histogram_of(statistics.annotations_an_item, "Annotations an item", "annotations"));
  if (holds_any(statistics.object_sides)) charts.push_back(object_sizes_of(statistics));
  std::map<std::size_t, std::size_t> widths, heights;
  for (const auto& [size, items] : statistics.sizes) {
    widths[static_cast<std::size_t>(size.first)] += items;
    heights[static_cast<std::size_t>(size.second)] += items;
  }
  if (widths.size() > 1) charts.push_back(histogram_of(widths, "Width of the images", "pixels"));
  if (heights.size() > 1) charts.push_back(histogram_of(heights, "Height of the images", "pixels"));
  if (holds_any(statistics.brightness)) charts.push_back(brightness_of(statistics));
  return charts;
}

html::KeyValues facts_of(const Statistics& statistics, const Format& format) {
  html::KeyValues facts{{"format", std::string(format.title)}};
  const auto add = [&](const char* name, std::size_t number) {
    if (number > 0) facts.emplace_back(name, with_thousands(number));
  };
  add("not annotated", statistics.unannotated);
  add("annotated as empty", statistics.empty);
  add("items that could not be read", statistics.left_out);
  for (const auto& [name, items] : statistics.subsets)
    facts.emplace_back("subset " + name, counted(items, "item"));
  for (const auto& [shape, count] : statistics.shapes) facts.emplace_back(shape, with_thousands(count));
  if (statistics.sizes.size() == 1) {
    const auto& [width, height] = statistics.sizes.begin()->first;
    facts.emplace_back("size of every image", fmt::format("{}x{}", width, height));
  }
  if (statistics.mean) {
    const auto three = [](const std::array<double, 3>& values) {
      return fmt::format("{:.4f} {:.4f} {:.4f}", values[0], values[1], values[2]);
    };
    facts.emplace_back("mean of red, green, blue", three(*statistics.mean));
    facts.emplace_back("standard deviation", three(*statistics.std));
  }
  if (statistics.unlabelled_pixels > 0)
    facts.emplace_back("pixels of no label",
                       with_thousands(static_cast<std::size_t>(statistics.unlabelled_pixels)));
  return facts;
}

}  // namespace

DataReport statistics_page(const Statistics& statistics, const LabelMap& labels, const std::string& source,
                           const Format& format) {
  DataReport page;
  page.title = source;
  page.subtitle = std::string(format.title);
  page.headline = {{"items", with_thousands(statistics.items)},
                   {"annotations", with_thousands(statistics.annotations)},
                   {"labels", with_thousands(statistics.labels.size())}};
  page.items = static_cast<std::int64_t>(statistics.items);
  page.facts = facts_of(statistics, format);
  page.pixels_counted = statistics.pixels_counted;
  for (const auto& [name, items] : statistics.subsets)
    page.subsets.push_back({name, static_cast<std::int64_t>(items)});
  for (std::size_t i = 0; i < statistics.labels.size(); ++i) {
    const LabelStatistics& label = statistics.labels[i];
    DataReport::LabelRow row{.name = label.name,
                             .colour = labels.colour(static_cast<int>(i)),
                             .role = label.role,
                             .annotations = static_cast<std::int64_t>(label.annotations),
                             .items = static_cast<std::int64_t>(label.items),
                             .pixels = label.pixels,
                             .items_of_subset = {label.items_of_subset.begin(), label.items_of_subset.end()}};
    row.items_of_subset.resize(statistics.subsets.size());
    page.labels.push_back(std::move(row));
  }
  page.histograms = histograms_of(statistics);
  return page;
}

}  // namespace maskmill::tools
