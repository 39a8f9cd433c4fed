// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/path.h"
#include "fetch/open_images/open_images.h"
#include "fetch/open_images/published_files.h"
#include "fetch/open_images/table_files.h"

namespace maskmill::fetch {

/// Masks of one split that are wanted, as rows of its table name them.
struct MaskTable {
  OpenImagesSplit split = OpenImagesSplit::train;
  Path file;
};

/// Where masks come from and go to.
struct MaskPlaces {
  Path masks;     ///< SPLIT/NAME.png below it
  Path incoming;  ///< on the same file system, ours alone
  Path shards;    ///< for whole zip files that are not kept
};

/// How many of the table's masks each zip file has that are not in `masks` yet, in the order of
/// kOpenImagesShards.
std::vector<std::size_t> count_masks_to_fetch(const MaskTable& table, const Path& masks);

/// Fetches those, zip file by zip file: single members by ranges or the file whole, as `how` says. Returns
/// those that the zip files do not have. Findings: "mask-missing". Throws as download() and RemoteZip.
std::vector<std::string> fetch_masks(const MaskTable& table, OpenImagesMaskFiles how, const TableFiles& files,
                                     const MaskPlaces& places, Findings& findings);

}  // namespace maskmill::fetch
