// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/finding.h"
#include "base/json.h"
#include "dataset/dataset.h"

namespace maskmill {

struct SplitSettings {
  std::vector<std::pair<std::string, double>> ratios;  ///< subset names, in order; relative
  std::uint64_t seed = 0;
  /// Spread these over the subsets too: the labels that occur in an item, or the values of an item's
  /// attribute.
  enum class Stratify { no, labels, attribute } stratify = Stratify::no;
  std::string attribute;
  bool with_images = false;  ///< an item whose image is not there, or is none by its header, cannot be read
};

/// "train=0.8,val=0.1,test=0.1". Throws Error(usage): no number, none above 0, a name twice or with a "/".
std::vector<std::pair<std::string, double>> parse_ratios(std::string_view text);

/// How a split came out.
struct SplitReport {
  struct Subset {
    std::string name;
    std::size_t items = 0;
    /// Items that hold each stratum (a label or an attribute's value), in strata's order; empty without
    /// stratification.
    std::vector<std::size_t> items_of_stratum;
  };
  std::vector<Subset> subsets;
  std::vector<std::string> strata;
  std::size_t items = 0, left_out = 0;
};

/// A view of `source` in which each item has its new subset; subsets that it had are forgotten. Reads all
/// items once, with their masks' pixels, and keeps a number an item. Items
/// that cannot be read are in no subset and not counted: each is a finding. The same data and seed give the
/// same split on any machine. Throws Error(bad_value) where a ratio above 0 would get no item.
std::unique_ptr<Source> split(std::shared_ptr<Source> source, const SplitSettings& settings,
                              SplitReport& report, Findings& findings);

std::string to_text(const SplitReport& report);
Json to_json(const SplitReport& report);

}  // namespace maskmill
