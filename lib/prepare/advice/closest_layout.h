// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/path.h"
#include "prepare/advice/folder_survey.h"
#include "prepare/advice/name_rule.h"

namespace maskmill {

/// Pictures that look like images and their masks, in two folders or in one.
struct LikelyPairs {
  std::string images, masks;  ///< folders, relative; equal where a name alone tells them apart
  NameRule names;
  std::size_t image_count = 0, mask_count = 0;
  std::string lone_image, lone_mask;  ///< the first that find no partner; empty: none
  /// In one folder, of equal names: what tells masks from images, such as "png".
  std::string mask_extension;
  bool one_folder() const { return images == masks; }
};

/// What a folder that fits no format comes closest to, and what would make it fit.
struct ClosestLayout {
  std::vector<PictureFolder> found;
  std::vector<LikelyPairs> pairs;  ///< most matches first; empty: nothing looks like images and masks
  std::string text;                ///< what lies there, what it comes closest to, and what differs
  std::string commands;            ///< what to do, a command a line, first the one that needs no renaming
};

/// Which pictures are masks is judged by their pixels, which belong together by their names. Reads a few
/// pictures of each folder. Throws Error as list_files.
ClosestLayout closest_layout(const Path& folder);

}  // namespace maskmill
