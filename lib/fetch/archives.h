// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/output.h"
#include "base/path.h"
#include "dataset/provenance.h"
#include "fetch/access.h"
#include "fetch/catalogue.h"

namespace maskmill::fetch {

/// A file that is about to be fetched.
struct PlannedFile {
  std::string url;                     ///< for printing
  std::optional<std::uint64_t> bytes;  ///< where its server says, or it is in the cache
  std::uint64_t there = 0;             ///< of them

  /// Those that are not there; 0 where their number is not known.
  std::uint64_t to_come() const { return bytes && *bytes > there ? *bytes - there : 0; }
};

/// Into the cache, or into a folder. Asks for the sizes of those that are not there. Throws as look().
std::vector<PlannedFile> plan(std::span<const CatalogueFile> files, const Access& access,
                              const std::optional<Path>& folder = std::nullopt);

/// Throws Error(write_failed) where the cache's disk has less room than what is to come.
void require_room(std::span<const PlannedFile> files);

struct ArchivesRequest {
  std::vector<CatalogueFile> files;
  /// As DataEntry::root.
  std::optional<std::string> root = "";
  /// Patterns of a shell (fnmatch) for names in the archives; only these are unpacked. Of a zip file that is
  /// not in the cache and lies on a server with ranges, only they are downloaded.
  std::vector<std::string> members{};
  bool keep_archives = true;  ///< in the cache
  std::string about{};        ///< of what is unpacked, in words: goes into SOURCE.md beside it
  Provenance provenance{};    ///< gets the downloads
};

struct ArchivesFetched {
  std::vector<Provenance::Download> downloads;
  std::size_t files = 0;  ///< unpacked
};

/// Downloads archives into the cache and unpacks them into `target`, which is whole or absent: what was
/// interrupted goes on where the download ended, and unpacks anew. The target gets maskmill/provenance.json
/// and, where something is said about it, SOURCE.md. Throws as cached() and unpack(), and Error(not_found)
/// where no member has a wanted name, or there is no folder `root`.
ArchivesFetched fetch_archives(const ArchivesRequest& request, const Path& target, Overwrite overwrite,
                               const Access& access);

}  // namespace maskmill::fetch
