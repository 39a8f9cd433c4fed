// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/name_arena.h"
#include "base/path.h"

namespace maskmill {

/// What a data set of no subsets is called, as datumaro calls it.
inline constexpr std::string_view kNoSubset = "default";

/// The kinds of files that say what an image shows, as bits, and the endings of their names.
namespace cityscapes_file {
enum Kind : std::uint8_t { label_ids = 1, instance_ids = 2, label_train_ids = 4, colour = 8, polygons = 16 };
}
struct CityscapesEnding {
  cityscapes_file::Kind file;
  std::string_view ending;
};
inline constexpr CityscapesEnding kCityscapesEndings[] = {
    {cityscapes_file::label_ids, "_labelIds.png"},
    {cityscapes_file::instance_ids, "_instanceIds.png"},
    {cityscapes_file::label_train_ids, "_labelTrainIds.png"},
    {cityscapes_file::colour, "_color.png"},
    {cityscapes_file::polygons, "_polygons.json"}};
std::string_view ending_of(cityscapes_file::Kind file);

struct CityscapesFolders {
  Path root;
  Path images;                           ///< leftImg8bit; empty: none
  Path truth;                            ///< gtFine; empty: none
  std::vector<std::string> other_truth;  ///< names of such folders beside
};

/// `images` and `truth` are names of folders in `source`, where they are stated: else leftImg8bit or the one
/// folder of a name that begins so (leftImg8bit_foggy), and gtFine, gtCoarse or the one whose name begins
/// with gt. Throws Error(not_found | unreadable).
CityscapesFolders find_cityscapes_folders(const Path& source, const std::optional<std::string>& images,
                                          const std::optional<std::string>& truth);

/// One item. 16 bytes and its names.
struct CityscapesEntry {
  NameArena::Number image = NameArena::none;  ///< below the folder of images
  NameArena::Number truth = NameArena::none;  ///< what its files begin with, below the folder of truth
  std::uint16_t subset = 0;                   ///< from 1; 0: none
  std::uint8_t files = 0;                     ///< cityscapes_file::Kind
  bool subset_in_id = false;
};

struct CityscapesIndex {
  NameArena names;
  std::vector<CityscapesEntry> entries;  ///< in the order of their ids
  std::vector<std::string> subsets;

  /// "aachen/aachen_000000_000019", and what stands behind _leftImg8bit in the image's name
  /// ("_foggy_beta_0.02"); after the subset where another one has that id too.
  std::string id_of(const CityscapesEntry& entry) const;
};

/// Lists both folders. Findings: "same-name" for a second image of one name.
CityscapesIndex index_cityscapes(const CityscapesFolders& folders, Findings& findings);

}  // namespace maskmill
