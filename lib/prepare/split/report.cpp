// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/text.h"
#include "prepare/split.h"

namespace maskmill {
namespace {

using Stratum = SplitReport::Stratum;

// A table of more labels shows those that came out worst.
constexpr std::size_t kMostRows = 40;
constexpr std::size_t kNamesShown = 5;
// What two digits of a percentage do not show.
constexpr double kLeastShown = 0.5e-4;

double percent(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::int64_t pixels_of(const std::vector<Stratum>& strata) {
  return std::transform_reduce(strata.begin(), strata.end(), std::int64_t{0}, std::plus(),
                               [](const Stratum& stratum) { return stratum.pixels; });
}

// Shares of the strata, in percent of the items or of all labels' pixels.
class Shares {
 public:
  Shares(const SplitReport& report, bool by_pixels) : report_(report), by_pixels_(by_pixels) {
    whole_ = by_pixels ? pixels_of(report.strata) : static_cast<std::int64_t>(report.items);
    for (const SplitReport::Subset& subset : report.subsets)
      parts_.push_back(by_pixels ? pixels_of(subset.strata) : static_cast<std::int64_t>(subset.items));
  }

  double of_all(std::size_t stratum) const { return percent(amount(report_.strata[stratum]), whole_); }
  double of(std::size_t subset, std::size_t stratum) const {
    return percent(amount(report_.subsets[subset].strata[stratum]), parts_[subset]);
  }
  double deviation(std::size_t stratum) const {
    double largest = 0;
    for (std::size_t subset = 0; subset < parts_.size(); ++subset)
      if (parts_[subset] > 0) largest = std::max(largest, std::abs(of(subset, stratum) - of_all(stratum)));
    return largest;
  }

 private:
  std::int64_t amount(const Stratum& stratum) const {
    return by_pixels_ ? stratum.pixels : static_cast<std::int64_t>(stratum.items);
  }

  const SplitReport& report_;
  bool by_pixels_;
  std::int64_t whole_ = 0;
  std::vector<std::int64_t> parts_;  // by subset
};

std::size_t width_of(const std::vector<Stratum>& strata, std::size_t least) {
  for (const Stratum& stratum : strata) least = std::max(least, printable(stratum.name).size());
  return least;
}

std::string shares_text(const SplitReport& report, bool by_pixels) {
  const Shares shares(report, by_pixels);
  std::vector<std::size_t> rows(report.strata.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  if (rows.size() > kMostRows) {
    std::ranges::stable_sort(rows, std::greater(),
                             [&](std::size_t stratum) { return shares.deviation(stratum); });
    rows.resize(kMostRows);
  }
  const std::string heading = by_pixels ? "% of labels' pixels" : "% of items that hold";
  const std::size_t width = width_of(report.strata, heading.size());
  std::string text = fmt::format("\n{:<{}} {:>8}", heading, width, "all");
  std::vector<std::size_t> columns;
  for (const SplitReport::Subset& subset : report.subsets) {
    columns.push_back(std::max<std::size_t>(8, printable(subset.name).size()));
    text += fmt::format(" {:>{}}", printable(subset.name), columns.back());
  }
  text += "\n";
  for (const std::size_t stratum : rows) {
    text +=
        fmt::format("{:<{}} {:>8.2f}", printable(report.strata[stratum].name), width, shares.of_all(stratum));
    for (std::size_t subset = 0; subset < columns.size(); ++subset)
      text += fmt::format(" {:>{}.2f}", shares.of(subset, stratum), columns[subset]);
    text += "\n";
  }
  if (rows.size() < report.strata.size())
    text += fmt::format("and {} that are nearer (all of them: --json)\n",
                        with_thousands(report.strata.size() - rows.size()));
  return text;
}

std::string deviation_text(const SplitReport& report, const SplitReport::Deviation& deviation) {
  if (deviation.size() < kLeastShown) return "no subset differs from the whole\n";
  return fmt::format("largest difference: {}, {:.2f} % of {} and {:.2f} % of all\n",
                     in_quotes(report.strata[deviation.stratum].name), 100 * deviation.share,
                     printable(report.subsets[deviation.subset].name), 100 * deviation.of_all);
}

// What would hurt more than a difference in shares.
std::string absent_text(const SplitReport& report) {
  std::string text;
  for (const SplitReport::Subset& subset : report.subsets) {
    std::vector<std::string> absent;
    for (const Stratum& stratum : subset.strata)
      if (stratum.items == 0 && subset.items > 0) absent.push_back(printable(stratum.name));
    if (absent.empty()) continue;
    const std::size_t more = absent.size() - std::min(absent.size(), kNamesShown);
    absent.resize(absent.size() - more);
    text += fmt::format("not in {}: {}{}\n", printable(subset.name), joined(absent, ", "),
                        more > 0 ? fmt::format(" and {} more", more) : "");
  }
  return text;
}

std::string subsets_text(const SplitReport& report) {
  std::string text;
  std::size_t width = 12;
  for (const SplitReport::Subset& subset : report.subsets)
    width = std::max(width, printable(subset.name).size());
  for (const SplitReport::Subset& subset : report.subsets) {
    text += fmt::format(
        "{:<{}} {:>9}  {:6.2f} %", printable(subset.name), width, with_thousands(subset.items),
        percent(static_cast<std::int64_t>(subset.items), static_cast<std::int64_t>(report.items)));
    if (report.groups) text += fmt::format("  {:>9}", counted(subset.groups, "group"));
    if (subset.wanted && *subset.wanted != subset.items) {
      const bool is_more = subset.items > *subset.wanted;
      text +=
          fmt::format("  {} {} than {}",
                      with_thousands(is_more ? subset.items - *subset.wanted : *subset.wanted - subset.items),
                      is_more ? "more" : "fewer", with_thousands(*subset.wanted));
    }
    text += "\n";
  }
  return text;
}

std::string groups_text(const SplitReport::Groups& groups) {
  std::string text = fmt::format("\n{}: the largest {}, the median {}; {} of one item\n",
                                 counted(groups.count, "group"), counted(groups.largest, "item"),
                                 with_thousands(groups.median), with_thousands(groups.alone));
  text += groups.crossing == 0
              ? "no group is in two subsets\n"
              : fmt::format("{} in several subsets\n",
                            groups.crossing == 1 ? "1 group is" : counted(groups.crossing, "group") + " are");
  return text;
}

Json amounts_json(const Stratum& stratum, bool with_pixels) {
  return {{"items", stratum.items}, {"pixels", with_pixels ? Json(stratum.pixels) : Json()}};
}

Json deviation_json(const SplitReport& report, const std::optional<SplitReport::Deviation>& deviation) {
  if (!deviation) return nullptr;
  return {{"name", report.strata[deviation->stratum].name},
          {"subset", report.subsets[deviation->subset].name},
          {"share", deviation->share},
          {"share_of_all", deviation->of_all}};
}

}  // namespace

std::string to_text(const SplitReport& report) {
  std::string text = subsets_text(report);
  if (report.groups) text += groups_text(*report.groups);
  if (report.items_deviation) {
    text += shares_text(report, false);
    text += deviation_text(report, *report.items_deviation);
    text += absent_text(report);
  }
  if (report.pixels_deviation) {
    text += shares_text(report, true);
    text += deviation_text(report, *report.pixels_deviation);
  }
  if (report.unused > 0)
    text += fmt::format("\n{} in no subset\n",
                        report.unused == 1 ? "1 item is" : counted(report.unused, "item") + " are");
  if (report.unused_lines > 0)
    text +=
        fmt::format("\n{} of the lists named no item, or several\n", counted(report.unused_lines, "line"));
  if (report.left_out > 0)
    text += fmt::format("\n{} could not be read, and {} in no subset\n", counted(report.left_out, "item"),
                        report.left_out == 1 ? "is" : "are");
  return text;
}

Json to_json(const SplitReport& report) {
  const bool with_pixels = report.pixels_deviation.has_value();
  Json subsets = Json::object(), strata = Json::array(), groups;
  for (const SplitReport::Subset& subset : report.subsets)
    subsets[subset.name] = {{"items", subset.items},
                            {"wanted", subset.wanted ? Json(*subset.wanted) : Json()},
                            {"groups", report.groups ? Json(subset.groups) : Json()}};
  for (std::size_t i = 0; i < report.strata.size(); ++i) {
    Json row = amounts_json(report.strata[i], with_pixels);
    row["name"] = report.strata[i].name;
    row["kind"] = report.strata[i].is_label ? "label" : "attribute";
    row["subsets"] = Json::object();
    for (const SplitReport::Subset& subset : report.subsets)
      row["subsets"][subset.name] = amounts_json(subset.strata[i], with_pixels);
    strata.push_back(std::move(row));
  }
  if (report.groups)
    groups = {{"count", report.groups->count},           {"of_one_item", report.groups->alone},
              {"median_items", report.groups->median},   {"largest_items", report.groups->largest},
              {"items_without", report.groups->without}, {"crossing", report.groups->crossing}};
  return {{"items", report.items},
          {"left_out", report.left_out},
          {"unused", report.unused},
          {"unused_lines", report.unused_lines},
          {"subsets", subsets},
          {"groups", groups},
          {"strata", strata},
          {"largest_difference",
           {{"items", deviation_json(report, report.items_deviation)},
            {"pixels", deviation_json(report, report.pixels_deviation)}}}};
}

}  // namespace maskmill
