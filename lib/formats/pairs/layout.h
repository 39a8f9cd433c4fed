// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/path.h"
#include "formats/pairs/pairs.h"

namespace maskmill {

/// A folder of images and its folder of masks.
struct PairFolders {
  std::string subset;  ///< empty: none
  Path images;         ///< empty: there are no images
  Path masks;          ///< empty: there are no masks; the same as `images`: a suffix tells them apart
  bool one_folder() const { return images == masks; }
};

/// The folders of a data set: those that the settings name, else by their names:
/// - images/ + masks/: both from lists, in any letter case; the first that hold an image;
/// - <subset>/images/ + <subset>/masks/, for any name of a subset, beside the first or without it;
/// - images/<subset>/ + masks/<subset>/, for common names of subsets such as train and val;
///
/// and where none of these is there,
/// - <subset>/ + <subset>annot/, also _annot, _mask, _masks, _label, _labels, _gt;
/// - masks/ or <subset>/masks/ under a labels.json: what is written without images, predictions above all;
/// - the folder itself, where a suffix tells images and masks apart.
///
/// Throws Error(not_found | unreadable), also for a folder that a setting names.
std::vector<PairFolders> find_folders(const Path& source, const PairsReadSettings& settings);

/// What stands between a name and its extension, and in its pair's name does not.
struct Suffixes {
  std::string image, mask;
};

/// The suffixes under which most names pair up; those that `settings` state are kept. `images` and `masks`
/// are relative names without extension, and the same list for one folder.
Suffixes find_suffixes(std::span<const std::string> images, std::span<const std::string> masks,
                       bool one_folder, const PairsReadSettings& settings);

/// Every mask name that may belong to an image's name (both without extension), the likeliest first.
std::vector<std::string> possible_masks(const std::string& image_stem);

/// An image and its mask, as names relative to their folders.
struct FilePair {
  std::string image;  ///< empty: the folders hold masks alone
  std::string mask;   ///< empty: the image has none
  std::uint32_t folders = 0;
  bool subset_in_id = false;  ///< its name occurs in several subsets
  const std::string& name() const { return image.empty() ? mask : image; }
};

/// The name without extension; after its subset where other subsets have that name too.
std::string id_of(const FilePair& pair, std::span<const PairFolders> folders);

/// The pairs of all folders, and the images that have no mask, in the order of their ids. Findings:
/// "pair-missing" for a mask without an image where there are images, "same-name" for a second file of one
/// name.
std::vector<FilePair> pair_files(std::span<const PairFolders> folders, const PairsReadSettings& settings,
                                 Findings& findings);

}  // namespace maskmill
