// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/name_arena.h"
#include "base/path.h"
#include "formats/openimages/oid_classes.h"
#include "formats/openimages/oid_tables.h"

namespace maskmill {

/// A folder of images, as its path tells it.
struct OpenImagesFolder {
  Path path;
  std::string subset;  ///< "": none
  /// What an image's id has before its file's name: "deep/" in images/train/deep/.
  std::string prefix;
  bool keeps_prefix = true;  ///< false: an image whose name is an id of Open Images is called by that alone
};

/// An image file. 8 bytes and its name.
struct OpenImagesFile {
  NameArena::Number name = NameArena::none;
  std::uint32_t folder = 0;
};

/// What a folder holds, wherever it lies there.
struct OpenImagesLayout {
  std::vector<OpenImagesTable> tables;  ///< bytewise by path
  std::vector<OpenImagesClassFile> classes;
  std::optional<Path> hierarchy;
  std::vector<OpenImagesFolder> folders;
  std::vector<OpenImagesFile> images;
  NameArena names;
  std::vector<Path> mask_folders;
};

/// Lists the folder with all below it, and reads the first row of each .csv. Findings: "file-left-out".
/// Throws Error(not_found | unreadable), and Error(bad_format) where there is no table with rows of Open
/// Images.
OpenImagesLayout find_openimages(const Path& root, Findings& findings);

/// What the path of a folder of images says; `subsets` are the names that may be one.
OpenImagesFolder folder_of_images(const Path& root, const std::string& relative,
                                  const std::vector<std::string>& subsets);

/// True for 16 hexadecimal digits.
bool is_openimages_id(std::string_view text);

/// Folders, among those of `mask_folders`, in which a mask of this name may lie: one that is called by a
/// character, as masks/0/ and train-masks-0/ are, holds those of names that begin so.
bool may_hold_mask(const Path& folder, std::string_view mask_name);

/// The first few tables of a folder, found where they lie in known layouts; for probes.
std::vector<OpenImagesTable> sample_tables(const Path& root);

}  // namespace maskmill
