// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/subset_sizes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::string_view kRest = "rest";

// What the two kinds of lists share: names that can be folders, each once.
class NamedValues {
 public:
  NamedValues(std::string field, std::string kind, std::string example)
      : field_(std::move(field)), kind_(std::move(kind)), example_(std::move(example)) {}

  /// `take(name, value)` is false where the value is none.
  template <class Take>
  void parse(std::string_view text, Take&& take) const {
    std::vector<std::string> names;
    for (const std::string& part : split_text(text, ',')) {
      const std::size_t equals = part.find('=');
      const std::string name(trimmed(std::string_view(part).substr(0, equals)));
      if (name.empty() || name.find('/') != std::string::npos || name.front() == '.' ||
          equals == std::string::npos || !take(name, trimmed(std::string_view(part).substr(equals + 1))))
        throw Error(Code::usage, in_quotes(part) + " is not a subset's name and " + kind_)
            .at_field(field_)
            .hint("write them as " + example_);
      if (std::ranges::find(names, name) != names.end())
        throw Error(Code::usage, "the subset " + in_quotes(name) + " is named twice").at_field(field_);
      names.push_back(name);
    }
  }

 private:
  std::string field_, kind_, example_;
};

}  // namespace

SubsetRatios parse_ratios(std::string_view text) {
  SubsetRatios ratios;
  double sum = 0;
  NamedValues("ratio", "ratio", "train=0.8,val=0.1,test=0.1")
      .parse(text, [&](const std::string& name, std::string_view value) {
        const auto ratio = to_number(value);
        if (!ratio || *ratio < 0) return false;
        ratios.emplace_back(name, *ratio);
        sum += *ratio;
        return true;
      });
  if (sum <= 0) throw Error(Code::usage, "no ratio is above 0").at_field("ratio");
  const bool shares =
      std::ranges::any_of(ratios, [](const auto& part) { return part.second != std::floor(part.second); });
  if (shares && std::abs(sum - 1) > 1e-6)
    throw Error(Code::usage, fmt::format("the ratios sum to {:.6g}, not to 1", sum))
        .at_field("ratio")
        .hint("shares sum to 1, as 0.8, 0.1, 0.1; parts are whole numbers, as 8, 1, 1");
  return ratios;
}

SubsetCounts parse_counts(std::string_view text) {
  SubsetCounts counts;
  std::size_t rests = 0;
  NamedValues("count", "number of items", "val=500,test=500,train=rest")
      .parse(text, [&](const std::string& name, std::string_view value) {
        const auto count = to_integer(value);
        const bool is_rest = value == kRest;
        if (!is_rest && (!count || *count < 1)) return false;
        rests += is_rest;
        counts.emplace_back(name, is_rest ? std::nullopt : std::optional(static_cast<std::size_t>(*count)));
        return true;
      });
  if (rests > 1) throw Error(Code::usage, "only one subset can get the rest").at_field("count");
  return counts;
}

std::vector<std::size_t> sizes_of(const SubsetCounts& counts, std::size_t items) {
  std::size_t left = items;
  std::vector<std::size_t> sizes;
  for (const auto& [name, count] : counts) {
    if (count.value_or(0) > left)
      throw Error(Code::bad_value, fmt::format("there are {}, too few for {}", counted(items, "item"),
                                               in_quotes(fmt::format("{}={}", name, *count))))
          .at_field("count");
    left -= count.value_or(0);
    sizes.push_back(count.value_or(0));
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].second) continue;
    if (left == 0)
      throw Error(Code::bad_value, "no item is left for " + in_quotes(counts[i].first + "=rest"))
          .at_field("count");
    sizes[i] = left;
    left = 0;
  }
  sizes.push_back(left);
  return sizes;
}

}  // namespace maskmill
