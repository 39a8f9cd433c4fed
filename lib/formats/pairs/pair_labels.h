// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataset/labels.h"
#include "dataset/shapes.h"
#include "formats/pairs/mask_scan.h"
#include "formats/pairs/pairs.h"

namespace maskmill {

/// The labels of a data set of pairs and how its masks say them.
struct PairLabels {
  LabelMap labels;
  std::shared_ptr<const MaskCoding> coding;
  std::vector<std::string> subsets;         ///< as the label file lists them
  std::map<std::size_t, Error> unreadable;  ///< masks that were found broken on the way, by number
};

/// From the label file that the settings state, else from the one found in `folders`, else from the masks'
/// values, all of which are then decoded. Throws Error as read_label_file and scan_masks, and for labels that
/// do not fit the coding: colours that are missing or not distinct, more than one label in a binary mask, two
/// backgrounds.
PairLabels find_labels(const Path& source, const std::vector<Path>& folders,
                       const PairsReadSettings& settings, std::size_t masks,
                       const std::function<Path(std::size_t)>& mask_at);

/// How masks of these labels are coded; `coding` is not automatic. `values` holds the value a label has in an
/// index mask. Throws Error(bad_value) as find_labels.
MaskCoding mask_coding(PixelCoding coding, const LabelMap& labels, const std::vector<int>& values);

}  // namespace maskmill
