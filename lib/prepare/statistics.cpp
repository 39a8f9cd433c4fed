// SPDX-License-Identifier: Apache-2.0
#include "prepare/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/progress.h"
#include "base/text.h"
#include "dataset/masks.h"

namespace maskmill {
namespace {

// Sums of 8-bit samples are exact in 64 bits for 2^47 pixels and more, so the result does not depend on the
// order.
struct ChannelSums {
  std::array<std::uint64_t, 3> sum{}, square{};
  std::uint64_t pixels = 0;

  void add(const cv::Mat& rgb) {
    for (int y = 0; y < rgb.rows; ++y) {
      const auto* p = rgb.ptr<std::uint8_t>(y);
      std::array<std::uint64_t, 3> row{}, row_square{};
      for (int x = 0; x < rgb.cols; ++x, p += 3)
        for (std::size_t c = 0; c < 3; ++c) {
          const std::uint32_t value = p[c], squared = value * value;
          row[c] += value;
          row_square[c] += squared;
        }
      for (std::size_t c = 0; c < 3; ++c) sum[c] += row[c], square[c] += row_square[c];
    }
    pixels += rgb.total();
  }
  void add(const ChannelSums& other) {
    for (std::size_t c = 0; c < 3; ++c) sum[c] += other.sum[c], square[c] += other.square[c];
    pixels += other.pixels;
  }
};

struct Measured {
  std::optional<Item> item;
  std::vector<std::int64_t> pixels;  // by label
  std::int64_t unlabelled = 0;
  std::vector<std::int64_t> object_areas;
  ChannelSums channels;
  std::vector<Finding> findings;
};

void measure_labels(const Item& item, int labels, Measured& out) {
  out.pixels.assign(static_cast<std::size_t>(labels), 0);
  if (item.semantic) {
    const cv::Mat mask = read_semantic(*item.semantic, item.size).labels;
    for (int y = 0; y < mask.rows; ++y) {
      const auto* row = mask.ptr<std::uint16_t>(y);
      for (int x = 0; x < mask.cols; ++x)
        if (row[x] < out.pixels.size())
          ++out.pixels[row[x]];
        else
          ++out.unlabelled;
    }
  }
  if (item.size && !item.semantic)
    for (const Annotation& annotation : item.annotations) {
      if (!annotation.label) continue;
      const Shape& shape = annotation.shape;
      if (!has_area(shape)) continue;
      const auto* mask = std::get_if<MaskRef>(&shape);
      const std::int64_t pixels =
          area(mask ? read_mask_shape(*mask, item.size) : rasterise(shape, *item.size));
      out.pixels[static_cast<std::size_t>(*annotation.label)] += pixels;
      if (!is_label_mask(annotation)) out.object_areas.push_back(pixels);
    }
}

Measured measure(ReadItem& read, int labels, const StatisticsSettings& settings) {
  Measured out;
  out.item = read(out.findings);
  if (!out.item || !settings.pixels) return out;
  const auto attempt = [&](auto&& action, const std::string& rule) {
    try {
      action();
      return true;
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      out.findings.push_back(to_finding(error, rule));
      return false;
    }
  };
  if (!attempt([&] { measure_labels(*out.item, labels, out); }, "unreadable-item")) {
    out.pixels.clear();
    out.object_areas.clear();
    out.unlabelled = 0;
  }
  // Annotations are whole without their image.
  if (has_image(*out.item)) attempt([&] { out.channels.add(read_picture(*out.item)); }, "unreadable-image");
  return out;
}

/// The subset's number; nothing for an item in none.
std::optional<std::size_t> count_subset(Statistics& statistics, const std::string& name) {
  if (name.empty()) return std::nullopt;
  auto& subsets = statistics.subsets;
  auto known = std::ranges::find(subsets, name, &std::pair<std::string, std::size_t>::first);
  if (known == subsets.end()) known = subsets.insert(subsets.end(), {name, 0});
  ++known->second;
  return static_cast<std::size_t>(known - subsets.begin());
}

void count_label(LabelStatistics& label, std::optional<std::size_t> subset) {
  ++label.items;
  if (!subset) return;
  if (label.items_of_subset.size() <= *subset) label.items_of_subset.resize(*subset + 1);
  ++label.items_of_subset[*subset];
}

std::size_t side_bin(std::int64_t area) {
  const double side = std::sqrt(static_cast<double>(std::max<std::int64_t>(area, 1)));
  return std::min(kObjectSides - 1, static_cast<std::size_t>(std::log2(side)));
}

std::size_t brightness_bin(const ChannelSums& channels) {
  const auto sum = static_cast<double>(channels.sum[0] + channels.sum[1] + channels.sum[2]);
  const double mean = sum / (3 * 255 * static_cast<double>(channels.pixels));
  return std::min(kBrightnesses - 1, static_cast<std::size_t>(mean * kBrightnesses));
}

void count(Statistics& statistics, const Measured& measured) {
  const Item& item = *measured.item;
  ++statistics.items;
  statistics.annotations += item.annotations.size() -
                            static_cast<std::size_t>(std::ranges::count_if(item.annotations, is_label_mask));
  if (!item.annotated)
    ++statistics.unannotated;
  else if (item.annotations.empty() && !item.semantic)
    ++statistics.empty;
  const auto subset = count_subset(statistics, item.subset);
  ++statistics.annotations_an_item[static_cast<std::size_t>(
      std::ranges::count_if(item.annotations, std::not_fn(is_label_mask)))];
  for (const std::int64_t pixels : measured.object_areas)
    if (pixels > 0) ++statistics.object_sides[side_bin(pixels)];
  if (measured.channels.pixels > 0) ++statistics.brightness[brightness_bin(measured.channels)];
  if (item.size) ++statistics.sizes[{item.size->width, item.size->height}];
  if (item.semantic) ++statistics.shapes["label mask"];
  if (item.instances) ++statistics.shapes["instance mask"];
  std::vector<bool> present(statistics.labels.size(), false);
  for (const Annotation& annotation : item.annotations) {
    const bool is_mask = is_label_mask(annotation);
    ++statistics.shapes[is_mask ? "mask of one label" : std::string(shape_name(annotation.shape))];
    if (!annotation.label || is_mask) continue;
    const auto label = static_cast<std::size_t>(*annotation.label);
    ++statistics.labels[label].annotations;
    present[label] = true;
  }
  for (std::size_t label = 0; label < measured.pixels.size(); ++label) {
    statistics.labels[label].pixels += measured.pixels[label];
    if (measured.pixels[label] > 0) present[label] = true;
  }
  for (std::size_t label = 0; label < present.size(); ++label)
    if (present[label]) count_label(statistics.labels[label], subset);
  statistics.unlabelled_pixels += measured.unlabelled;
}

std::string label_table(const Statistics& statistics) {
  if (statistics.labels.empty()) return "";
  std::int64_t all_pixels = statistics.unlabelled_pixels;
  std::size_t width = 5;
  for (const LabelStatistics& label : statistics.labels) {
    all_pixels += label.pixels;
    width = std::max(width, printable(label.name).size());
  }
  std::string text = fmt::format("\n{:<{}}  {:<10} {:>12}", "label", width, "role", "annotations");
  if (statistics.pixels_counted) text += fmt::format(" {:>10} {:>16} {:>8}", "items", "pixels", "share");
  text += "\n";
  for (const LabelStatistics& label : statistics.labels) {
    text += fmt::format("{:<{}}  {:<10} {:>12}", printable(label.name), width, name_of(label.role),
                        with_thousands(label.annotations));
    if (statistics.pixels_counted)
      text += fmt::format(
          " {:>10} {:>16} {:>7.3f}%", with_thousands(label.items),
          with_thousands(static_cast<std::size_t>(label.pixels)),
          all_pixels > 0 ? 100.0 * static_cast<double>(label.pixels) / static_cast<double>(all_pixels) : 0.0);
    text += "\n";
  }
  return text;
}

}  // namespace

Statistics statistics_of(Source& source, const StatisticsSettings& settings, Findings& findings) {
  Statistics statistics;
  statistics.pixels_counted = settings.pixels;
  for (const std::string& subset : source.metadata().subsets) statistics.subsets.emplace_back(subset, 0);
  for (const Label& label : source.metadata().labels) {
    statistics.labels.emplace_back();
    statistics.labels.back().name = label.name;
    statistics.labels.back().role = label.role;
  }
  ChannelSums channels;
  source.findings().for_each([&](const Finding& finding) { findings.add(finding); });
  Progress progress("reading", source.size());
  map_items(
      source, [&](ReadItem&& read) { return measure(read, source.metadata().labels.size(), settings); },
      [&](Measured&& measured) {
        progress.advance();
        findings.add(std::move(measured.findings));
        if (!measured.item) {
          ++statistics.left_out;
          return;
        }
        count(statistics, measured);
        channels.add(measured.channels);
      });
  if (channels.pixels > 0) {
    statistics.mean.emplace();
    statistics.std.emplace();
    for (std::size_t c = 0; c < 3; ++c) {
      const auto pixels = static_cast<long double>(channels.pixels);
      const long double mean = static_cast<long double>(channels.sum[c]) / pixels;
      const long double variance = static_cast<long double>(channels.square[c]) / pixels - mean * mean;
      (*statistics.mean)[c] = static_cast<double>(mean / 255);
      (*statistics.std)[c] = static_cast<double>(std::sqrt(std::max(variance, 0.0L)) / 255);
    }
  }
  return statistics;
}

std::string to_text(const Statistics& statistics) {
  std::string text = fmt::format("{}, {}\n", counted(statistics.items, "item"),
                                 counted(statistics.annotations, "annotation"));
  if (statistics.unannotated > 0)
    text += fmt::format("not annotated: {}\n", with_thousands(statistics.unannotated));
  if (statistics.empty > 0) text += fmt::format("annotated as empty: {}\n", with_thousands(statistics.empty));
  if (statistics.left_out > 0)
    text += fmt::format("left out: {} (see: maskmill check)\n", with_thousands(statistics.left_out));
  if (!statistics.subsets.empty()) {
    text += "subsets:";
    for (const auto& [name, count] : statistics.subsets)
      text += fmt::format(" {} {}", printable(name), with_thousands(count));
    text += "\n";
  }
  if (!statistics.sizes.empty()) {
    const auto common = std::max_element(statistics.sizes.begin(), statistics.sizes.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
    int low_width = common->first.first, high_width = low_width, low_height = common->first.second,
        high_height = low_height;
    for (const auto& [size, count] : statistics.sizes) {
      low_width = std::min(low_width, size.first), high_width = std::max(high_width, size.first);
      low_height = std::min(low_height, size.second), high_height = std::max(high_height, size.second);
    }
    text += fmt::format("sizes: {}", counted(statistics.sizes.size(), "different size"));
    text += fmt::format(", most often {}x{} ({}); widths {} to {}, heights {} to {}\n", common->first.first,
                        common->first.second, with_thousands(common->second), low_width, high_width,
                        low_height, high_height);
  }
  for (const auto& [shape, count] : statistics.shapes)
    text += fmt::format("{}: {}\n", shape, with_thousands(count));
  if (statistics.mean)
    text += fmt::format(
        "mean of red, green, blue: {:.4f} {:.4f} {:.4f}; standard deviation: {:.4f} {:.4f} {:.4f}\n",
        (*statistics.mean)[0], (*statistics.mean)[1], (*statistics.mean)[2], (*statistics.std)[0],
        (*statistics.std)[1], (*statistics.std)[2]);
  text += label_table(statistics);
  if (statistics.unlabelled_pixels > 0)
    text += fmt::format("pixels of no label: {}\n",
                        with_thousands(static_cast<std::size_t>(statistics.unlabelled_pixels)));
  return text;
}

namespace {

Json subsets_of(const LabelStatistics& label, const Statistics& statistics) {
  Json items = Json::object();
  for (std::size_t i = 0; i < statistics.subsets.size(); ++i)
    items[statistics.subsets[i].first] = i < label.items_of_subset.size() ? label.items_of_subset[i] : 0;
  return items;
}

void add_distributions(const Statistics& statistics, Json& document) {
  Json an_item = Json::array(), sides = Json::array();
  for (const auto& [annotations, items] : statistics.annotations_an_item)
    an_item.push_back({{"annotations", annotations}, {"items", items}});
  for (std::size_t k = 0; k < kObjectSides; ++k)
    sides.push_back({{"from", std::size_t{1} << k}, {"annotations", statistics.object_sides[k]}});
  document["annotations_an_item"] = an_item;
  document["object_sides"] = statistics.pixels_counted ? sides : Json();
  document["brightness"] = statistics.pixels_counted ? Json(statistics.brightness) : Json();
}

}  // namespace

Json to_json(const Statistics& statistics) {
  Json subsets = Json::object(), labels = Json::array(), sizes = Json::array();
  for (const auto& [name, count] : statistics.subsets) subsets[name] = count;
  for (const LabelStatistics& label : statistics.labels)
    labels.push_back({{"name", label.name},
                      {"role", name_of(label.role)},
                      {"annotations", label.annotations},
                      {"items", statistics.pixels_counted ? Json(label.items) : Json()},
                      {"pixels", statistics.pixels_counted ? Json(label.pixels) : Json()},
                      {"subsets", statistics.pixels_counted ? subsets_of(label, statistics) : Json()}});
  for (const auto& [size, count] : statistics.sizes)
    sizes.push_back({{"width", size.first}, {"height", size.second}, {"items", count}});
  Json document{{"items", statistics.items},
                {"annotations", statistics.annotations},
                {"unannotated", statistics.unannotated},
                {"empty", statistics.empty},
                {"left_out", statistics.left_out},
                {"subsets", subsets},
                {"labels", labels},
                {"shapes", statistics.shapes},
                {"sizes", sizes},
                {"unlabelled_pixels", statistics.unlabelled_pixels}};
  document["mean"] = statistics.mean ? Json(*statistics.mean) : Json(nullptr);
  document["std"] = statistics.std ? Json(*statistics.std) : Json(nullptr);
  add_distributions(statistics, document);
  return document;
}

}  // namespace maskmill
