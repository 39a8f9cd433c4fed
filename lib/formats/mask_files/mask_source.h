// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "dataset/dataset.h"
#include "formats/mask_files/mask_labels.h"
#include "formats/mask_files/pairing.h"

namespace maskmill {

/// What a layout found: the folders, which of their files belong together, and what was wrong on the way.
struct MaskFiles {
  std::vector<PairFolders> folders;
  FilePairs pairs;  ///< in the items' order
  Findings findings;

  bool any_mask() const {
    for (std::size_t i = 0; i < pairs.size(); ++i)
      if (!pairs.mask(i).empty()) return true;
    return false;
  }
};

/// Images beside mask files, however they are laid out. Labels are those of `labels`, else of the label file
/// in `source` or beside the masks. An image without a mask is not annotated, and a finding where its subset
/// has masks. Throws Error as find_labels; Error(bad_format) where no image has a mask.
std::unique_ptr<Source> make_mask_source(const Path& source, MaskFiles files,
                                         const MaskLabelSettings& settings,
                                         std::optional<LabelFile> labels = std::nullopt);

}  // namespace maskmill
