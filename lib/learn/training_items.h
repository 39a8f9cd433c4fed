// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dataset/dataset.h"
#include "dataset/provenance.h"
#include "learn/settings.h"

namespace maskmill::learn {

/// What training uses of a data set: the items of two subsets.
struct TrainingItems {
  std::vector<Item> train, val;
  /// True where a mask has to be painted.
  bool painted() const;
};

/// Reads `data` once. How many items they are and their fingerprint is stated in `input`. Throws Error(usage)
/// for a subset that is not there.
TrainingItems collect_items(Source& data, const TrainSettings& settings, Provenance::Input& input,
                            Findings& findings);

}  // namespace maskmill::learn
