// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/name_arena.h"
#include "base/path.h"

namespace maskmill {

/// The folders of a subset, and the bits that say which of them have a file.
namespace kitti_file {
enum Kind : std::uint8_t { semantic = 1, instance = 2, semantic_rgb = 4 };
}
struct KittiFolder {
  kitti_file::Kind file;
  std::string_view name;
};
inline constexpr KittiFolder kKittiFolders[] = {{kitti_file::semantic, "semantic"},
                                                {kitti_file::instance, "instance"},
                                                {kitti_file::semantic_rgb, "semantic_rgb"}};
inline constexpr std::string_view kKittiImages = "image_2";
/// The folder of items that are in no subset, as datumaro and CVAT call it.
inline constexpr std::string_view kKittiNoSubset = "default";

struct KittiSubset {
  std::string name;  ///< "training"; empty: none
  Path folder;
};

/// The folders in `source` that hold image_2/ or masks, training and testing first; or `source` itself, where
/// it does. Throws Error(not_found | unreadable).
std::vector<KittiSubset> find_kitti_subsets(const Path& source);

/// One item. 12 bytes and its names.
struct KittiEntry {
  NameArena::Number name = NameArena::none;   ///< below each of the folders, without extension
  NameArena::Number image = NameArena::none;  ///< the extension of the image, with the dot
  std::uint16_t subset = 0;                   ///< in the list of subsets
  std::uint8_t files = 0;                     ///< kitti_file::Kind
  bool subset_in_id = false;
};

struct KittiIndex {
  std::vector<KittiSubset> subsets;
  NameArena names;
  std::vector<KittiEntry> entries;  ///< in the order of their ids

  /// "000000_10", after the subset where another one has that name too.
  std::string id_of(const KittiEntry& entry) const;
};

/// Lists the folders. Findings: "same-name" for a second image of one name.
KittiIndex index_kitti(std::vector<KittiSubset> subsets, Findings& findings);

}  // namespace maskmill
