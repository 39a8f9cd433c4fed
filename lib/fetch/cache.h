// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/path.h"
#include "fetch/access.h"
#include "fetch/catalogue.h"
#include "fetch/checksum.h"
#include "fetch/url.h"

namespace maskmill::fetch {

/// Where downloads are kept: $MASKMILL_CACHE, else maskmill below $XDG_CACHE_HOME or ~/.cache. Throws
/// Error(usage) where none of them is set.
Path cache_folder();

/// Where the URL's file lies in the cache: in a folder of its own, named by the host and the URL's digest.
Path cached_file(const Url& url);

struct CachedFile {
  Path path;
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 lower-case digits
};

/// Those files, downloaded where they are not there yet, several at once. A file's SHA-256 is kept beside it,
/// as sha256sum writes it, and holds from then on, also when the file itself is gone: one that has become
/// another is refused, as is one that does not have the checksums that are known of it. A file that a user
/// put there is taken. Throws as download(), and Error(bad_format) for the file or what is kept beside it.
std::vector<CachedFile> cached(std::span<const CatalogueFile> files, const Access& access = {});
/// One of them.
Path cached(const Url& url, const std::vector<Checksum>& checksums = {}, const Access& access = {});

}  // namespace maskmill::fetch
