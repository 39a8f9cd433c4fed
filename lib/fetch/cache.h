// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/path.h"
#include "fetch/download.h"

namespace maskmill::fetch {

/// Where downloads are kept: $MASKMILL_CACHE, else maskmill below $XDG_CACHE_HOME or ~/.cache. Throws
/// Error(usage) where none of them is set.
Path cache_folder();

/// Where the URL's file lies in the cache: in a folder of its own, named by the host and the URL's digest.
Path cached_file(const Url& url);

/// That file, downloaded where it is not there yet. Its SHA-256 is kept beside it, as sha256sum writes it,
/// and holds from then on: a file that has become another is refused, as is one that does not have the
/// `checksums` that are known of it. A file that a user put there is taken. Throws as download(), and
/// Error(bad_format) for the file or what is kept beside it.
Path cached(const Url& url, const std::vector<Checksum>& checksums = {}, const Access& access = {});

}  // namespace maskmill::fetch
