// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "dataset/dataset.h"
#include "formats/mask_files/mask_labels.h"
#include "formats/mask_files/pairing.h"

namespace maskmill {

/// What a layout found: the folders, which of their files belong together, and what was wrong on the way.
struct MaskFiles {
  std::vector<PairFolders> folders;
  std::vector<FilePair> pairs;  ///< in the items' order
  Findings findings;

  bool any_mask() const {
    return std::ranges::any_of(pairs, [](const FilePair& pair) { return !pair.mask.empty(); });
  }
};

/// Images beside mask files, however they are laid out. Labels are those of the label file in `source` or
/// beside the masks. An image without a mask is not annotated, and a finding where its subset has masks.
/// Throws Error as find_labels; Error(bad_format) where no image has a mask.
std::unique_ptr<Source> make_mask_source(const Path& source, MaskFiles files,
                                         const MaskLabelSettings& settings);

}  // namespace maskmill
