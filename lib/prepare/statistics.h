// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/json.h"
#include "dataset/dataset.h"

namespace maskmill {

struct LabelStatistics {
  std::string name;
  Role role = Role::object;
  std::size_t annotations = 0;
  std::size_t items = 0;    ///< that hold it
  std::int64_t pixels = 0;  ///< of label masks and of annotations with an area; 0 without `pixels`
  std::vector<std::size_t> items_of_subset;  ///< `items`, in the order of Statistics::subsets
};

/// Objects by the side of a square of their area: those from 2^k to below 2^(k+1) pixels lie in [k].
inline constexpr std::size_t kObjectSides = 16;
/// Images by the mean of all their samples on a scale of 0 to 1.
inline constexpr std::size_t kBrightnesses = 32;

struct Statistics {
  std::size_t items = 0, annotations = 0, unannotated = 0, empty = 0, left_out = 0;
  std::vector<std::pair<std::string, std::size_t>> subsets;  ///< in the data set's order, then as they occur
  std::vector<LabelStatistics> labels;
  std::map<std::string, std::size_t> shapes;  ///< annotations a kind of shape; "label mask" counts items
  std::map<std::pair<int, int>, std::size_t> sizes;  ///< (width, height) -> items
  std::int64_t unlabelled_pixels = 0;
  std::map<std::size_t, std::size_t> annotations_an_item;  ///< number of annotations -> items
  /// Annotations with an area, of items without a semantic mask; all 0 without `pixels`.
  std::array<std::size_t, kObjectSides> object_sides{};
  std::array<std::size_t, kBrightnesses> brightness{};  ///< all 0 without `pixels`
  /// Of red, green and blue over all pixels, on a scale of 0 to 1.
  std::optional<std::array<double, 3>> mean, std;
  bool pixels_counted = false;  ///< else nothing is known of pixels, nor of the items that hold a label
};

struct StatisticsSettings {
  bool pixels = true;  ///< decode masks and images: pixels a label, channel mean and standard deviation
};

Statistics statistics_of(Source& source, const StatisticsSettings& settings, Findings& findings);

std::string to_text(const Statistics& statistics);
/// {items, annotations, unannotated, empty, left_out, subsets, labels: [{name, role, annotations, items,
/// pixels, subsets}], shapes, sizes, mean, std,
/// annotations_an_item: [{annotations, items}], object_sides: [{from, annotations}], brightness: [items]}
Json to_json(const Statistics& statistics);

}  // namespace maskmill
