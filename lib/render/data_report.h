// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/output.h"
#include "dataset/labels.h"
#include "render/html.h"
#include "render/svg.h"

namespace maskmill {

/// What `maskmill info --report` shows: how a data set's labels, objects and images are distributed.
struct DataReport {
  struct LabelRow {
    std::string name;
    Rgb colour;
    Role role = Role::object;
    std::int64_t annotations = 0, items = 0, pixels = 0;
    std::vector<std::int64_t> items_of_subset;  ///< one for each of `subsets`
  };
  struct Subset {
    std::string name;
    std::int64_t items = 0;
  };

  std::string title, subtitle;
  html::KeyValues headline, facts;
  std::int64_t items = 0;
  std::vector<Subset> subsets;
  std::vector<LabelRow> labels;
  bool pixels_counted = false;  ///< else `items` and `pixels` of labels are unknown and not shown
  std::vector<svg::Histogram> histograms;
};

/// One file: the numbers, a table of all labels with their shares in each subset, bars of the most frequent
/// labels, the histograms. Throws Error(write_failed).
void write_data_report(const DataReport& report, const Path& target, Overwrite overwrite);

}  // namespace maskmill
