// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/finding.h"
#include "dataset/labels.h"

namespace maskmill {

/// Labels as an output of VOC has them: background 0, void 255, all others 1 to 254.
struct OutputLabels {
  LabelMap plain;  ///< those of the data set: all that boxes need
  LabelMap
      with_masks;     ///< and, first and last, the background and the void that class masks have in any case
  LabelMap painting;  ///< the same, but each label where the data set has it and the added ones at the end
  std::vector<int>
      values;  ///< the number in a class mask, by index in `painting`; -1 where 254 labels are there already
  std::vector<Rgb> palette;  ///< 256 colours: the labels' own, else VOC's
};

/// A label keeps an id that is legal there; others get the lowest free number, each that had an id a finding
/// "label-renumbered".
OutputLabels output_labels(const LabelMap& labels, Findings& findings);

}  // namespace maskmill
