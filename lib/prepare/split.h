// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/json.h"
#include "dataset/dataset.h"
#include "prepare/split/item_groups.h"
#include "prepare/split/subset_sizes.h"

namespace maskmill {

struct SplitSettings {
  // One of these says what the subsets are.
  SubsetRatios ratios = {};
  SubsetCounts counts = {};
  std::vector<std::string> lists = {};  ///< as read_lists takes them
  int folds = 0;                   ///< equal subsets fold-1, fold-2, ...; at least 2

  std::uint64_t seed = 0;
  /// By `ratios` or `folds`: an item's subset depends on the seed and its id, or its group's name, alone, so
  /// that data which are added move none of the old. Sizes come near the ratios only by chance.
  bool by_hash = false;
  /// Spread these over the subsets too: the labels that occur in an item, the pixels of labels, or the values
  /// of an item's attribute.
  enum class Stratify { no, labels, pixels, attribute } stratify = Stratify::no;
  std::string attribute = {};
  GroupSettings groups = {};
  bool with_images = false;  ///< an item whose image is not there, or is none by its header, cannot be read
};

/// How a split came out, counted on the subsets that the items have in the end.
struct SplitReport {
  struct Stratum {
    std::string name;
    bool is_label = true;  ///< else an attribute's value
    std::size_t items = 0;
    std::int64_t pixels = 0;  ///< 0 unless stratified by pixels
  };
  struct Subset {
    std::string name;
    std::size_t items = 0;
    std::optional<std::size_t> wanted;  ///< items by the ratios or counts; none where lists say it
    std::size_t groups = 0;
    std::vector<Stratum> strata;  ///< as in the whole
  };
  /// Where a subset has most more or less of a stratum than the whole has.
  struct Deviation {
    std::size_t stratum = 0, subset = 0;
    bool by_pixels = false;
    double share = 0, of_all = 0;  ///< of the subset's items (pixels of labels), of all; 0 to 1
    double size() const;
  };
  struct Groups {
    std::size_t count = 0, alone = 0;     ///< alone: of one item
    std::size_t median = 0, largest = 0;  ///< items
    std::size_t without = 0;              ///< items that a criterion knows no group of; each is a finding
    std::size_t crossing = 0;             ///< that have items in several subsets
  };
  std::vector<Subset> subsets;
  /// The labels that occur, in the map's order, and then the attribute's values if they are spread.
  std::vector<Stratum> strata;
  std::size_t items = 0;         ///< in a subset
  std::size_t unused = 0;        ///< in none, since the counts are reached or no list names them
  std::size_t left_out = 0;      ///< that cannot be read
  std::size_t unused_lines = 0;  ///< of lists, that name no item or several; each is a finding
  std::optional<Deviation> items_deviation, pixels_deviation;  ///< the largest; none without strata
  std::optional<Groups> groups;                                ///< where there are criteria
};

/// A view of `source` in which each item has its new subset; subsets that it had are forgotten. Reads all
/// items once, with their masks' pixels, and keeps some numbers an item. Items that cannot be read are in no
/// subset: each is a finding. The same data and seed give the same split on any machine.
///
/// Without groups sizes are exact, but for by_hash. With groups they are as near as split_stratified() brings
/// them, and no group is in two subsets, which is checked on the items that come out; where lists say the
/// subsets, a group that crosses is a finding, "group-crosses".
///
/// Throws Error(bad_value) where a ratio above 0 would get no item (but by_hash), where no item has a group
/// or a stratum, and as sizes_of() and read_lists(); Error(usage) for settings that do not go together.
std::unique_ptr<Source> split(std::shared_ptr<Source> source, const SplitSettings& settings,
                              SplitReport& report, Findings& findings);

/// The same for `folds`: for each fold a view whose subset "val" are its items and "train" all others. One at
/// a time can be read.
std::vector<std::unique_ptr<Source>> split_into_folds(std::shared_ptr<Source> source,
                                                      const SplitSettings& settings, SplitReport& report,
                                                      Findings& findings);

std::string to_text(const SplitReport& report);
Json to_json(const SplitReport& report);

}  // namespace maskmill
