// SPDX-License-Identifier: Apache-2.0
#include "metrics/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/text.h"
#include "metrics/text_table.h"

namespace maskmill {
namespace {

/// The images of a metric that both evaluated, in the order of the truth's items.
PairedPlaces paired_places(const EvaluatedImages& a, const EvaluatedImages& b, bool is_semantic) {
  PairedPlaces places{{}, {}, a.size(), b.size()};
  std::unordered_map<std::size_t, std::uint32_t> of_b;
  for (std::size_t i = 0; i < b.size(); ++i)
    if (!is_semantic || b.semantic->takes_part(i)) of_b.emplace(b[i].number, static_cast<std::uint32_t>(i));
  for (const std::uint32_t place : a.in_order()) {
    if (is_semantic && !a.semantic->takes_part(place)) continue;
    const auto found = of_b.find(a[place].number);
    if (found == of_b.end()) continue;
    places.a.push_back(place);
    places.b.push_back(found->second);
  }
  return places;
}

std::vector<double> values_of(const WeightedScores& scores, const std::vector<std::uint32_t>& places,
                              std::size_t images) {
  std::vector<std::uint32_t> weights(images);
  for (const std::uint32_t place : places) weights[place] = 1;
  return scores.values(weights);
}

std::optional<double> defined(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

/// The values of one that are the other's as well: the overall numbers, and labels by name.
std::vector<std::pair<std::size_t, std::size_t>> value_pairs(const WeightedScores::Names& a,
                                                             const WeightedScores::Names& b) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < a.overall.size(); ++i) pairs.emplace_back(i, i);
  std::unordered_map<std::string_view, std::size_t> of_b;
  for (std::size_t i = 0; i < b.labels.size(); ++i) of_b.emplace(b.labels[i], b.overall.size() + i);
  for (std::size_t i = 0; i < a.labels.size(); ++i)
    if (const auto found = of_b.find(a.labels[i]); found != of_b.end())
      pairs.emplace_back(a.overall.size() + i, found->second);
  return pairs;
}

void count_images(const EvaluatedImages& a, const EvaluatedImages& b, const PairedPlaces& places,
                  std::optional<double> least_score, Comparison::Metric& metric) {
  const std::vector<double> first = scores_of_images(a, metric.name, least_score),
                            second = scores_of_images(b, metric.name, least_score);
  for (std::size_t i = 0; i < places.a.size(); ++i) {
    const double left = first[places.a[i]], right = second[places.b[i]];
    ++(left > right ? metric.won : left < right ? metric.lost : metric.equal);
  }
}

Json to_json(const Comparison::Number& number, bool has_intervals) {
  Json json{{"value", json_of(number.value)},
            {"other", json_of(number.other)},
            {"difference", json_of(number.difference)}};
  if (has_intervals) {
    json["interval"] = number.interval ? Json{number.interval->low, number.interval->high} : Json(nullptr);
    json["share_above_0"] = json_of(number.share_above_0);
  }
  return json;
}

std::string signed_text(std::optional<double> value) {
  return value ? fmt::format("{:+.4f}", *value) : "-";
}

}  // namespace

Comparison compare(const EvaluatedImages& images, const EvaluatedImages& other,
                   const BootstrapSettings& settings, std::optional<double> least_score) {
  Comparison comparison;
  comparison.has_intervals = settings.resamples > 0;
  const std::vector<EvaluatedImages::Group> groups = images.groups(), of_other = other.groups();
  for (const EvaluatedImages::Group& group : groups) {
    const auto same = std::ranges::find(of_other, group.name, &EvaluatedImages::Group::name);
    if (same == of_other.end()) continue;
    Comparison::Metric& metric = comparison.metrics.emplace_back();
    metric.name = group.name;
    const PairedPlaces places = paired_places(images, other, group.name == "semantic");
    metric.images = places.a.size();
    const WeightedScores::Names& names = group.scores->names();
    metric.of_label = names.of_label;
    const auto pairs = value_pairs(names, same->scores->names());
    const std::vector<double> values = values_of(*group.scores, places.a, places.images_a),
                              others = values_of(*same->scores, places.b, places.images_b);
    std::vector<DifferenceInterval> intervals(pairs.size());
    if (comparison.has_intervals && !places.a.empty())
      intervals = paired_bootstrap(*group.scores, *same->scores, places, pairs, settings);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto [a, b] = pairs[i];
      const bool is_label = a >= names.overall.size();
      Comparison::Number number{is_label ? names.labels[a - names.overall.size()] : names.overall[a],
                                defined(values[a]),
                                defined(others[b]),
                                defined(values[a] - others[b]),
                                intervals[i].interval,
                                intervals[i].share_above_0};
      if (!is_label)
        metric.overall.push_back(std::move(number));
      else if (number.value || number.other)
        metric.labels.push_back(std::move(number));
    }
    count_images(images, other, places, least_score, metric);
  }
  return comparison;
}

Json to_json(const Comparison& comparison) {
  Json document = Json::object();
  for (const Comparison::Metric& metric : comparison.metrics) {
    Json own{{"images", metric.images}, {"numbers", Json::object()}, {"classes", Json::array()}};
    for (const Comparison::Number& number : metric.overall)
      own["numbers"][number.name] = to_json(number, comparison.has_intervals);
    for (const Comparison::Number& number : metric.labels) {
      Json one{{"name", number.name}};
      one.update(to_json(number, comparison.has_intervals));
      own["classes"].push_back(std::move(one));
    }
    own["won"] = metric.won, own["lost"] = metric.lost, own["equal"] = metric.equal;
    document[metric.name] = std::move(own);
  }
  return document;
}

std::string to_text(const Comparison& comparison) {
  std::string text;
  for (const Comparison::Metric& metric : comparison.metrics) {
    text +=
        fmt::format("{}: {}, of which {} better, {} worse\n", metric.name, counted(metric.images, "image"),
                    with_thousands(metric.won), with_thousands(metric.lost));
    std::size_t width = 5;
    for (const auto* numbers : {&metric.overall, &metric.labels})
      for (const Comparison::Number& number : *numbers)
        width = std::max(width, columns_of(printable(number.name)));
    const auto padded = [&](std::string_view name) {
      return fmt::format("{}{}", name, std::string(width - columns_of(name), ' '));
    };
    const auto heading = [&](std::string_view name) {
      text += fmt::format("{}  {:>7}  {:>7}  {:>10}", padded(name), "value", "other", "difference");
      text += comparison.has_intervals ? fmt::format("  {:>19}  {:>7}\n", "95 % interval", "above 0") : "\n";
    };
    const auto line = [&](const Comparison::Number& number) {
      text += fmt::format("{}  {:>7}  {:>7}  {:>10}", padded(printable(number.name)), text_of(number.value),
                          text_of(number.other), signed_text(number.difference));
      if (comparison.has_intervals)
        text += fmt::format(
            "  {:>19}  {:>7}",
            number.interval ? fmt::format("{:+.4f} to {:+.4f}", number.interval->low, number.interval->high)
                            : "-",
            number.share_above_0 ? fmt::format("{:.1f} %", 100 * *number.share_above_0) : "-");
      text += '\n';
    };
    heading("");
    for (const Comparison::Number& number : metric.overall)
      if (number.value || number.other) line(number);
    text += '\n';
    heading(metric.of_label);
    for (const Comparison::Number& number : metric.labels) line(number);
    text += '\n';
  }
  return text;
}

}  // namespace maskmill
