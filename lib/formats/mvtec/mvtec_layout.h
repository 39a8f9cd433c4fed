// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"

namespace maskmill {

inline constexpr std::string_view kMvtecGood = "good", kMvtecMasks = "ground_truth", kMvtecSuffix = "_mask",
                                  kMvtecTest = "test";

/// A folder of images of one kind: <category>/<subset>/<defect>/.
struct MvtecFolder {
  std::string category;  ///< empty: the data set is one category, and lies in its root
  std::string subset;
  std::string
      defect;  ///< "good"; empty: the images lie in the subset's folder, and nobody says what they show
  Path images;
  Path masks;  ///< <category>/ground_truth/<defect>/, or <subset>/ground_truth/<defect>/ as MVTec
               ///< AD 2 has it; empty where there is none

  bool has_defects() const { return !defect.empty() && defect != kMvtecGood; }
  /// "metal_nut/test/scratch"
  std::string name() const;
};

/// Those of every category in `source`, or of the one that it is, by name. A category is a folder of folders
/// such as test/ with images in good/, or in a folder that has its like in ground_truth/. Empty where there
/// is none. Throws Error as list_folders.
std::vector<MvtecFolder> find_mvtec_folders(const Path& source);

}  // namespace maskmill
