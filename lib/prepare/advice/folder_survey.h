// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/path.h"

namespace maskmill {

/// The pictures that lie directly in one folder.
struct PictureFolder {
  std::string name;                ///< relative to the folder surveyed; empty: that folder itself
  std::vector<std::string> files;  ///< names, bytewise sorted
  /// Of a sample that is spread over the files: those that decode to few different values in large areas, as
  /// masks do, and those that do not.
  std::set<std::string> masks, photographs;
  std::set<int> mask_values;  ///< of the sampled masks with one channel

  bool looks_like_masks() const { return masks.size() > photographs.size(); }
};

/// The folders below `folder` that hold pictures, and itself, by name. Decodes up to `sample` pictures of
/// each; never fails for one that cannot be read. Throws Error(not_found | unreadable) as list_files.
std::vector<PictureFolder> survey_folder(const Path& folder, std::size_t sample);

}  // namespace maskmill
